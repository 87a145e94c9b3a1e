// The app-server speaks JSON-RPC without its version.
import type { Json } from '../../domain/json.ts';

export { messageOf, type Answer, type Message } from '../json-rpc.ts';

const methodNotFound = -32601;
const invalidParams = -32602;

/** Lines that we write, without their line end. `params` are typed by who calls. */
export function requestLine(id: string, method: string, params: object): string {
  return JSON.stringify({ id, method, params });
}

export function notificationLine(method: string): string {
  return JSON.stringify({ method });
}

export function resultLine(id: Json, result: object): string {
  return JSON.stringify({ id, result });
}

export function refusalLine(id: Json, message: string): string {
  return JSON.stringify({ id, error: { code: methodNotFound, message } });
}

export function invalidLine(id: Json, message: string): string {
  return JSON.stringify({ id, error: { code: invalidParams, message } });
}
