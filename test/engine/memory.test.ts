import { describe, expect, onTestFinished, test } from 'vitest';
import { textOf } from '../../src/domain/content.ts';
import type { Store } from '../../src/ports/store.ts';
import { plainAgent, plainDriver, type Turn } from '../../src/testing/index.ts';
import { Gate, given, held, kept } from './agents.ts';
import { storeWith } from './store-with.ts';
import { by, memoryStore, Workbench, type WorkbenchOptions, type words } from './workbench.ts';

const echo = (turn: Turn): void => turn.say(`heard ${turn.text.split('\n').at(-1)}`);

/** A session with a turn for each text behind it. */
async function talked(bench: Workbench, ...texts: string[]): Promise<string> {
  const session = await bench.session();
  for (const text of texts) await ask(bench, session, text);
  return session;
}

async function ask(bench: Workbench, session: string, text: string): Promise<void> {
  const ended = (await bench.of(session, 'run_ended')).length;
  const watch = await bench.watch(session);
  await bench.send(session, text);
  await watch.entry('run_ended', () => true, ended + 1);
}

/** What the agent of the latest host was given as its last prompt. */
function told(bench: Workbench): string {
  const process = [...bench.hosts.processes.values()].at(-1)!;
  const prompt = given(process).findLast(({ type }) => type === 'prompt')!;
  return textOf(prompt['content'] as ReturnType<typeof words>);
}

/** Whose store can be held up at one of its calls. */
async function gated(
  call: 'append' | 'putBlob',
  options: WorkbenchOptions = {},
): Promise<{ bench: Workbench; hold: () => Gate }> {
  const real = await memoryStore();
  let gate: Gate | null = null;
  const through =
    <Given extends unknown[], Answer>(then: (...all: Given) => Promise<Answer>) =>
    async (...all: Given): Promise<Answer> => {
      await gate?.pass();
      return then(...all);
    };
  const store = storeWith(real, (): Partial<Store> =>
    call === 'append'
      ? { append: through((batches) => real.append(batches)) }
      : { putBlob: through((bytes, digest) => real.putBlob(bytes, digest)) },
  );
  const bench = await Workbench.open({ play: echo, ...options, store });
  onTestFinished(() => real.close());
  const hold = (): Gate => {
    const next = new Gate();
    gate = next;
    void next.reached.then(() => (gate = null));
    return next;
  };
  return { bench, hold };
}

const twoKept = { keep: 2, summary: 'They greeted.' };

describe('what an agent is to be told after a compaction', () => {
  test('L7: has the turn that passed while it was written', async () => {
    const { bench, hold } = await gated('putBlob');
    const session = await talked(bench, 'alpha', 'beta', 'gamma');
    const gate = hold();
    const compacted = bench.engine.branches.compact(session, twoKept, by);
    await gate.reached;
    await ask(bench, session, 'delta');
    gate.open();
    expect(await compacted).toMatchObject({ compacted: true });
    await ask(bench, session, 'epsilon');
    expect(told(bench)).toMatch(/They greeted\.[^]*delta[^]*heard delta[^]*epsilon$/);
  });

  test('L7 P3: is at hand for the prompts that wait, whatever is stored while it is asked for', async () => {
    const failing = held();
    const play = (turn: Turn): Promise<void> | void =>
      turn.text === 'fail' ? failing.play(turn) : echo(turn);
    const { bench, hold } = await gated('append', { play });
    const session = await talked(bench, 'alpha', 'beta', 'gamma');
    const watch = await bench.watch(session);
    await bench.send(session, 'fail');
    const turn = await failing.begun;
    await bench.send(session, 'delta');
    turn.end('failed');
    await watch.entry('run_ended', () => true, 4);
    const gate = hold();
    const patched = bench.engine.patch(session, { changes: { label: 'l' } }, by);
    await gate.reached;
    const compacted = bench.engine.branches.compact(session, twoKept, by);
    // It waits behind the patch by then.
    for (let turns = 0; turns < 50; turns++) await new Promise((resolve) => setImmediate(resolve));
    gate.open();
    await patched;
    expect(await compacted).toMatchObject({ compacted: true });
    await bench.engine.queue.release(session, by);
    await watch.entry('run_ended', () => true, 5);
    expect(told(bench)).toMatch(/They greeted\.[^]*delta$/);
  });

  test('L7: is told although another compaction was refused before', async () => {
    const opening = Promise.withResolvers<() => void>();
    let hosts = 0;
    const bench = await Workbench.open({
      agent: () =>
        plainAgent(echo, {
          onOpen: (process) => {
            const open = (): void =>
              process.print('{"type":"opened","nativeId":"n1","resumed":false}');
            hosts += 1;
            if (hosts === 1) open();
            else opening.resolve(open);
          },
        }),
    });
    const session = await talked(bench, 'alpha', 'beta', 'gamma');
    await bench.engine.branches.compact(session, twoKept, by);
    const watch = await bench.watch(session);
    await bench.send(session, 'delta');
    const open = await opening.promise;
    const other = { keep: 1, summary: 'They parted.' };
    const again = bench.engine.branches.compact(session, other, by);
    await expect(again).rejects.toMatchObject({ refusal: { code: 'busy' } });
    open();
    await watch.entry('run_ended', () => true, 4);
    expect(told(bench)).toMatch(/They greeted\.[^]*heard gamma[^]*delta$/);
  });
});

describe('what the agent of a fork remembers', () => {
  test('L7: of an entry before a compaction, what was up to there; of one after it, its summary too', async () => {
    const bench = await Workbench.open({ play: echo });
    const base = await talked(bench, 'alpha', 'beta', 'gamma');
    const [first] = await bench.of(base, 'message');
    await bench.engine.branches.compact(base, twoKept, by);
    const { branches } = bench.engine;
    const early = await branches.fork(base, { at: first!.id, changes: {} }, by);
    expect(early.fidelity).toBe('primed');
    await ask(bench, early.row.id, 'early');
    expect(told(bench)).toMatch(/alpha[^]*heard alpha[^]*early$/);
    expect(told(bench)).not.toMatch(/beta|They greeted/);
    const late = await branches.fork(base, { changes: {} }, by);
    await ask(bench, late.row.id, 'late');
    expect(told(bench)).toMatch(/They greeted\.[^]*heard gamma[^]*late$/);
    expect(told(bench)).not.toMatch(/alpha|beta/);
  });

  test('L7: is no copy of a memory that lacks what its base was still to be told', async () => {
    let gone = false;
    const bench = await Workbench.open({
      play: (turn) => {
        if (!gone) return echo(turn);
        turn.process.exit(1);
        return new Promise(() => undefined);
      },
    });
    const base = await talked(bench, 'alpha', 'beta');
    await bench.engine.branches.compact(base, { keep: 1, summary: 'They greeted.' }, by);
    gone = true;
    await ask(bench, base, 'gamma');
    gone = false;
    const { row, fidelity } = await bench.engine.branches.fork(base, { changes: {} }, by);
    expect(fidelity).toBe('primed');
    await ask(bench, row.id, 'delta');
    expect(told(bench)).toMatch(/They greeted\.[^]*delta$/);
  });

  test('L7: is no copy in another directory, where agents do not find it', async () => {
    const bench = await Workbench.open({ play: echo });
    const base = await talked(bench, 'alpha');
    const { branches } = bench.engine;
    const moved = await branches.fork(base, { changes: { cwd: '/other' } }, by);
    expect(moved.fidelity).toBe('primed');
    const { row, fidelity } = await branches.fork(base, { changes: { draft: true } }, by);
    expect(fidelity).toBe('exact');
    const patched = bench.engine.patch(row.id, { changes: { cwd: '/other' } }, by);
    await expect(patched).rejects.toMatchObject({ refusal: { code: 'conflict', field: 'cwd' } });
  });

  test('L7: by another agent: no model of the first is asked of it, and what it cannot take is named', async () => {
    const poor = plainDriver({ profile: { name: 'poor', settings: ['mode'] } });
    const agent = kept(plainAgent(echo));
    const bench = await Workbench.open({ agent: agent.agent, others: [poor] });
    const changes = { model: 'm1', effort: 'high', env: ['A'] };
    const { row } = await bench.engine.create({ changes, secrets: { 'env/A': 's' } }, by);
    const { branches } = bench.engine;
    const refused = branches.fork(row.id, { changes: { agent: 'poor' } }, by);
    await expect(refused).rejects.toMatchObject({ refusal: { code: 'unsupported', field: 'env' } });
    const made = await branches.fork(row.id, { changes: { agent: 'poor', env: [] } }, by);
    expect(made.row).toMatchObject({ agent: 'poor', model: null, effort: null });
    expect(await bench.store.secrets(made.row.id)).toEqual({});
  });
});
