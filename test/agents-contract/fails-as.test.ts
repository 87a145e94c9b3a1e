import { expect, test } from 'vitest';
import { failsAs } from '../agents/contract/fails-as.ts';

const failure = { because: 'it has no wings', shows: /does not fly/ };

test('an expected failure holds only as long as it fails in the way that is expected', async () => {
  const run = (message: string) => () => Promise.reject(new Error(message));
  await failsAs(failure, run('it does not fly today'));
  await expect(failsAs(failure, run('no daemon is running'))).rejects.toThrow(
    'it fails otherwise than expected (it has no wings): no daemon is running',
  );
  await expect(failsAs(failure, () => Promise.resolve())).rejects.toThrow('it passes now');
});
