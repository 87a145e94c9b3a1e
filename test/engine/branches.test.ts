import { describe, expect, test } from 'vitest';
import { textOf } from '../../src/domain/content.ts';
import { plainDriver, type Turn } from '../../src/testing/index.ts';
import { given } from './agents.ts';
import { by, Workbench, words } from './workbench.ts';

const echo = (turn: Turn): void => {
  const last = turn.text.split('\n').at(-1);
  turn.say(`heard ${last}`);
  turn.end('completed', { mark: `after ${last}` });
};

/** A session with so many turns behind it. */
async function talked(bench: Workbench, ...texts: string[]): Promise<string> {
  const [first, ...others] = texts;
  const session = await bench.session(first);
  const watch = await bench.watch(session);
  await watch.entry('run_ended');
  for (const [at, text] of others.entries()) {
    await bench.send(session, text);
    await watch.entry('run_ended', () => true, at + 2);
  }
  return session;
}

/** What the agent of the latest host was given as its first prompt. */
function primed(bench: Workbench): string {
  const process = [...bench.hosts.processes.values()].at(-1)!;
  const prompt = given(process).find(({ type }) => type === 'prompt')!;
  return textOf(prompt['content'] as ReturnType<typeof words>);
}

describe('a compaction', () => {
  test('L7: the agent begins anew with the last entries and the summary; older ones stay', async () => {
    const bench = await Workbench.open({ play: echo });
    const session = await talked(bench, 'alpha', 'beta', 'gamma');
    const before = await bench.log(session);
    const answer = await bench.engine.branches.compact(
      session,
      { keep: 2, summary: 'They greeted.' },
      by,
    );
    expect(answer).toEqual({ compacted: true, kept: 2 });
    expect((await bench.log(session)).slice(0, before.length)).toEqual(before);
    const [entry] = await bench.of(session, 'compaction');
    const kept = before.find(({ seq }) => seq === entry!.data.keepSeq)!;
    expect(kept).toMatchObject({ id: entry!.data.keep, kind: 'delivery' });
    const watch = await bench.watch(session);
    await bench.send(session, 'delta');
    await watch.entry('run_ended', () => true, 4);
    expect(bench.hosts.launched).toHaveLength(2);
    const told = primed(bench);
    expect(told).toMatch(/They greeted\.[^]*gamma[^]*heard gamma[^]*delta$/);
    expect(told).not.toMatch(/alpha|beta/);
    // Once: the next prompt goes as it is.
    await bench.send(session, 'epsilon');
    await watch.entry('run_ended', () => true, 5);
    const deliveries = await bench.of(session, 'delivery');
    expect(deliveries.at(-1)!.data).toEqual({ content: words('epsilon') });
    expect(deliveries.at(-2)!.data).toMatchObject({ primed: true });
  });

  test('L7 L5: leaves the chain of parents whole, from the newest node to the first', async () => {
    const bench = await Workbench.open({ play: echo });
    const session = await talked(bench, 'alpha', 'beta');
    for (const keep of [2, 1]) {
      await bench.engine.branches.compact(session, { keep, summary: 'They greeted.' }, by);
      await bench.send(session, 'more');
      await (await bench.watch(session)).entry('run_ended', () => true, 5 - keep);
    }
    const nodes = (await bench.log(session)).filter(({ parentId }) => parentId !== undefined);
    const before = [null, ...nodes.map(({ id }) => id)];
    expect(nodes.map(({ parentId }) => parentId)).toEqual(before.slice(0, -1));
    const query = { session, after: 0, path: true, limit: 1000, maxBytes: 1e9 } as const;
    expect((await bench.store.history(query)).entries).toEqual(await bench.log(session));
    expect(await bench.store.check(session)).toEqual([]);
  });

  test('R7: what the agent is to be told survives a restart before it is told', async () => {
    const bench = await Workbench.open({ play: echo });
    const session = await talked(bench, 'alpha', 'beta');
    await bench.engine.branches.compact(session, { keep: 1 }, by);
    await bench.boot();
    await bench.engine.recovered;
    await bench.send(session, 'gamma');
    await (await bench.watch(session)).entry('run_ended', () => true, 3);
    expect(primed(bench)).toMatch(/heard beta[^]*gamma$/);
  });

  test('L7: of a short session does nothing; beside a run it is refused', async () => {
    const bench = await Workbench.open({ play: echo });
    const session = await talked(bench, 'alpha');
    const before = await bench.log(session);
    expect(await bench.engine.branches.compact(session, { keep: 400 }, by)).toEqual({
      compacted: false,
      kept: 2,
      reason: 'short',
    });
    expect(await bench.log(session)).toEqual(before);
    const busy = await Workbench.open({ play: () => new Promise(() => undefined) });
    const working = await busy.session('go');
    await busy.engine.logs.append(working, { entries: [{ raw: 1 }] }, by);
    const asked = busy.engine.branches.compact(working, { keep: 1 }, by);
    await expect(asked).resolves.toMatchObject({ compacted: false });
  });
});

describe('a fork', () => {
  test('L7: at the end, of an agent that can, copies its memory; the base is untouched', async () => {
    const bench = await Workbench.open({ play: echo });
    const base = await talked(bench, 'alpha', 'beta');
    const before = await bench.log(base);
    const forked = await bench.engine.branches.fork(base, { changes: {} }, by);
    expect(forked.fidelity).toBe('exact');
    const last = before.at(-1)!;
    expect(forked.row).toMatchObject({
      title: 'alpha',
      key: null,
      forkedFrom: { session: base, seq: last.seq },
    });
    await bench.send(forked.row.id, 'gamma');
    await (await bench.watch(forked.row.id)).entry('run_ended');
    const [open] = given([...bench.hosts.processes.values()].at(-1)!);
    const copied = { forkOf: 'native-1', forkAt: 'after beta' };
    expect(open).toMatchObject({ type: 'open', nativeId: null, ...copied });
    expect(primed(bench)).toBe('gamma');
    expect(await bench.log(base)).toEqual(before);
    const [first] = await bench.log(forked.row.id);
    expect(first).toMatchObject({ seq: 1, kind: 'fork', parentId: null });
  });

  test('L7 R7: copies the memory of then, also where its base went on before, and after a restart', async () => {
    const bench = await Workbench.open({ play: echo });
    const base = await talked(bench, 'alpha');
    const { row, fidelity } = await bench.engine.branches.fork(base, { changes: {} }, by);
    expect(fidelity).toBe('exact');
    await bench.send(base, 'beta');
    await (await bench.watch(base)).entry('run_ended', () => true, 2);
    await bench.boot();
    await bench.engine.recovered;
    await bench.send(row.id, 'gamma');
    await (await bench.watch(row.id)).entry('run_ended');
    const [open] = given([...bench.hosts.processes.values()].at(-1)!);
    expect(open).toMatchObject({ nativeId: null, forkOf: 'native-1', forkAt: 'after alpha' });
    expect(primed(bench)).toBe('gamma');
    // Its next host resumes what is its own by now.
    await bench.engine.patch(row.id, { changes: { effort: 'high' } }, by);
    await bench.send(row.id, 'delta');
    await (await bench.watch(row.id)).entry('run_ended', () => true, 2);
    const [again] = given([...bench.hosts.processes.values()].at(-1)!);
    expect(again).toMatchObject({ nativeId: 'native-1', forkOf: null, forkAt: null });
  });

  test('L7: where it is not known how far the agent’s memory goes, it is told', async () => {
    const marks = [{ mark: 'first' }, { mark: undefined }];
    const bench = await Workbench.open({
      play: (turn) => {
        turn.say(`heard ${turn.text}`);
        turn.end('completed', marks.shift());
      },
    });
    const base = await talked(bench, 'alpha', 'beta');
    const [one, two] = await bench.of(base, 'run_ended');
    expect(one!.data.mark).toBe('first');
    expect(two!.data).not.toHaveProperty('mark');
    const forked = await bench.engine.branches.fork(base, { changes: {} }, by);
    expect(forked.fidelity).toBe('primed');
    await bench.send(forked.row.id, 'gamma');
    await (await bench.watch(forked.row.id)).entry('run_ended');
    expect(primed(bench)).toMatch(/heard alpha[^]*heard beta[^]*gamma$/);
  });

  test('L3: asked for again is the same one, with what its agent remembers; of another base it is refused', async () => {
    const bench = await Workbench.open({ play: echo });
    const [base, other] = [await talked(bench, 'alpha'), await talked(bench, 'beta')];
    const [delivery] = await bench.of(base, 'delivery');
    const { branches } = bench.engine;
    const input = { id: 'forked', changes: {} };
    const made = await branches.fork(base, input, by);
    expect(made).toMatchObject({ created: true, fidelity: 'exact' });
    // What a fork of now would remember is something else.
    await bench.send(base, 'gamma');
    await (await bench.watch(base)).entry('run_ended', () => true, 2);
    const again = await branches.fork(base, input, by);
    expect(again).toMatchObject({ created: false, fidelity: 'exact', row: { id: 'forked' } });
    const refused = { refusal: { code: 'conflict', field: 'id' } };
    await expect(branches.fork(other, input, by)).rejects.toMatchObject(refused);
    await expect(branches.fork(base, { ...input, id: other }, by)).rejects.toMatchObject(refused);
    const elsewhere = branches.fork(base, { ...input, at: delivery!.id }, by);
    await expect(elsewhere).rejects.toMatchObject(refused);
  });

  test('L7: at an entry before the end tells the agent what was up to there', async () => {
    const bench = await Workbench.open({ play: echo });
    const base = await talked(bench, 'alpha', 'beta');
    const [message] = await bench.of(base, 'message');
    const forked = await bench.engine.branches.fork(
      base,
      { at: message!.id, changes: { title: 'other' }, prompt: { content: words('gamma') } },
      by,
    );
    expect(forked).toMatchObject({ fidelity: 'primed', row: { title: 'other' } });
    await (await bench.watch(forked.row.id)).entry('run_ended');
    expect(primed(bench)).toMatch(/alpha[^]*heard alpha[^]*gamma$/);
    expect(primed(bench)).not.toMatch(/beta/);
    // A fork of the fork goes back through both.
    const twice = await bench.engine.branches.fork(
      forked.row.id,
      { changes: {}, at: (await bench.of(forked.row.id, 'delivery'))[0]!.id },
      by,
    );
    expect(twice.fidelity).toBe('primed');
    await bench.send(twice.row.id, 'delta');
    await (await bench.watch(twice.row.id)).entry('run_ended');
    expect(primed(bench)).toMatch(/alpha[^]*heard alpha[^]*gamma[^]*delta$/);
    expect(primed(bench)).not.toMatch(/heard gamma/);
  });

  test('L7: inherits settings and values, not the key; what is named is overridden', async () => {
    const bench = await Workbench.open({ play: echo });
    const { row: base } = await bench.engine.create(
      {
        changes: {
          key: 'agent:plain:base',
          model: 'm1',
          maxTurns: 5,
          env: ['TOKEN'],
          meta: { issue: '7' },
        },
        secrets: { 'env/TOKEN': 'secret' },
      },
      by,
    );
    const { row } = await bench.engine.branches.fork(base.id, { changes: { mode: 'plan' } }, by);
    const { settings } = await bench.engine.get(row.id);
    expect(row).toMatchObject({ key: null, meta: { issue: '7' }, model: 'm1', mode: 'plan' });
    expect(settings).toMatchObject({ env: ['TOKEN'], maxTurns: null });
    expect(await bench.store.secrets(row.id)).toEqual({ 'env/TOKEN': 'secret' });
  });

  test('L7: at nothing that is there is refused, and leaves nothing', async () => {
    const bench = await Workbench.open({ driver: plainDriver({ profile: { fork: false } }) });
    const base = await bench.session();
    const fork = bench.engine.branches.fork(base, { at: 'nobody', changes: {} }, by);
    await expect(fork).rejects.toMatchObject({ refusal: { code: 'not_found', field: 'at' } });
    const empty = await bench.engine.branches.fork(base, { changes: {} }, by);
    expect(empty.fidelity).toBe('none');
  });
});
