import { describe, expect, onTestFinished, test } from 'vitest';
import { textOf } from '../../src/domain/content.ts';
import { digestText, type Entry } from '../../src/domain/entry.ts';
import { limits } from '../../src/domain/limits.ts';
import { Gate, given, kept, obedient } from './agents.ts';
import { plainAgent } from '../../src/testing/index.ts';
import { storeWith } from './store-with.ts';
import { by, memoryStore, Workbench, words } from './workbench.ts';

/** The log of a session elsewhere. */
async function exported(fill: (bench: Workbench) => Promise<string>): Promise<readonly Entry[]> {
  const bench = await Workbench.open({ seed: 'e', play: obedient });
  return bench.log(await fill(bench));
}

async function take(bench: Workbench, ...pieces: (readonly Entry[])[]): Promise<void> {
  const sink = await bench.engine.logs.openImport({ session: 'here', agent: 'plain' }, by);
  for (const piece of pieces) await sink.add(piece);
  await sink.end();
}

describe('an imported log', () => {
  test('P2 P3: its waiting prompts are delivered as they were said last, and whole', async () => {
    const long = `long ${'x'.repeat(2 * limits.pieceChars)} end`;
    const entries = await exported(async (elsewhere) => {
      const session = await elsewhere.session('works');
      await (await elsewhere.watch(session)).entry('delivery');
      await elsewhere.send(session, 'as it was', { id: 'edited' });
      await elsewhere.send(session, long, { id: 'long' });
      await elsewhere.engine.queue.edit(session, 'edited', words('as it is'), by);
      return session;
    });
    const agent = kept(plainAgent((turn) => turn.say('done')));
    const bench = await Workbench.open({ agent: agent.agent });
    const bytes = new TextEncoder().encode(long);
    await bench.store.putBlob(bytes, bench.clock.sha256(bytes));
    await take(bench, entries);
    const { row } = await bench.engine.get('here');
    expect(row).toMatchObject({ status: 'idle', queued: 2, held: true });
    expect(row.lastRun).toMatchObject({ outcome: 'lost' });
    const watch = await bench.watch('here');
    await bench.engine.queue.release('here', by);
    await watch.entry('run_ended', () => true, 3);
    const prompts = given(agent.processes[0]!).filter(({ type }) => type === 'prompt');
    expect(prompts.map(({ content }) => textOf(content as ReturnType<typeof words>))).toEqual([
      'as it is',
      long,
    ]);
  });

  test('L7: with a deletion and its restoration comes in whole, wherever its pieces are cut', async () => {
    const entries = await exported(async (elsewhere) => {
      const session = await elsewhere.session();
      await elsewhere.engine.life.remove(session, by);
      await elsewhere.engine.life.restore(session, by);
      return session;
    });
    const bench = await Workbench.open();
    await take(bench, ...entries.map((entry) => [entry]));
    expect((await bench.log('here')).map(({ id }) => id)).toEqual(entries.map(({ id }) => id));
    expect((await bench.engine.get('here')).row).toMatchObject({ deletedAt: null });
  });

  test('L7: is not added to a session that was deleted', async () => {
    const entries = await exported((elsewhere) => elsewhere.session());
    const bench = await Workbench.open();
    await take(bench, entries);
    await bench.engine.life.remove('here', by);
    await expect(take(bench, entries)).rejects.toMatchObject({ refusal: { code: 'conflict' } });
  });

  test('L2 L3: of which something is written here at the same moment is refused, and drops nothing', async () => {
    const real = await memoryStore();
    let gate: Gate | null = null;
    const store = storeWith(real, () => ({
      append: async (batches) => {
        await gate?.pass();
        return real.append(batches);
      },
    }));
    onTestFinished(() => real.close());
    const entries = await exported(async (elsewhere) => {
      const session = await elsewhere.session();
      const raw = { n: 1 };
      await elsewhere.engine.logs.append(session, { entries: [{ id: 'x1', raw }] }, by);
      return session;
    });
    const bench = await Workbench.open({ store });
    await take(bench, entries.slice(0, 1));
    const sink = await bench.engine.logs.openImport({ session: 'here', agent: 'plain' }, by);
    gate = new Gate();
    const patched = bench.engine.patch('here', { changes: { label: 'l' } }, by);
    await gate.reached;
    const added = sink.add(entries.slice(1));
    added.catch(() => undefined);
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    gate.open();
    gate = null;
    await patched;
    await expect(added).rejects.toMatchObject({ refusal: { code: 'busy' } });
    const log = await bench.log('here');
    expect(log).toHaveLength(2);
    for (const entry of log) expect(bench.clock.sha256(digestText(entry))).toBe(entry.digest);
  });
});
