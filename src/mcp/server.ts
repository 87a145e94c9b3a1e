import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { z } from 'zod';
import {
  callParams,
  cancelledParams,
  errorCode,
  incoming,
  type Incoming,
  initializeParams,
  type Meta,
  type RequestId,
  response,
  type ToolResult,
  versions,
} from './message.ts';

/** A tool that the server offers. */
export interface Tool {
  name: string;
  description: string;
  input: z.ZodType<object>;
  call(input: object, call: ToolCalled): Promise<ToolResult>;
}

/** What a tool knows of its call. */
export interface ToolCalled {
  /** Aborted when the client takes the call back, or is gone. */
  signal: AbortSignal;
  meta: Meta;
  /** Tells a client that wants to know that it is still waited. */
  progress: (message: string) => void;
}

export interface Serving {
  input: Readable;
  write: (line: string) => void;
  tools: readonly Tool[];
  version: string;
}

/** Serves one client on stdio, one JSON-RPC message a line, until its end of input. */
export async function serveMcp({ input, ...ports }: Serving): Promise<void> {
  const server = new Server(ports);
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line.trim() !== '') server.take(line);
  }
  server.close();
}

class Refused extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

class Server {
  readonly #ports: Omit<Serving, 'input'>;
  /** Calls under way, by the id of their request. */
  readonly #calls = new Map<RequestId, AbortController>();

  constructor(ports: Omit<Serving, 'input'>) {
    this.#ports = ports;
  }

  take(line: string): void {
    let message: unknown;
    try {
      message = JSON.parse(line);
    } catch (error) {
      return this.#fail(null, new Refused(errorCode.notJson, (error as Error).message));
    }
    const read = incoming.safeParse(message);
    if (read.success) return this.#receive(read.data);
    if (response.safeParse(message).success) return;
    this.#fail(null, new Refused(errorCode.invalid, 'This is no request of JSON-RPC 2.0.'));
  }

  close(): void {
    for (const call of this.#calls.values()) call.abort();
  }

  #receive({ id, method, params }: Incoming): void {
    if (id === undefined) {
      if (method === 'notifications/cancelled') this.#cancel(params);
      return;
    }
    try {
      if (method === 'tools/call') this.#call(id, params);
      else this.#send({ id, result: this.#answer(method, params) });
    } catch (error) {
      this.#fail(id, error);
    }
  }

  #answer(method: string, params: unknown): object {
    switch (method) {
      case 'initialize': {
        const { protocolVersion: wanted } = checked(initializeParams, params);
        return {
          protocolVersion: versions.find((one) => one === wanted) ?? versions[0],
          capabilities: { tools: {} },
          serverInfo: { name: 'turnkeep', version: this.#ports.version },
        };
      }
      case 'ping':
        return {};
      case 'tools/list':
        return { tools: this.#ports.tools.map(described) };
      default:
        throw new Refused(errorCode.unknownMethod, `There is no method ${method}.`);
    }
  }

  #call(id: RequestId, params: unknown): void {
    const { name, arguments: given, _meta: meta = {} } = checked(callParams, params);
    const tool = this.#ports.tools.find((one) => one.name === name);
    if (tool === undefined) throw new Refused(errorCode.badParams, `There is no tool ${name}.`);
    const input = checked(tool.input, given);
    const abort = new AbortController();
    this.#calls.get(id)?.abort();
    this.#calls.set(id, abort);
    const { signal } = abort;
    const called = { signal, meta, progress: this.#progress(meta, signal) };
    tool.call(input, called).then(
      (result) => this.#settle(id, abort, () => this.#send({ id, result })),
      (error: unknown) => this.#settle(id, abort, () => this.#fail(id, error)),
    );
  }

  /** What was taken back is not answered. */
  #settle(id: RequestId, abort: AbortController, speak: () => void): void {
    if (this.#calls.get(id) === abort) this.#calls.delete(id);
    if (!abort.signal.aborted) speak();
  }

  #cancel(params: unknown): void {
    const read = cancelledParams.safeParse(params);
    if (read.success) this.#calls.get(read.data.requestId)?.abort();
  }

  #progress({ progressToken }: Meta, signal: AbortSignal): (message: string) => void {
    let progress = 0;
    return (message) => {
      if (progressToken === undefined || signal.aborted) return;
      progress += 1;
      const params = { progressToken, progress, message };
      this.#send({ method: 'notifications/progress', params });
    };
  }

  #fail(id: RequestId | null, error: unknown): void {
    const code = error instanceof Refused ? error.code : -32603;
    const message = error instanceof Error ? error.message : String(error);
    this.#send({ id, error: { code, message } });
  }

  #send(message: object): void {
    this.#ports.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  }
}

function described({ name, description, input }: Tool): object {
  return { name, description, inputSchema: z.toJSONSchema(input, { io: 'input' }) };
}

function checked<Value>(schema: z.ZodType<Value>, value: unknown): Value {
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  throw new Refused(errorCode.badParams, z.prettifyError(read.error));
}
