import { isObject } from '../../domain/json.ts';
import type { Refusal } from '../../domain/refusal.ts';
import { rpcCode } from '../../protocol/error.ts';
import { refusalIn } from '../answer.ts';
import { checkBounds, checkValues, parseJson } from '../bounded-json.ts';

export type RequestId = string | number;

/** A request, or the error text that answers what is none. */
export type RequestRead =
  | { id: RequestId; method: string; params: unknown }
  | { id: RequestId | null; error: string };

const parseError = -32_700;
const invalidRequest = -32_600;
const methodNotFound = -32_601;
const maxIdLength = 200;

/** Reads one frame as a JSON-RPC 2.0 request. */
export function readRequest(text: string): RequestRead {
  let value: unknown;
  try {
    checkBounds(text);
  } catch (error) {
    return broken(invalidRequest, null, refusedBy(error).message);
  }
  try {
    value = parseJson(text);
  } catch (error) {
    return broken(parseError, null, refusedBy(error).message);
  }
  try {
    checkValues(value);
  } catch (error) {
    return broken(invalidRequest, null, refusedBy(error).message);
  }
  return requestOf(value);
}

function requestOf(value: unknown): RequestRead {
  if (Array.isArray(value)) {
    return broken(
      invalidRequest,
      null,
      'Batches are not taken: send each request in its own frame.',
    );
  }
  if (!isObject(value)) return broken(invalidRequest, null, 'A request is a JSON object.');
  const id = readId(value['id']);
  if (value['jsonrpc'] !== '2.0') {
    return broken(invalidRequest, id, 'A request has the member "jsonrpc": "2.0".');
  }
  if (typeof value['method'] !== 'string') {
    return broken(invalidRequest, id, 'A request has a member "method", the name of an operation.');
  }
  if (id === null) {
    return broken(
      invalidRequest,
      null,
      'Give the request an id, a short string or a whole number.',
    );
  }
  // Left out, they are an input without fields; null is none.
  const params = Object.hasOwn(value, 'params') ? value['params'] : {};
  return { id, method: value['method'], params };
}

function readId(id: unknown): RequestId | null {
  if (typeof id === 'string') return id.length <= maxIdLength ? id : null;
  return Number.isSafeInteger(id) ? (id as number) : null;
}

export function broken(code: number, id: RequestId | null, message: string) {
  return { id, error: errorText(id, code, { code: 'invalid', message }) };
}

/** A frame that holds no text. */
export function binaryFrame(): RequestRead {
  return broken(invalidRequest, null, 'Send requests in text frames.');
}

function refusedBy(error: unknown): Refusal {
  const refusal = refusalIn(error);
  if (refusal === undefined) throw error;
  return refusal;
}

export function resultText(id: RequestId, result: string): string {
  return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${result}}`;
}

/** The refusal's code, field and data lie in `data`; `code` is its number. */
export function refusalText(id: RequestId, refusal: Refusal): string {
  const unknownMethod = refusal.code === 'not_found' && refusal.field === 'operation';
  return errorText(id, unknownMethod ? methodNotFound : rpcCode[refusal.code], refusal);
}

function errorText(id: RequestId | null, code: number, { message, ...refusal }: Refusal): string {
  return JSON.stringify({ jsonrpc: '2.0', id, error: { code, message, data: refusal } });
}
