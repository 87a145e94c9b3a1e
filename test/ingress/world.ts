import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { onTestFinished } from 'vitest';
import { claudeAgent } from '../../src/agents/claude/driver.ts';
import { createApi } from '../../src/api/api.ts';
import { tokenDigest } from '../../src/api/tokens.ts';
import { type Client, createClient } from '../../src/client/index.ts';
import type { Scope } from '../../src/protocol/scope.ts';
import type { Turn } from '../../src/testing/index.ts';
import { ManualClock } from '../api/manual-clock.ts';
import { Workbench, type WorkbenchOptions } from '../engine/workbench.ts';
import { IngressClient } from './ingress-client.ts';

export interface Answer {
  status: number;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  text: string;
}

/** A daemon's faces on a real store, to which transcripts are written; agents here are played by the test. */
export class IngressWorld {
  readonly bench: Workbench;
  readonly url: string;
  readonly clock: ManualClock;
  readonly logged: unknown[];
  client!: Client;
  admin!: string;

  private constructor(parts: Pick<IngressWorld, 'bench' | 'url' | 'clock' | 'logged'>) {
    this.bench = parts.bench;
    this.url = parts.url;
    this.clock = parts.clock;
    this.logged = parts.logged;
  }

  static async open(
    play: (turn: Turn) => Promise<void> | void = () => undefined,
    more: Pick<WorkbenchOptions, 'beside'> = {},
  ) {
    const claude = claudeAgent({ program: 'claude', env: {}, trusted: [] });
    const seed = randomBytes(4).toString('hex');
    const bench = await Workbench.open({ play, seed, others: [claude], ...more });
    const clock = new ManualClock();
    const logged: unknown[] = [];
    const config = {
      version: '1',
      server: 'here',
      startedAt: '2026-01-01T00:00:00.000Z',
      defaultCwd: null,
      transcripts: 'claude',
    };
    const api = createApi({
      engine: bench.engine,
      store: bench.store,
      clock,
      config,
      shutdown: () => undefined,
      log: (event) => void logged.push(event),
    });
    const listening = await api.listen({ host: '127.0.0.1', port: 0 });
    const { url } = listening;
    onTestFinished(async () => {
      const closed = listening.close(1000);
      clock.advance(100_000);
      await closed;
    });
    const world = new IngressWorld({ bench, url, clock, logged });
    world.admin = (await world.own()).secret;
    world.client = createClient({ url, token: world.admin });
    onTestFinished(() => world.client.close());
    return world;
  }

  /** The first token: no operation makes it. */
  async own(): Promise<{ secret: string }> {
    const secret = `tk_${randomBytes(32).toString('base64url')}`;
    await this.bench.store.tokens.create({
      id: randomBytes(8).toString('hex'),
      name: 'own',
      digest: tokenDigest(secret),
      user: null,
      scopes: ['admin'],
      sessions: null,
      createdAt: '2026-01-01T00:00:00.000Z',
      expiresAt: null,
      revokedAt: null,
    });
    return { secret };
  }

  /** A token as `tokens.create` makes it. */
  async token(
    session: string | null,
    more: { scopes?: readonly Scope[]; ttlMs?: number; organization?: string } = {},
  ): Promise<string> {
    const { scopes = ['manage'], ...rest } = more;
    const bound = session === null ? {} : { sessions: [session] };
    const input = { name: 'writer', scopes: [...scopes], ...bound, ...rest };
    return (await this.client.tokens.create(input)).secret;
  }

  writer(token: string, how: ConstructorParameters<typeof IngressClient>[2] = {}): IngressClient {
    const writer = new IngressClient(this.url, token, how);
    onTestFinished(() => writer.close());
    return writer;
  }

  /** A new session's id, a token for it alone, and a writer that has it. */
  async log(id = `cse_${randomBytes(6).toString('hex')}`): Promise<{
    id: string;
    token: string;
    writer: IngressClient;
  }> {
    const token = await this.token(id);
    return { id, token, writer: this.writer(token) };
  }

  /** A request whose body is sent as it is. */
  ask(method: string, path: string, { token, body, headers = {} }: Ask = {}): Promise<Answer> {
    const secret = token === undefined ? this.admin : token;
    const all = {
      ...(secret === null ? {} : { authorization: `Bearer ${secret}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
      ...headers,
    };
    return new Promise((resolve, reject) => {
      const sent = request(`${this.url}${path}`, { method, headers: all, agent: false }, (got) => {
        const parts: Buffer[] = [];
        got.on('data', (part: Buffer) => parts.push(part));
        got.on('error', reject);
        got.on('end', () => {
          const text = Buffer.concat(parts).toString();
          resolve({ status: got.statusCode ?? 0, headers: got.headers, text });
        });
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }

  put(session: string, body: string | Buffer, more: Omit<Ask, 'body'> = {}): Promise<Answer> {
    return this.ask('PUT', `/v1/session_ingress/session/${session}`, { ...more, body });
  }
}

export interface Ask {
  /** Undefined for the administrator's, null for none. */
  token?: string | null;
  body?: string | Buffer;
  headers?: Readonly<Record<string, string>>;
}
