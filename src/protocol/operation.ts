import type { z } from 'zod';
import type { Scope } from './scope.ts';

/**
 * One definition of an operation, from which WebSocket methods, HTTP routes, OpenAPI, CLI help and the
 * client's types come.
 *
 * - `scope`: what the caller's token must allow; null only for the liveness probe.
 * - `shape`: `unary` is offered on every face; `feed` only on a WebSocket, where it opens or closes a feed.
 *   `download` and `upload` are offered only over HTTP: the answer of a download, and the body of an upload,
 *   is a stream of JSON lines, or of `bytes` where `body` says so. The input of an upload stands in the query
 *   of its address.
 */
export interface Operation<
  Name extends string = string,
  Input extends z.ZodType = z.ZodType,
  Output extends z.ZodType = z.ZodType,
> {
  name: Name;
  summary: string;
  scope: Scope | null;
  /**
   * Tokens of scope `inside` may ask for it, although their scope does not hold `scope`: the handler keeps
   * them within their own sessions.
   */
  inside?: true;
  /** Tickets of sessions that move here may ask for it: the handler keeps them to their session. */
  ticket?: true;
  /** Fields of the input that ask for a scope of their own, wherever they are given. */
  fields?: { readonly [Field in keyof z.output<Input> & string]?: Scope };
  shape: 'unary' | 'feed' | 'download' | 'upload';
  body?: 'bytes';
  input: Input;
  output: Output;
}

export function operation<Name extends string, Input extends z.ZodType, Output extends z.ZodType>(
  definition: Operation<Name, Input, Output>,
): Operation<Name, Input, Output> {
  return definition;
}
