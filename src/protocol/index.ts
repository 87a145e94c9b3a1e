/** The operations, their schemas, scopes and error codes: what every face and every client share. */
export { exitCode, httpStatus, rpcCode } from './error.ts';
export type { Operation } from './operation.ts';
export {
  type InputOf,
  isOperationName,
  operationNames,
  type OperationName,
  type Operations,
  operations,
  type OutputOf,
} from './operations.ts';
export { allows, type Scope, scopes } from './scope.ts';
export type { Entry, EntryKind, EntryOf, NewEntry } from '../domain/entry.ts';
export type { SessionRow } from '../domain/row.ts';
export { type Refusal, type RefusalCode, RefusalError } from '../domain/refusal.ts';
