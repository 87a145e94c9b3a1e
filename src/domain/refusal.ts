import type { JsonObject } from './json.ts';

/** The closed set of error codes that every face maps once (HTTP status, JSON-RPC code, exit code). */
export const refusalCodes = [
  'invalid',
  'unauthenticated',
  'forbidden',
  'not_found',
  'conflict',
  'fenced',
  'id_reused',
  'already_decided',
  'busy',
  'unsupported',
  'too_large',
  'limited',
  'unavailable',
  'internal',
] as const;
export type RefusalCode = (typeof refusalCodes)[number];

/** A refused command: a code of the closed set, a sentence that says what to change, and the bad field. */
export interface Refusal {
  code: RefusalCode;
  message: string;
  field?: string;
  data?: JsonObject;
}

/** A refusal travelling as an exception through promise chains; faces turn it back into its code. */
export class RefusalError extends Error {
  readonly refusal: Refusal;
  constructor(refusal: Refusal) {
    super(refusal.message);
    this.name = 'RefusalError';
    this.refusal = refusal;
  }
}

export function refuse(
  code: RefusalCode,
  message: string,
  more: { field?: string; data?: JsonObject } = {},
): RefusalError {
  return new RefusalError({ code, message, ...more });
}
