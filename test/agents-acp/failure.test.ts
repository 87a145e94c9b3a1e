import { expect, test } from 'vitest';
import { failureOfError, failureOfText } from '../../src/agents/acp/failure.ts';

test('R3: a stream that broke off is a failure of the connection, whatever status is made up for it', () => {
  const broken = { category: 'connection', message: 'terminated' };
  expect(failureOfError({ code: 500, message: 'terminated' })).toEqual(broken);
  expect(failureOfText(' terminated\n')).toEqual(broken);
  expect(failureOfError({ code: 500, message: 'terminated by the operator' })).toEqual({
    category: 'service',
    message: 'terminated by the operator',
    status: 500,
  });
});
