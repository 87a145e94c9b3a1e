import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { limits } from '../../src/domain/limits.ts';
import type { Frame } from '../../src/engine/frames.ts';
import { Connection } from '../../src/store/connection.ts';
import { openStore } from '../../src/store/open.ts';
import { purgeSlice } from '../../src/store/purge.ts';
import { plainAgent } from '../../src/testing/index.ts';
import { tempDir } from '../store/sample.ts';
import { deaf, given, obedient } from './agents.ts';
import { by, Watch, Workbench, words } from './workbench.ts';

const gone = { refusal: { code: 'not_found' } };

describe('a reset', () => {
  test('L7 R4: stops the run, withdraws the queue and begins a new conversation in the same log', async () => {
    const bench = await Workbench.open({
      play: (turn) => (turn.text === 'go' ? obedient(turn) : turn.say('anew')),
    });
    const session = await bench.session('go');
    const watch = await bench.watch(session);
    await watch.entry('delivery');
    await bench.send(session, 'waits');
    const before = await bench.log(session);
    const row = await bench.engine.life.reset(session, 'reset', by);
    expect(row).toMatchObject({ status: 'idle', queued: 0, nativeId: null, held: false });
    const log = await bench.log(session);
    expect(log.slice(0, before.length)).toEqual(before);
    expect(log.at(-1)).toMatchObject({ kind: 'reset', by, data: { reason: 'reset' } });
    expect(await bench.of(session, 'run_ended')).toMatchObject([
      { data: { outcome: 'cancelled' } },
    ]);
    await bench.send(session, 'after');
    await watch.entry('run_ended', ({ data }) => data.outcome === 'completed');
    const [open] = given(bench.hosts.alive[0]!);
    expect(open).toMatchObject({ type: 'open', nativeId: null });
    const delivered = (await bench.of(session, 'delivery')).at(-1);
    expect(delivered!.data).toEqual({ content: words('after') });
  });

  test('R1 R4: changes nothing where the agent cannot be stopped', async () => {
    const bench = await Workbench.open({ play: deaf });
    const session = await bench.session('go');
    await (await bench.watch(session)).entry('delivery');
    bench.hosts.before = ({ name }) => {
      if (name === 'sweep' || name === 'signal') throw new Error('nothing can be ended');
    };
    const asked = bench.engine.life.reset(session, 'reset', by);
    const fate = asked.catch((error: unknown) => error);
    let over = false;
    void fate.finally(() => (over = true));
    while (!over) {
      bench.clock.advance(1000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await fate).toMatchObject({ refusal: { code: 'unavailable' } });
    expect(await bench.of(session, 'reset')).toEqual([]);
    bench.hosts.before = () => undefined;
  });
});

describe('a deletion', () => {
  test('L7 V5: stops the session, hides it, and can be taken back with everything there', async () => {
    const bench = await Workbench.open({ play: obedient });
    const { row } = await bench.engine.create(
      { changes: { key: 'agent:plain:work' }, prompt: { content: words('go') } },
      by,
    );
    const session = row.id;
    await (await bench.watch(session)).entry('delivery');
    const changes: Frame[] = [];
    const list = new Watch();
    list.send = (frame) => void changes.push(frame);
    bench.engine.openList({}, list);
    const first = await bench.engine.life.remove(session, by);
    expect(Date.parse(first.purgeAt) - Date.parse(first.deletedAt)).toBe(limits.retentionMs);
    expect(await bench.engine.life.remove(session, by)).toEqual(first);
    expect(bench.hosts.alive).toEqual([]);
    await expect(bench.engine.find(session)).rejects.toMatchObject(gone);
    await expect(bench.engine.find('agent:plain:work')).rejects.toMatchObject(gone);
    await expect(bench.send(session, 'x')).rejects.toMatchObject(gone);
    bench.clock.advance(100);
    const last = JSON.parse(changes.at(-1)!.params) as { reasons: string[]; row: null };
    expect(last).toMatchObject({ session, row: null });
    expect(last.reasons).toContain('delete');
    await bench.boot();
    await expect(bench.engine.find(session)).rejects.toMatchObject(gone);
    const back = await bench.engine.life.restore(session, by);
    expect(back).toMatchObject({ id: session, key: 'agent:plain:work', deletedAt: null });
    expect(await bench.engine.find('agent:plain:work')).toBe(session);
    await bench.send(session, 'and on');
    await (await bench.watch(session)).entry('delivery', () => true, 2);
  });

  test('L7: a key that somebody else has taken meanwhile stays theirs', async () => {
    const bench = await Workbench.open();
    const key = 'agent:plain:work';
    const { row: old } = await bench.engine.create({ changes: { key } }, by);
    await bench.engine.life.remove(old.id, by);
    const { row: next, created } = await bench.engine.create({ changes: { key } }, by);
    expect(created).toBe(true);
    expect(next.id).not.toBe(old.id);
    expect(await bench.engine.life.restore(old.id, by)).toMatchObject({ key: null });
    expect(await bench.engine.find(key)).toBe(next.id);
  });

  test('L7: a purge leaves nothing, and its id is never another session', async () => {
    const bench = await Workbench.open({ play: (turn) => turn.say('done') });
    const session = await bench.session('go');
    await (await bench.watch(session)).entry('run_ended');
    await bench.engine.life.purge(session, by);
    await bench.engine.life.purge(session, by);
    expect(await bench.store.load(session)).toBeUndefined();
    expect(await bench.store.purged(session)).toBe(true);
    await expect(bench.engine.find(session)).rejects.toMatchObject(gone);
    await expect(bench.engine.create({ id: session, changes: {} }, by)).rejects.toMatchObject({
      refusal: { code: 'id_reused' },
    });
  });

  test('L3 L7: an id of a deleted session makes none and answers none; it is said how to get it back', async () => {
    const bench = await Workbench.open({ play: obedient });
    const made = { id: 'once', changes: {} };
    await bench.engine.create(made, by);
    await bench.engine.life.remove('once', by);
    const refused = { refusal: { code: 'conflict', field: 'id', data: { session: 'once' } } };
    await expect(bench.engine.create(made, by)).rejects.toMatchObject(refused);
    const prompt = { content: words('go') };
    await expect(bench.engine.create({ ...made, prompt }, by)).rejects.toMatchObject(refused);
    await bench.engine.life.restore('once', by);
    await expect(bench.engine.create(made, by)).resolves.toMatchObject({ created: false });
  });

  test('L7: tells its times, though it is taken back in the same turn', async () => {
    const bench = await Workbench.open({ play: obedient });
    const { row } = await bench.engine.create({ changes: {} }, by);
    const actor = bench.engine.life;
    const removals = [actor.remove(row.id, by), actor.remove(row.id, by)];
    const restored = Promise.all(removals.map(() => actor.restore(row.id, by)));
    for (const { deletedAt, purgeAt } of await Promise.all(removals)) {
      expect(Date.parse(purgeAt) - Date.parse(deletedAt)).toBe(limits.retentionMs);
    }
    expect((await restored).map(({ deletedAt }) => deletedAt)).toEqual([null, null]);
  });

  test('L7: purged by several at once is purged for all of them', async () => {
    const bench = await Workbench.open({ play: obedient });
    const { row } = await bench.engine.create({ changes: {} }, by);
    const { life } = bench.engine;
    await Promise.all([life.purge(row.id, by), life.purge(row.id, by), life.purge(row.id, by)]);
    await expect(bench.engine.get(row.id)).rejects.toMatchObject(gone);
    await expect(life.purge(row.id, by)).resolves.toBeUndefined();
  });

  test('L7: what was deleted is purged when its time has come, also over restarts', async () => {
    const bench = await Workbench.open();
    const session = await bench.session();
    await bench.engine.life.remove(session, by);
    await bench.boot();
    bench.clock.advance(limits.retentionMs);
    while (!(await bench.store.purged(session))) {
      bench.clock.advance(3_600_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
  });

  test('L7 L9: a purge that a crash has cut off is brought to its end after the next start', async () => {
    const { dir, remove } = tempDir();
    const store = await openStore({ dir, onFatal: () => expect.unreachable() });
    onTestFinished(async () => {
      await store.close();
      remove();
    });
    const bench = await Workbench.open({ store });
    const session = await bench.session();
    await bench.engine.life.remove(session, by);
    const connection = Connection.writer(join(dir, 'turnkeep.db'));
    purgeSlice(connection, session, '');
    connection.close();
    const due = (): Promise<readonly string[]> => store.purgeable('');
    expect(await due()).toEqual([session]);
    await bench.boot();
    while ((await due()).length > 0) bench.clock.advance(3_600_000);
  });

  test('L7: the main session of an agent stays', async () => {
    const bench = await Workbench.open();
    const { row } = await bench.engine.create({ changes: { key: 'agent:plain:main' } }, by);
    await expect(bench.engine.life.remove(row.id, by)).rejects.toMatchObject({
      refusal: { code: 'invalid' },
    });
  });
});

test('R4: stopAll ends every open run and says how', async () => {
  const bench = await Workbench.open({
    agent: () => plainAgent(obedient),
  });
  const sessions = [await bench.session('one'), await bench.session('two')];
  const idle = await bench.session();
  for (const session of sessions) await (await bench.watch(session)).entry('delivery');
  const stopped = await bench.engine.life.stopAll(null, by);
  expect(new Map(stopped.map(({ session, outcome }) => [session, outcome]))).toEqual(
    new Map(sessions.map((session) => [session, 'cancelled'])),
  );
  expect(await bench.of(idle, 'abort')).toEqual([]);
});
