import { isObject, type Json } from '../../domain/json.ts';
import { invalid, messageOf as anyMessageOf, type Message } from '../json-rpc.ts';

export type { Answer, Message } from '../json-rpc.ts';

/** Codes of JSON-RPC and of ACP's range in it. */
export const errorCodes = {
  invalidParams: -32602,
  methodNotFound: -32601,
  authRequired: -32000,
  resourceNotFound: -32002,
  cancelled: -32800,
} as const;

/** A line as JSON-RPC 2.0 sees it. */
export function messageOf(value: Json): Message {
  if (Array.isArray(value)) return invalid('a JSON-RPC batch, which ACP does not use');
  const isOther = isObject(value) && value['jsonrpc'] !== '2.0';
  return isOther ? invalid('not a JSON-RPC 2.0 message') : anyMessageOf(value);
}

/** Lines that we write, without their line end. `params` are typed by who calls. */
export function requestLine(id: string, method: string, params: object): string {
  return JSON.stringify({ jsonrpc: '2.0', id, method, params });
}

export function notificationLine(method: string, params: object): string {
  return JSON.stringify({ jsonrpc: '2.0', method, params });
}

export function resultLine(id: Json, result: object): string {
  return JSON.stringify({ jsonrpc: '2.0', id, result });
}

export function errorLine(id: Json, code: number, message: string): string {
  return JSON.stringify({ jsonrpc: '2.0', id, error: { code, message } });
}
