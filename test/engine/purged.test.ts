import { expect, onTestFinished, test } from 'vitest';
import type { Context } from '../../src/api/handler.ts';
import { sessionsHistory } from '../../src/api/handlers/sessions-history.ts';
import { type Entry, digestText, type NewEntry } from '../../src/domain/entry.ts';
import { Gate } from './agents.ts';
import { storeWith } from './store-with.ts';
import { by, memoryStore, Watch, Workbench, words } from './workbench.ts';

test('V3: a feed that reads a log which is purged in the meantime ends, and reads no more', async () => {
  const real = await memoryStore();
  let pages = 0;
  const store = storeWith(real, () => ({
    historyText: (query) => {
      pages += 1;
      return real.historyText(query);
    },
  }));
  const bench = await Workbench.open({ store });
  onTestFinished(() => real.close());
  const session = await bench.session();
  const slow = new Watch();
  const gate = new Gate();
  slow.drained = () => gate.pass();
  await bench.engine.openFeed(session, { after: 0 }, slow);
  await gate.reached;
  await bench.engine.life.purge(session, by);
  gate.open();
  for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(pages).toBe(1);
  expect(slow.entries).toEqual([]);
});

test('L7: a fork of a session that is purged works on with what it has', async () => {
  const bench = await Workbench.open({ play: (turn) => turn.say('done') });
  const base = await bench.session('alpha');
  await (await bench.watch(base)).entry('run_ended');
  const [said] = await bench.of(base, 'message');
  const { branches, life } = bench.engine;
  const input = { at: said!.id, changes: {}, prompt: { content: words('beta') } };
  const { row } = await branches.fork(base, input, by);
  await (await bench.watch(row.id)).entry('run_ended');
  await life.purge(base, by);
  await bench.boot();
  const again = await bench.engine.branches.fork(row.id, { changes: {} }, by);
  expect(again.row.forkedFrom).toMatchObject({ session: row.id });
  const page = await history(bench, { session: row.id, inherited: { session: base, before: 99 } });
  expect(page).toMatchObject({ entries: [], inherited: null });
});

test('L6 L8: logs that say to be forked from each other are read to an end', async () => {
  const bench = await Workbench.open();
  const fork = (session: string): Promise<void> =>
    imported(bench, session, [forkOf(other(session))]);
  await fork('left');
  await fork('right');
  const query = { session: 'left', inherited: { session: 'nobody', before: 9 } };
  await expect(history(bench, query)).rejects.toMatchObject({ refusal: { code: 'not_found' } });
  const forked = await bench.engine.branches.fork('left', { changes: {} }, by);
  expect(forked.fidelity).toBe('none');
});

const other = (session: string): string => (session === 'left' ? 'right' : 'left');
const base = { at: '2026-01-01T00:00:00.000Z', by: { type: 'server' } } as const;

function forkOf(session: string): NewEntry {
  const data = { session, entry: null, seq: 9, fidelity: 'none' } as const;
  return { ...base, id: 'fork', kind: 'fork', parentId: null, data };
}

async function imported(bench: Workbench, session: string, first: NewEntry[]): Promise<void> {
  const changes = { agent: 'plain', cwd: '/work' };
  const settings = { ...base, id: 'set', kind: 'settings', data: { from: 'client', changes } };
  const log = [...first, settings as NewEntry];
  const entries = log.map((entry, at): Entry => {
    return { ...entry, seq: at + 1, digest: bench.clock.sha256(digestText(entry)) };
  });
  const sink = await bench.engine.logs.openImport({ session, agent: 'plain' }, by);
  await sink.add(entries);
  await sink.end();
}

/** A page as the operation answers it. */
async function history(
  { engine, store }: Workbench,
  more: { session: string; inherited: { session: string; before: number } },
): Promise<unknown> {
  const context = { engine, store, session: (name: string) => Promise.resolve(name) };
  const rest = { path: false, afterLastCompaction: false, limit: 100, maxBytes: 1e6 };
  const page = await sessionsHistory({ ...rest, ...more }, context as unknown as Context);
  return JSON.parse((page as { text: string }).text);
}
