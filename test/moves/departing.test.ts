import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.ts';
import { Departing, type Begun } from '../../src/moves/departing.ts';
import type { Store } from '../../src/ports/store.ts';
import { TestClock } from '../../src/testing/index.ts';

/** Pauses are over in the next turn of the event loop. */
class HastyClock extends TestClock {
  override after(_ms: number, call: () => void): () => void {
    const timer = setImmediate(call);
    return () => clearImmediate(timer);
  }
}

/** The other daemon: says yes to everything, and what it was asked. */
async function otherDaemon(): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, answer) => {
    asked.push(request.url!.replace('/v1/', ''));
    request.resume();
    answer.setHeader('content-type', 'application/json');
    answer.end(JSON.stringify({ session: 's', memory: 'exact', reason: null }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

interface World {
  /** Calls of this daemon's own that fail, each so often. */
  fails: { [call: string]: number };
  writer: 'moving' | 'moved' | 'host';
}

/** A session that leaves, of a daemon whose disk fails now and then. */
async function leaves(phase: Begun['from'], world: World) {
  const { url, asked } = await otherDaemon();
  const to = { server: 'there', url };
  const tried: string[] = [];
  const call = async <Answer>(name: string, answer: () => Answer): Promise<Answer> => {
    tried.push(name);
    const left = world.fails[name] ?? 0;
    world.fails[name] = left - 1;
    if (left > 0) throw new Error('disk I/O error');
    return answer();
  };
  const engine = {
    get: () => call('get', () => ({ row: { lastSeq: 3, writer: { state: world.writer, to } } })),
    owners: {
      moved: () => call('moved', () => ({ id: 'o', seq: 3, kind: 'owner' })),
      keep: () => call('keep', () => (world.writer = 'host')),
    },
  } as unknown as Engine;
  const store = {
    moves: { endDeparture: () => call('endDeparture', () => undefined) },
  } as unknown as Store;
  const departure = { session: 's', to, ticket: 'tk', cwd: null, at: '2026-01-01T00:00:00.000Z' };
  const stays = { secrets: [], directories: [], rules: 0, parent: null, base: null };
  const departing = new Departing(
    { departure, from: phase, stays, by: { type: 'server' } },
    {
      engine,
      store,
      clock: new HastyClock(),
      server: 'here',
      random: () => 0,
      log: () => undefined,
    },
  );
  onTestFinished(() => departing.close());
  return { departing, asked, tried };
}

test('M2: what cannot be read at that moment is read again: a session that was given up is delivered', async () => {
  const world: World = { writer: 'moved', fails: { moved: 3, endDeparture: 1 } };
  const { departing, asked } = await leaves({ phase: 'activating' }, world);
  await departing.over;
  expect(departing.move).toMatchObject({ phase: 'done', error: null, memory: 'exact' });
  // Once more after what was done could not be written down.
  expect(asked).toEqual(['moves.activate', 'moves.activate', 'moves.withdraw']);
});

test('M3: whether it was given up is asked until that can be told, and then it stays', async () => {
  const world: World = { writer: 'moving', fails: { get: 3, keep: 2, endDeparture: 2 } };
  const { departing, asked, tried } = await leaves({ phase: 'copying', after: 0 }, world);
  await departing.over;
  // The reading of its row for the copy failed, then three looks at who writes it.
  expect(departing.move).toMatchObject({ phase: 'failed', error: { code: 'internal' } });
  expect(world.writer).toBe('host');
  expect(tried.filter((name) => name === 'keep')).toHaveLength(3);
  expect(asked).toEqual(['moves.withdraw']);
});

test('M2: it is delivered where it had been given up although nobody was told', async () => {
  const world: World = { writer: 'moved', fails: { get: 2 } };
  const { departing, asked } = await leaves({ phase: 'copying', after: 0 }, world);
  await departing.over;
  expect(departing.move.phase).toBe('done');
  expect(asked).toEqual(['moves.activate', 'moves.withdraw']);
});
