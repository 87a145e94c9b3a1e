import type { RefusalCode } from '../domain/refusal.ts';

/** The one mapping of refusal codes to each face. */
export const httpStatus: Record<RefusalCode, number> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  fenced: 409,
  id_reused: 409,
  already_decided: 409,
  busy: 503,
  unsupported: 422,
  too_large: 413,
  limited: 429,
  unavailable: 503,
  internal: 500,
};

/** JSON-RPC 2.0: the protocol's own codes where they fit, -320xx for ours; `data.code` is the refusal code. */
export const rpcCode: Record<RefusalCode, number> = {
  invalid: -32602,
  unauthenticated: -32001,
  forbidden: -32002,
  not_found: -32003,
  conflict: -32004,
  fenced: -32005,
  id_reused: -32006,
  already_decided: -32007,
  busy: -32008,
  unsupported: -32009,
  too_large: -32010,
  limited: -32011,
  unavailable: -32012,
  internal: -32603,
};

/** Exit codes of the CLI; 1 is a run that did not complete, 2 a bad command line. */
export const exitCode: Record<RefusalCode, number> = {
  invalid: 2,
  unauthenticated: 10,
  forbidden: 11,
  not_found: 12,
  conflict: 13,
  fenced: 13,
  id_reused: 13,
  already_decided: 14,
  busy: 15,
  unsupported: 16,
  too_large: 17,
  limited: 18,
  unavailable: 19,
  internal: 20,
};
