import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';

export interface Asked {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  body: string;
}

/**
 * What happens to one request instead of, or after, what is right. `lose`: it is done, and its answer does
 * not come.
 */
export type Fault =
  | { answer: number; headers?: Record<string, string>; body?: string }
  | 'lose'
  | 'cut'
  | 'half'
  | 'hang'
  | 'right';

interface Stored {
  uuid: string | null;
  text: string;
}

export interface LogServerChoices {
  /** Whether it says where the head is; and whether it takes many entries at once, and has pages of events. */
  tells?: boolean;
  batches?: boolean;
  pages?: boolean;
  token?: string;
}

/** A server of session logs, as its protocol says, which can be told to fail. */
export class LogServer {
  readonly logs = new Map<string, Stored[]>();
  readonly asked: Asked[] = [];
  /** For the next requests, in order. */
  faults: Fault[] = [];
  /** Entries of one answer after which it breaks off, for each answer to come. */
  breaks: number[] = [];
  token: string;
  readonly #choices: LogServerChoices;
  readonly #server: Server;

  private constructor(choices: LogServerChoices) {
    this.#choices = choices;
    this.token = choices.token ?? 'secret';
    this.#server = createServer((request, response) => {
      void this.#take(request, response);
    });
  }

  static async open(choices: LogServerChoices = {}): Promise<LogServer> {
    const server = new LogServer({ tells: true, batches: true, pages: true, ...choices });
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  uuids(session: string): (string | null)[] {
    return (this.logs.get(session) ?? []).map(({ uuid }) => uuid);
  }

  /** As another writer does it. */
  write(session: string, ...entries: object[]): void {
    const log = this.logs.get(session) ?? [];
    this.logs.set(session, log);
    for (const entry of entries) log.push(storedOf(JSON.stringify(entry)));
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    request.setEncoding('utf8');
    try {
      for await (const chunk of request) body += chunk as string;
    } catch {
      // The client has left: so has its request.
      return;
    }
    const { method = '', url = '', headers } = request;
    this.asked.push({ method, path: url, headers, body });
    const fault = this.faults.shift() ?? 'right';
    if (fault === 'hang') return;
    if (fault === 'cut') return void request.socket.destroy();
    if (typeof fault === 'object') {
      response.writeHead(fault.answer, fault.headers);
      return void response.end(fault.body ?? '');
    }
    const right = this.#right({ method, path: url, headers, body });
    if (fault === 'lose') return void request.socket.destroy();
    this.#answer(response, right, fault === 'half');
  }

  #answer(response: ServerResponse, { status, headers, body }: Right, half: boolean): void {
    response.writeHead(status, {
      ...headers,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    });
    const cut = half ? Math.floor(body.length / 2) : cutAt(body, this.breaks);
    if (cut === null) return void response.end(body);
    response.write(body.slice(0, cut), () => response.destroy());
  }

  #right({ method, path, headers, body }: Asked): Right {
    if (headers.authorization !== `Bearer ${this.token}`)
      return problem(401, 'authentication_error');
    const { pathname, searchParams } = new URL(path, 'http://server');
    const [, session = ''] = /\/sessions?\/([^/]+)/.exec(pathname) ?? [];
    const id = decodeURIComponent(session);
    if (pathname.endsWith('/teleport-events')) return this.#page(id, searchParams);
    if (method === 'GET') return this.#lines(id);
    return method === 'PUT' ? this.#put(id, headers, [body]) : this.#post(id, headers, body);
  }

  #post(session: string, headers: Asked['headers'], body: string): Right {
    if (this.#choices.batches !== true) return problem(405, 'invalid_request_error');
    return this.#put(session, headers, body.trimEnd().split('\n'));
  }

  #put(session: string, headers: Asked['headers'], texts: readonly string[]): Right {
    const log = this.logs.get(session) ?? [];
    const given = texts.map((text) => storedOf(text));
    const seen = headers['last-uuid'] ?? null;
    const head = headOf(log);
    let before = typeof seen === 'string' ? seen : null;
    const known = given.map((line) => {
      const at = before;
      if (line.uuid !== null) before = line.uuid;
      return isThere(log, line, at);
    });
    const tells: Record<string, string> =
      this.#choices.tells === true && head !== null ? { 'x-last-uuid': head } : {};
    const may: Record<string, string> =
      this.#choices.batches === true ? { 'accept-post': 'application/x-ndjson' } : {};
    const more = { ...tells, ...may };
    if (!known.every(Boolean)) {
      if (seen !== head) return { ...problem(409, 'conflict'), headers: more };
      log.push(...given.filter((_, at) => !known[at]));
      this.logs.set(session, log);
    }
    const now = headOf(log);
    if (this.#choices.tells === true && now !== null) more['x-last-uuid'] = now;
    const entries = known.map((duplicate) => ({ duplicate }));
    const status = known.every(Boolean) ? 200 : 201;
    return { status, headers: more, body: texts.length > 1 ? JSON.stringify({ entries }) : '{}' };
  }

  #lines(session: string): Right {
    const log = this.logs.get(session);
    if (log === undefined) return problem(404, 'not_found_error');
    const lines = log.map(({ text }) => text).join(',');
    return { status: 200, headers: {}, body: `{"loglines":[${lines}]}` };
  }

  #page(session: string, query: URLSearchParams): Right {
    const log = this.#choices.pages === true ? this.logs.get(session) : undefined;
    if (log === undefined) return problem(404, 'not_found_error');
    const from = Number(query.get('cursor') ?? 0);
    const to = from + Number(query.get('limit') ?? 500);
    const data = log.slice(from, to).map(({ uuid, text }, at) => {
      const about = `"event_id":"e${from + at}","event_type":"native","is_compaction":false`;
      return `{${about},"payload":${uuid === 'none' ? 'null' : text},"created_at":"2026-01-01T00:00:00Z"}`;
    });
    const next = to < log.length ? `,"next_cursor":"${to}"` : '';
    return { status: 200, headers: {}, body: `{"data":[${data.join(',')}]${next}}` };
  }
}

interface Right {
  status: number;
  headers: Record<string, string>;
  body: string;
}

function problem(status: number, type: string): Right {
  return { status, headers: {}, body: JSON.stringify({ error: { type, message: type } }) };
}

function storedOf(text: string): Stored {
  const { uuid } = JSON.parse(text) as { uuid?: string };
  return { uuid: uuid ?? null, text };
}

function headOf(log: readonly Stored[]): string | null {
  return log.findLast(({ uuid }) => uuid !== null)?.uuid ?? null;
}

/** One without a uuid is known by its bytes and the head it goes after. */
function isThere(log: readonly Stored[], { uuid, text }: Stored, head: string | null): boolean {
  if (uuid !== null) return log.some((line) => line.uuid === uuid);
  const after = head === null ? -1 : log.findIndex((line) => line.uuid === head);
  for (const line of log.slice(after + 1)) {
    if (line.uuid !== null) return false;
    if (line.text === text) return true;
  }
  return false;
}

/** Where the answer breaks off: in the middle of the element after so many. */
function cutAt(body: string, breaks: number[]): number | null {
  const count = breaks.shift();
  if (count === undefined) return null;
  const elements = body.split('{"').slice(0, count + 3);
  return elements.join('{"').length - 3;
}
