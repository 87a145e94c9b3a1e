import { isObject, type Json, type JsonObject } from '../domain/json.ts';
import { memberAt } from './shape.ts';

/** A line as JSON-RPC sees it; `invalid` says why it is none. */
export type Message =
  | { type: 'request'; id: string | number; method: string; params: Json }
  | { type: 'notification'; method: string; params: Json }
  | Answer
  | { type: 'invalid'; reason: string };

export type Answer =
  | { type: 'result'; id: Json; result: Json }
  | { type: 'error'; id: Json; error: JsonObject };

/** Ids and method names longer than this are not taken: they would have to be remembered. */
const nameChars = 1024;

/** Whatever version of the protocol it names, or none. */
export function messageOf(value: Json): Message {
  if (!isObject(value)) return invalid('JSON, but not an object');
  const id = memberAt(value, 'id');
  const method = memberAt(value, 'method');
  if (method === undefined) return answerOf(value, id);
  if (typeof method !== 'string') return invalid('a method that is not a text');
  if (method.length > nameChars) return invalid('a method name that is too long');
  const params = memberAt(value, 'params') ?? null;
  if (id === undefined) return { type: 'notification', method, params };
  if (typeof id === 'number') return { type: 'request', id, method, params };
  if (typeof id !== 'string' || id.length > nameChars) {
    return invalid('a request without a usable id');
  }
  return { type: 'request', id, method, params };
}

function answerOf(value: JsonObject, id: Json | undefined): Message {
  const result = memberAt(value, 'result');
  const error = memberAt(value, 'error');
  if (id === undefined) return invalid('neither a request nor an answer');
  if (isObject(error)) return { type: 'error', id, error };
  if (result === undefined) return invalid('an answer without result and error');
  return { type: 'result', id, result };
}

export function invalid(reason: string): Message {
  return { type: 'invalid', reason };
}
