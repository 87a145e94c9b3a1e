// JSON-RPC in plain code: requests of the client, answers to our own requests.
import { Buffer } from 'node:buffer';
import process from 'node:process';
import type { Output } from './output.ts';

export type Params = Readonly<Record<string, unknown>>;

/** Becomes the error of a response. */
export class RpcError extends Error {
  readonly code: number;
  readonly data: unknown;

  constructor(code: number, message: string, data?: unknown) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

/** What the client answered to one of our requests. */
export type Answer =
  | { readonly ok: true; readonly result: Params }
  /** `takenBack`: the agent itself did not wait for it any longer. */
  | { readonly ok: false; readonly message: string; readonly takenBack?: true };

/**
 * Answers a request with the result, or throws an `RpcError`. `reply` sends the result at once for
 * the handlers that have something to do after their reply; they then return `replied`.
 */
export type Handler = (method: string, params: Params, reply: Reply) => Promise<unknown>;
export type Reply = (result: unknown) => Promise<void>;
export const replied = Symbol('replied');

export interface Listener {
  request: Handler;
  notification(method: string, params: Params): void;
}

export class Connection {
  readonly #output: Output;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #nextId = 0;

  constructor(output: Output) {
    this.#output = output;
  }

  /** Reads lines from stdin until it ends. */
  listen(listener: Listener, ended: () => void): void {
    let parts: Buffer[] = [];
    process.stdin.on('data', (bytes: Buffer) => {
      let rest = bytes;
      for (let at = rest.indexOf(10); at >= 0; at = rest.indexOf(10)) {
        parts.push(rest.subarray(0, at));
        const line = Buffer.concat(parts).toString('utf8');
        parts = [];
        rest = rest.subarray(at + 1);
        if (line.trim() !== '') this.#take(line, listener);
      }
      if (rest.length > 0) parts.push(rest);
    });
    process.stdin.on('end', ended);
    process.stdin.on('error', ended);
  }

  /** Stops reading for good, with stdin left open. */
  deafen(): void {
    process.stdin.pause();
  }

  notify(method: string, params: Params): Promise<void> {
    return this.#output.send({ method, params });
  }

  /**
   * Asks the client. When `signal` aborts, the request is taken back and the promise rejects;
   * an answer that comes later is ignored.
   */
  async request(method: string, params: Params, signal: AbortSignal): Promise<Answer> {
    signal.throwIfAborted();
    const id = this.#nextId++;
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const takeBack = () => {
      this.#waiting.delete(id);
      void this.notify('$/cancel_request', { requestId: id });
      reject(signal.reason as Error);
    };
    // The rejection may come while the request is still being written.
    promise.catch(() => undefined);
    this.#waiting.set(id, resolve);
    signal.addEventListener('abort', takeBack, { once: true });
    try {
      await this.#output.send({ id, method, params });
      return await promise;
    } finally {
      signal.removeEventListener('abort', takeBack);
    }
  }

  #take(line: string, listener: Listener): void {
    const message = parse(line);
    if (message === undefined) {
      void this.#output.send({ id: null, error: { code: -32700, message: 'Parse error' } });
      return;
    }
    const { id, method } = message;
    if (typeof method !== 'string') this.#settle(message);
    else if (id === undefined) listener.notification(method, asObject(message['params']));
    else void this.#serve(id, method, asObject(message['params']), listener);
  }

  async #serve(id: unknown, method: string, params: Params, listener: Listener): Promise<void> {
    const reply: Reply = (result) => this.#output.send({ id, result });
    try {
      const result = await listener.request(method, params, reply);
      if (result !== replied) await reply(result);
    } catch (error) {
      await this.#output.send({ id, error: describe(error) });
    }
  }

  #settle(message: Params): void {
    const id = message['id'];
    if (typeof id !== 'number') return;
    const resolve = this.#waiting.get(id);
    this.#waiting.delete(id);
    const error = asObject(message['error']);
    if (message['error'] === undefined)
      resolve?.({ ok: true, result: asObject(message['result']) });
    else resolve?.({ ok: false, message: asText(error['message']) ?? 'no message' });
  }
}

export function asObject(value: unknown): Params {
  return typeof value === 'object' && value !== null ? (value as Params) : {};
}

export function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function parse(line: string): Params | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Params) : undefined;
  } catch {
    // The caller answers with a parse error, as JSON-RPC wants it.
    return undefined;
  }
}

function describe(error: unknown): Params {
  if (error instanceof RpcError) {
    const { code, message, data } = error;
    return { code, message, ...(data === undefined ? {} : { data }) };
  }
  return { code: -32603, message: `Internal error: ${String(error)}` };
}
