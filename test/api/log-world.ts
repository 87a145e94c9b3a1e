import { randomBytes } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { createApi } from '../../src/api/api.ts';
import { tokenDigest } from '../../src/api/tokens.ts';
import { type Client, createClient } from '../../src/client/index.ts';
import type { TokenRow } from '../../src/ports/store.ts';
import type { Scope } from '../../src/protocol/scope.ts';
import type { Turn } from '../../src/testing/index.ts';
import { Workbench, type WorkbenchOptions } from '../engine/workbench.ts';
import { ManualClock } from './manual-clock.ts';

/** A daemon with real faces, engine and store, whose agent the test plays. */
export class LogWorld {
  readonly bench: Workbench;
  readonly url: string;
  readonly logged: unknown[] = [];
  client!: Client;

  private constructor(bench: Workbench, url: string, logged: unknown[]) {
    this.bench = bench;
    this.url = url;
    this.logged = logged;
  }

  static async open(
    play: (turn: Turn) => Promise<void> | void = () => undefined,
    more: Pick<WorkbenchOptions, 'checkDirectory' | 'commitHooks'> = {},
  ) {
    // Ids of its own: those of another world are another daemon's.
    const bench = await Workbench.open({ play, seed: randomBytes(4).toString('hex'), ...more });
    const clock = new ManualClock();
    const logged: unknown[] = [];
    const api = createApi({
      engine: bench.engine,
      store: bench.store,
      clock,
      config: {
        version: '1',
        server: 'here',
        startedAt: '2026-01-01T00:00:00.000Z',
        defaultCwd: null,
      },
      shutdown: () => undefined,
      log: (event) => void logged.push(event),
    });
    const listening = await api.listen({ host: '127.0.0.1', port: 0 });
    onTestFinished(async () => {
      const closed = listening.close(1000);
      clock.advance(100_000);
      await closed;
    });
    const world = new LogWorld(bench, listening.url, logged);
    world.client = await world.clientWith(['admin']);
    return world;
  }

  async token(scopes: readonly Scope[], more: Partial<TokenRow> = {}): Promise<string> {
    const secret = `tk_${randomBytes(32).toString('base64url')}`;
    await this.bench.store.tokens.create({
      id: randomBytes(8).toString('hex'),
      name: 'test',
      digest: tokenDigest(secret),
      user: null,
      scopes,
      sessions: null,
      createdAt: '2026-01-01T00:00:00.000Z',
      expiresAt: null,
      revokedAt: null,
      ...more,
    });
    return secret;
  }

  async clientWith(scopes: readonly Scope[], more: Partial<TokenRow> = {}): Promise<Client> {
    const client = createClient({ url: this.url, token: await this.token(scopes, more) });
    onTestFinished(() => client.close());
    return client;
  }

  async export(session: string, format: 'turnkeep' | 'pi' = 'turnkeep'): Promise<string> {
    return textOf(await this.client.sessions.export({ session, format }));
  }
}

export async function textOf(stream: ReadableStream<Uint8Array>): Promise<string> {
  return new Response(stream).text();
}

export function linesOf(file: string): string[] {
  return file.split('\n').slice(0, -1);
}
