import { expect, test } from 'vitest';
import { linuxProcesses } from '../../src/hosts/platform/linux.ts';
import { withSharedLook } from '../../src/hosts/platform/shared-look.ts';

test('R5 V6: a look is shared by those who asked before it began, and by nobody else', async () => {
  const looks: PromiseWithResolvers<[]>[] = [];
  const list = (): Promise<[]> => {
    const look = Promise.withResolvers<[]>();
    looks.push(look);
    return look.promise;
  };
  const shared = withSharedLook({ ...linuxProcesses(), list });
  const first = [shared.list(), shared.list()];
  await Promise.resolve();
  const second = [shared.list(), shared.list()];
  expect(looks).toHaveLength(1);
  looks[0]!.reject(new Error('too many open files'));
  await expect(Promise.all(first)).rejects.toThrow('too many');
  await Promise.allSettled(first);
  expect(looks).toHaveLength(2);
  looks[1]!.resolve([]);
  expect(await Promise.all(second)).toEqual([[], []]);
});
