import { expect, test } from 'vitest';
import { failureOfError, failureOfText, typedFailureOf } from '../../src/agents/acp/failure.ts';
import type { Json } from '../../src/domain/json.ts';

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

test.each([
  [{ details: '401 no such key' }, 'auth', 401],
  [{ details: '404 files were read' }, 'request', 404],
  [{ details: 'no such key' }, 'unknown', undefined],
  [{ details: '4011 no such key' }, 'unknown', undefined],
] as const)('R3: an error with %j is %s', (data, category, status) => {
  const failure = failureOfError({ code: -32_603, message: 'Internal error', data });
  expect(failure.category).toBe(category);
  expect(failure.status).toBe(status);
});

const carrier = (sessionFailure: Json): Json => ({
  _meta: { jetbrains: { air: { sessionFailure } } },
});

test.each([
  ['service', 'API Error: 400 not so', 'request', 400],
  ['service', 'API Error: 403 not you', 'auth', 403],
  ['service', 'API Error: 529 overloaded', 'service', 529],
  ['service', 'It broke.', 'service', undefined],
  ['never heard of', 'API Error: 429 later', 'limit', 429],
  ['never heard of', 'It broke.', 'unknown', undefined],
  // Such a request is one over the limit of the account, which only the adapter knows.
  ['limit', 'API Error: 400 no credit', 'limit', 400],
] as const)('R3: a typed failure of %s, "%s", is %s', (category, title, wanted, status) => {
  const told = typedFailureOf(carrier({ category, title, severity: 'error' }));
  expect(told).toMatchObject({ severity: 'error', failure: { category: wanted, message: title } });
  expect(told?.failure.status).toBe(status);
});
