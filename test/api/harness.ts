import type { Move } from '../../src/domain/move.ts';
import type { MoveOps } from '../../src/ports/moves.ts';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { request, type IncomingHttpHeaders, type RequestOptions } from 'node:http';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { createApi, type Api, type Listening } from '../../src/api/api.ts';
import type { ApiConfig, ApiLogEvent } from '../../src/api/options.ts';
import { tokenDigest } from '../../src/api/tokens.ts';
import { CodeLogins } from '../../src/console/logins.ts';
import type { Store, TokenRow } from '../../src/ports/store.ts';
import type { HookOps } from '../../src/ports/hooks.ts';
import type { Scope } from '../../src/protocol/scope.ts';
import { openStore } from '../../src/store/open.ts';
import { FakeEngine } from './fake-engine.ts';
import { ManualClock } from './manual-clock.ts';

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

export interface Ask {
  method?: string;
  path?: string;
  body?: string | Buffer;
  headers?: Record<string, string>;
  /** Undefined for the admin's, null for none. */
  token?: string | null;
  /** Where the request comes from, when it is not 127.0.0.1. */
  localAddress?: string;
}

/** A hook that is told of everything, without anybody behind it. */
const oneHook: HookOps = {
  view: async () => ({
    file: '/state/hooks.json',
    problem: null,
    changed: false,
    notify: [
      { name: 'desk', target: '/bin/tell', events: ['run'], delivered: 0, givenUp: 0, last: [] },
    ],
    beforeCommit: [],
  }),
  test: async (name) => (name === 'desk' ? { delivered: true, message: null } : undefined),
};

/** A move that has failed, so that it is in nobody's way. */
const oneMove: Move = {
  session: 's1',
  to: { server: 'there', url: 'http://127.0.0.1:1' },
  phase: 'failed',
  entries: { sent: 1, total: 2 },
  bytes: 100,
  error: null,
  memory: null,
  reason: null,
  stays: { secrets: [], directories: [], rules: 0, parent: null, base: null },
  startedAt: '2026-01-01T00:00:00.000Z',
  endedAt: '2026-01-01T00:00:01.000Z',
};

/** A daemon's faces on loopback, with a real store and an engine that the test plays. */
export class Harness {
  readonly engine = new FakeEngine('s1', 's2');
  readonly clock = new ManualClock();
  readonly logged: ApiLogEvent[] = [];
  readonly shutdowns: string[] = [];
  readonly moves: MoveOps = {
    begin: async () => oneMove,
    list: () => [oneMove],
    cancel: async () => ({ ...oneMove, phase: 'cancelled' }),
  };
  store!: Store;
  api!: Api;
  listening!: Listening;
  admin!: string;

  static async open(config: Partial<ApiConfig> = {}, socketPath?: string): Promise<Harness> {
    const harness = new Harness();
    const onFatal = (error: Error): never => {
      throw error;
    };
    harness.store = await openStore({ dir: ':memory:', onFatal });
    harness.api = createApi({
      engine: harness.engine,
      store: harness.store,
      clock: harness.clock,
      config: {
        version: '1.2.3',
        server: 'here',
        startedAt: '2026-01-01T00:00:00.000Z',
        defaultCwd: null,
        ...config,
      },
      hooks: oneHook,
      moves: harness.moves,
      logins: new CodeLogins(harness.store.tokens, harness.clock),
      editors: () => ({ close: () => undefined }),
      shutdown: (mode) => void harness.shutdowns.push(mode),
      log: (event) => void harness.logged.push(event),
    });
    harness.listening = await harness.api.listen({
      host: '127.0.0.1',
      port: 0,
      ...(socketPath === undefined ? {} : { socketPath }),
    });
    harness.admin = (await harness.token(['admin'])).secret;
    return harness;
  }

  get port(): number {
    return Number(new URL(this.listening.url).port);
  }

  async close(): Promise<void> {
    const closed = this.listening.close(1000);
    this.clock.advance(5000);
    await closed;
    await this.store.close();
  }

  async token(scopes: readonly Scope[], more: Partial<TokenRow> = {}) {
    const secret = `tk_${randomBytes(32).toString('base64url')}`;
    const row: TokenRow = {
      id: this.clock.newId(),
      name: 'test',
      digest: tokenDigest(secret),
      user: null,
      scopes,
      sessions: null,
      createdAt: new Date(this.clock.now()).toISOString(),
      expiresAt: null,
      revokedAt: null,
      ...more,
    };
    await this.store.tokens.create(row);
    return { id: row.id, secret };
  }

  /** A raw request: `Host` and `Origin` are the test's to set. */
  ask({
    method = 'POST',
    path = '/',
    body,
    headers = {},
    token,
    localAddress,
  }: Ask): Promise<Answer> {
    const secret = token === undefined ? this.admin : token;
    const options: RequestOptions = {
      host: '127.0.0.1',
      port: this.port,
      method,
      path,
      agent: false,
      headers: {
        ...(secret === null ? {} : { authorization: `Bearer ${secret}` }),
        ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
        ...headers,
      },
      ...(localAddress === undefined ? {} : { localAddress }),
    };
    return new Promise((resolve, reject) => {
      const sent = request(options, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
        );
        response.on('error', reject);
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }

  /** An operation over HTTP. */
  async call(name: string, input: unknown = {}, more: Ask = {}) {
    const headers = { 'content-type': 'application/json', ...more.headers };
    const answer = await this.ask({
      path: `/v1/${name}`,
      body: JSON.stringify(input),
      ...more,
      headers,
    });
    return { ...answer, json: JSON.parse(answer.text) as Json };
  }

  async socket(token: string = this.admin, protocols: string[] = []): Promise<Rpc> {
    const url = `${this.listening.url.replace('http', 'ws')}/rpc`;
    const socket = new WebSocket(url, protocols, { headers: { authorization: `Bearer ${token}` } });
    const rpc = new Rpc(socket);
    await once(socket, 'open');
    return rpc;
  }

  /** Status of a handshake that is refused. */
  async refusedUpgrade(headers: Record<string, string>, path = '/rpc'): Promise<number> {
    const url = `${this.listening.url.replace('http', 'ws')}${path}`;
    const socket = new WebSocket(url, { headers });
    socket.on('error', () => undefined);
    const status = await new Promise<number>((resolve) => {
      socket.once('unexpected-response', (sent, response) => {
        resolve(response.statusCode ?? 0);
        sent.destroy();
      });
      socket.once('open', () => resolve(101));
    });
    socket.terminate();
    return status;
  }
}

// Answers are checked member by member in the tests.
// oxlint-disable-next-line typescript/no-explicit-any
export type Json = any;

export async function useHarness(
  config?: Partial<ApiConfig>,
  socketPath?: string,
): Promise<Harness> {
  const harness = await Harness.open(config, socketPath);
  onTestFinished(() => harness.close());
  return harness;
}

/** A JSON-RPC client that keeps all it was sent. */
export class Rpc {
  readonly socket: WebSocket;
  readonly received: Json[] = [];
  closed: { code: number; reason: string } | undefined;
  #next = 1000;
  #changed = Promise.withResolvers<void>();

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('error', () => undefined);
    socket.on('message', (data) => {
      this.received.push(JSON.parse((data as Buffer).toString()));
      this.#tell();
    });
    socket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() };
      this.#tell();
    });
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }

  async until<Found>(find: () => Found | undefined): Promise<Found> {
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      if (this.closed !== undefined) throw new Error(`closed: ${JSON.stringify(this.closed)}`);
      await this.#changed.promise;
    }
  }

  async request(method: string, params: unknown = {}): Promise<Json> {
    const id = this.#next++;
    this.socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    return this.until(() => this.received.find((message) => message.id === id));
  }

  /** Sends a text as it is and gives what comes next. */
  async raw(text: string | Buffer): Promise<Json> {
    const before = this.received.length;
    this.socket.send(text);
    return this.until(() => this.received[before]);
  }

  notifications(method: string): Json[] {
    return this.received.filter((message) => message.method === method);
  }

  async ended(): Promise<{ code: number; reason: string }> {
    while (this.closed === undefined) await this.#changed.promise;
    return this.closed;
  }
}

/** Waits for something that another event loop turn brings about, without a fixed sleep. */
export async function eventually(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 2));
}
