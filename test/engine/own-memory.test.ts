import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../src/domain/json.ts';
import { RefusalError } from '../../src/domain/refusal.ts';
import type { AgentDriver } from '../../src/ports/agent.ts';
import type { Store } from '../../src/ports/store.ts';
import type { Memories, MemoryLine, Restored } from '../../src/ports/memories.ts';
import { type Death, plainDriver, type Turn } from '../../src/testing/index.ts';
import { atEveryStep, cleared, given, soundLog, survive } from './death.ts';
import { by, memoryStore, Workbench } from './workbench.ts';

const nativeId = '019a0000-1111-7222-8333-444455556666';

/** An agent whose lines name themselves by a `uuid`. */
function remembering(): AgentDriver {
  const read = (line: JsonObject) => ({
    name: typeof line['uuid'] === 'string' ? line['uuid'] : null,
    session: nativeId,
    boundary: false,
    shows: [
      {
        kind: 'message' as const,
        content: [{ type: 'text' as const, text: line['text'] as string }],
      },
    ],
  });
  return { ...plainDriver(), memory: { read } };
}

const line = (uuid: string): string => JSON.stringify({ uuid, text: `said ${uuid}` });

/** The agents' files of a machine. */
class Machine implements Memories {
  readonly files = new Map<string, string[]>();
  /** Why nothing can be put there. */
  closed: string | null = null;
  /** Happens while lines are put in their place. */
  meanwhile: () => Promise<void> = async () => undefined;

  async restore(
    session: { nativeId: string },
    lines: AsyncIterable<MemoryLine>,
  ): Promise<Restored> {
    const all: string[] = [];
    for await (const { text } of lines) all.push(text);
    await this.meanwhile();
    if (this.closed !== null) return { restored: false, reason: this.closed };
    this.files.set(session.nativeId, all);
    return { restored: true };
  }

  async *capture(
    session: { nativeId: string },
    known: AsyncIterable<MemoryLine>,
  ): AsyncGenerator<MemoryLine> {
    const had = new Set<string>();
    for await (const { text } of known) had.add(text);
    for (const text of this.files.get(session.nativeId) ?? []) {
      if (!had.has(text)) yield { file: '', text };
    }
  }
}

let store: Store;
beforeAll(async () => {
  store = await memoryStore();
});
afterAll(() => store.close());

let benches = 0;
async function world(more: { play?: (turn: Turn) => void } = {}) {
  const machine = new Machine();
  const driver = remembering();
  const seed = `own${(benches += 1)}-`;
  const bench = await Workbench.open({ store, driver, memories: machine, seed, ...more });
  return { bench, machine };
}

/** Lines that somebody elsewhere writes; the first ones make the session. */
async function written(bench: Workbench, session: string, ...uuids: string[]): Promise<void> {
  const lines = uuids.map((uuid) => ({ text: line(uuid) }));
  await bench.engine.logs.appendLines(session, { format: 'plain', lines }, by);
}

const toHost = (bench: Workbench, session: string, cwd = '/work') =>
  bench.engine.owners.takeOver(session, { writer: 'host', cwd }, by);
const toOutside = (bench: Workbench, session: string) =>
  bench.engine.owners.takeOver(session, { writer: 'external' }, by);

/** What the last host was opened with. */
function openedWith(bench: Workbench): unknown {
  return given(bench).findLast(({ type }) => type === 'open');
}

async function answered(bench: Workbench, session: string, text: string): Promise<void> {
  const before = (await bench.of(session, 'run_ended')).length;
  await bench.send(session, text);
  await (await bench.watch(session)).entry('run_ended', () => true, before + 1);
}

describe('an agent takes over what was said elsewhere', () => {
  test('L12 R10: its files are put in their place, and it opens its own session with them', async () => {
    const { bench, machine } = await world();
    const session = bench.clock.newId();
    await written(bench, session, 'a', 'b');
    await written(bench, session, 'c');
    const answer = await toHost(bench, session);
    expect(answer).toMatchObject({
      memory: 'exact',
      reason: null,
      row: { nativeId, cwd: '/work' },
    });
    expect(machine.files.get(nativeId)).toEqual([line('a'), line('b'), line('c')]);
    await answered(bench, session, 'go on');
    expect(openedWith(bench)).toMatchObject({ nativeId });
    const [owner] = (await bench.of(session, 'owner')).toReversed();
    expect(owner!.data).toMatchObject({ state: 'host', epoch: 2, memory: 'exact', nativeId });
    await soundLog(bench, session);
    await cleared(bench);
  });

  test('L12: where they cannot be put, it is told what was said, and why is in the log', async () => {
    const { bench, machine } = await world();
    machine.closed = 'the disk is full';
    const session = bench.clock.newId();
    await written(bench, session, 'a');
    const answer = await toHost(bench, session);
    expect(answer).toMatchObject({ memory: 'primed', reason: 'the disk is full' });
    await answered(bench, session, 'go on');
    expect(openedWith(bench)).toMatchObject({ nativeId: null });
    const prompt = given(bench).find(({ type }) => type === 'prompt');
    expect(prompt).toMatchObject({ primed: true });
    expect(JSON.stringify(prompt)).toContain('said a');
    await cleared(bench);
  });

  test('L4: what is written while its files are made is in them, too', async () => {
    const { bench, machine } = await world();
    const session = bench.clock.newId();
    await written(bench, session, 'a');
    let times = 0;
    machine.meanwhile = async () => {
      if ((times += 1) < 3) await written(bench, session, `late${times}`);
    };
    expect(await toHost(bench, session)).toMatchObject({ memory: 'exact' });
    expect(machine.files.get(nativeId)).toEqual([line('a'), line('late1'), line('late2')]);
    await expect(written(bench, session, 'zombie')).rejects.toMatchObject({
      refusal: { code: 'busy' },
    });
    await cleared(bench);
  });

  test('L4: one that is written to without end is refused, and taken over after its writer is fenced', async () => {
    const { bench, machine } = await world();
    const session = bench.clock.newId();
    await written(bench, session, 'a');
    let times = 0;
    machine.meanwhile = () => written(bench, session, `more${(times += 1)}`);
    await expect(toHost(bench, session)).rejects.toMatchObject({ refusal: { code: 'busy' } });
    expect((await bench.engine.get(session)).row.writer.state).toBe('external');
    const { row } = await toOutside(bench, session);
    machine.meanwhile = async () => {
      const append = { format: 'plain', lines: [{ text: line('x') }], epoch: 1 };
      await expect(bench.engine.logs.appendLines(session, append, by)).rejects.toMatchObject({
        refusal: { code: 'fenced', data: { epoch: row.writer.epoch } },
      });
    };
    expect(await toHost(bench, session)).toMatchObject({ memory: 'exact' });
    await cleared(bench);
  });

  test('L12 L7: not of a conversation that was reset before', async () => {
    const { bench, machine } = await world({ play: (turn) => turn.say('yes') });
    const session = bench.clock.newId();
    await written(bench, session, 'a');
    await toHost(bench, session);
    await answered(bench, session, 'go on');
    await bench.engine.life.reset(session, 'reset', by);
    await toOutside(bench, session);
    machine.files.clear();
    expect(await toHost(bench, session)).toMatchObject({ memory: 'none' });
    expect(machine.files.size).toBe(0);
    await answered(bench, session, 'anew');
    expect(openedWith(bench)).toMatchObject({ nativeId: null });
    await cleared(bench);
  });

  test('R10: lines that differ from others of their name are in no file', async () => {
    const { bench, machine } = await world();
    const session = bench.clock.newId();
    await written(bench, session, 'a', 'b');
    const other = JSON.stringify({ uuid: 'a', text: 'something else' });
    const lines = [{ text: other }];
    await bench.engine.logs.appendLines(session, { format: 'plain', lines }, by);
    await toHost(bench, session);
    expect(machine.files.get(nativeId)).toEqual([line('a'), line('b')]);
    await cleared(bench);
  });
});

async function unlessDone(
  bench: Workbench,
  session: string,
  state: string,
  call: () => Promise<unknown>,
): Promise<void> {
  const { row } = await bench.engine.get(session);
  if (row.writer.state === state) return;
  await call().catch((error: unknown) => {
    // Done by a daemon that died before it could say so.
    if (!(error instanceof RefusalError) || error.refusal.code !== 'conflict') throw error;
  });
}

describe('with the daemon killed at every step', () => {
  const takenOnce = async (deaths: readonly Death[]): Promise<number> => {
    const { bench, machine } = await world({ play: (turn) => turn.say('yes') });
    const session = bench.clock.newId();
    await written(bench, session, 'a', 'b');
    const died = await survive(
      bench,
      async (life) => {
        await unlessDone(life, session, 'host', () => toHost(life, session));
        const done = (await life.of(session, 'prompt')).length > 0;
        if (!done) await life.send(session, 'go on', { id: 'the-prompt' });
        await (await life.watch(session)).entry('run_ended');
      },
      deaths,
    );
    await soundLog(bench, session);
    expect(machine.files.get(nativeId)).toEqual([line('a'), line('b')]);
    const owners = await bench.of(session, 'owner');
    expect(owners.map(({ data }) => [data.state, data.epoch])).toEqual([
      ['external', 1],
      ['host', 2],
    ]);
    for (const open of given(bench).filter(({ type }) => type === 'open')) {
      expect(open).toMatchObject({ nativeId });
    }
    expect(await bench.of(session, 'prompt')).toHaveLength(1);
    await expect(written(bench, session, 'zombie')).rejects.toMatchObject({
      refusal: { code: 'busy' },
    });
    await cleared(bench);
    return died;
  };

  test('L12 R7 L4: taken over once, with all of its memory', { timeout: 120_000 }, async () => {
    expect(await atEveryStep(takenOnce)).toBeGreaterThan(20);
  });

  const givenOnce = async (deaths: readonly Death[]): Promise<number> => {
    const { bench, machine } = await world({ play: (turn) => turn.say('yes') });
    const session = await bench.session('go');
    await (await bench.watch(session)).entry('run_ended');
    // More than goes into one transaction.
    const lines = ['l1', 'l2', 'l3'].map((uuid) => line(`${uuid}-${'x'.repeat(600_000)}`));
    machine.files.set('native-1', lines);
    const there = { server: 'there', url: 'http://there.example' };
    const died = await survive(
      bench,
      (life) =>
        unlessDone(life, session, 'moving', () => life.engine.owners.give(session, there, by)),
      deaths,
    );
    await soundLog(bench, session);
    const natives = await bench.of(session, 'native');
    const digests = lines.map((text) => bench.clock.sha256(text));
    expect(natives.map(({ data }) => data.blob?.digest)).toEqual(digests);
    expect((await bench.log(session)).at(-1)).toMatchObject({ kind: 'owner' });
    await cleared(bench);
    return died;
  };

  test(
    'L12 R7: given away once, with all that its agent had told only its files',
    { timeout: 120_000 },
    async () => {
      expect(await atEveryStep(givenOnce)).toBeGreaterThan(10);
    },
  );
});
