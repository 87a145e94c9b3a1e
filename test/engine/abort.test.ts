import { describe, expect, test } from 'vitest';
import { limits } from '../../src/domain/limits.ts';
import { plainAgent, type Turn } from '../../src/testing/index.ts';
import { given } from './agents.ts';
import { Workbench, words } from './workbench.ts';

/** An agent that stops when it is asked to. */
const obedient = async (turn: Turn): Promise<void> => {
  turn.say('working');
  await turn.cancelled;
  turn.end('cancelled', { stopReason: 'cancelled' });
};
/** One that works on whatever it is asked. */
const deaf = async (turn: Turn): Promise<void> => {
  turn.say('working');
  await new Promise(() => undefined);
};
/** One that shows nothing. */
const silent = (): Promise<void> => new Promise(() => undefined);

async function kinds(bench: Workbench, session: string): Promise<string[]> {
  return (await bench.log(session)).map((entry) => entry.kind);
}

describe('abort', () => {
  test('R4: of an idle session answers that there is no active run and writes nothing', async () => {
    const bench = await Workbench.open();
    const session = await bench.session();
    const before = await bench.log(session);
    expect(await bench.abort(session)).toMatchObject({ status: 'no-active-run', queued: 0 });
    expect(await bench.log(session)).toEqual(before);
  });

  test('R4 P3: before the agent is open ends the run at once, and the prompt is withdrawn', async () => {
    const agent = plainAgent(obedient, { onOpen: () => undefined });
    const bench = await Workbench.open({ agent: () => agent });
    const session = await bench.session('go');
    expect(await bench.abort(session, { wait: true })).toMatchObject({
      status: 'aborted',
      outcome: 'cancelled',
    });
    const all = await bench.log(session);
    expect(all.slice(-3)).toMatchObject([
      { kind: 'abort' },
      { kind: 'queue', data: { change: 'withdrawn' } },
      { kind: 'run_ended', data: { outcome: 'cancelled' } },
    ]);
  });

  test('R4: of a run that works writes its intent first and ends when the agent has', async () => {
    const bench = await Workbench.open({ play: obedient });
    const session = await bench.session('go');
    const watch = await bench.watch(session);
    await watch.entry('delivery');
    const answer = await bench.abort(session, { wait: true });
    expect(answer).toMatchObject({ status: 'aborted', outcome: 'cancelled' });
    const all = await kinds(bench, session);
    expect(all.indexOf('abort')).toBeLessThan(all.indexOf('run_ended'));
    expect(bench.hosts.alive).toHaveLength(1);
  });

  test('R4: answers stopping where nobody waits for the end', async () => {
    const bench = await Workbench.open({ play: obedient });
    const session = await bench.session('go');
    const watch = await bench.watch(session);
    await watch.entry('delivery');
    expect(await bench.abort(session)).toMatchObject({ status: 'stopping' });
    await watch.entry('run_ended');
  });

  test('R4 A3: of a run that waits for an approval withdraws the question', async () => {
    const bench = await Workbench.open({
      play: async (turn) => {
        expect(await turn.ask('may I')).toBeNull();
        turn.end('cancelled');
      },
    });
    const session = await bench.session('go');
    const watch = await bench.watch(session);
    const approval = await watch.entry('approval');
    expect(await bench.abort(session, { wait: true })).toMatchObject({ outcome: 'cancelled' });
    expect(await bench.of(session, 'decision')).toMatchObject([
      { about: approval.id, data: { outcome: 'withdrawn' } },
    ]);
    const choice = { verdict: 'allow' } as const;
    await expect(
      bench.engine.approvals.decide(
        session,
        { approval: approval.id, choice },
        { type: 'client', token: 't' },
      ),
    ).rejects.toMatchObject({ refusal: { code: 'already_decided' } });
    expect(await bench.of(session, 'decision')).toHaveLength(1);
  });

  test('R4: the intent stands in the store before the agent is told', async () => {
    const seen: string[][] = [];
    let session = '';
    const bench: Workbench = await Workbench.open({
      play: async (turn) => {
        turn.say('working');
        await turn.cancelled;
        seen.push(await kinds(bench, session));
        turn.end('cancelled');
      },
    });
    session = await bench.session('go');
    const watch = await bench.watch(session);
    await watch.entry('delivery');
    await bench.abort(session, { wait: true });
    expect(seen[0]!.at(-1)).toBe('abort');
  });

  test('R4 R5: an agent that ignores the cancel is terminated after its deadline', async () => {
    const bench = await Workbench.open({ play: deaf });
    const session = await bench.session('go');
    const watch = await bench.watch(session);
    await watch.entry('delivery');
    const ended = bench.abort(session, { wait: true });
    await bench.clock.armed(limits.cancelMs);
    bench.clock.advance(limits.cancelMs - 1);
    expect(bench.hosts.alive).toHaveLength(1);
    bench.clock.advance(1);
    expect(await ended).toMatchObject({ status: 'aborted', outcome: 'killed' });
    expect(await bench.of(session, 'run_ended')).toMatchObject([{ data: { signal: 'SIGTERM' } }]);
  });

  test('R5: one that ignores SIGTERM too is killed after another deadline, with the proof', async () => {
    const agent = plainAgent(deaf);
    const bench = await Workbench.open({
      agent: () => (process) => {
        process.ignoresTerm = true;
        return agent(process);
      },
    });
    const session = await bench.session('go');
    const watch = await bench.watch(session);
    await watch.entry('delivery');
    const ended = bench.abort(session, { wait: true });
    await bench.clock.armed(limits.cancelMs);
    bench.clock.advance(limits.cancelMs);
    await bench.clock.armed(limits.terminateMs);
    bench.clock.advance(limits.terminateMs);
    expect(await ended).toMatchObject({ outcome: 'killed', proof: { gone: true } });
    expect(bench.hosts.alive).toHaveLength(0);
  });

  test('R4 R5: by force does not wait for the agent', async () => {
    const bench = await Workbench.open({ play: deaf });
    const session = await bench.session('go');
    const watch = await bench.watch(session);
    await watch.entry('delivery');
    expect(await bench.abort(session, { force: true })).toMatchObject({
      status: 'aborted',
      outcome: 'killed',
      proof: { gone: true },
    });
  });

  test('R4: by force goes over an abort that is under way', async () => {
    const bench = await Workbench.open({ play: deaf });
    const session = await bench.session('go');
    const watch = await bench.watch(session);
    await watch.entry('delivery');
    expect(await bench.abort(session)).toMatchObject({ status: 'stopping' });
    expect(await bench.abort(session, { force: true })).toMatchObject({ outcome: 'killed' });
    expect(await bench.of(session, 'abort')).toMatchObject([
      { data: { force: false } },
      { data: { force: true } },
    ]);
    expect(await bench.of(session, 'run_ended')).toHaveLength(1);
  });

  test('R4 P3: of a prompt that was sent and never shown ends in indeterminate', async () => {
    const bench = await Workbench.open({ play: silent });
    const session = await bench.session('go');
    const watch = await bench.watch(session);
    await watch.entry('host', (entry) => entry.data.state === 'opened');
    expect(await bench.abort(session, { force: true })).toMatchObject({ outcome: 'killed' });
    expect(await bench.of(session, 'queue')).toMatchObject([{ data: { change: 'indeterminate' } }]);
  });

  test('R2: an agent that dies during the abort has a cancelled run', async () => {
    const bench = await Workbench.open({
      play: async (turn) => {
        turn.say('working');
        await turn.cancelled;
        turn.process.exit(1);
      },
    });
    const session = await bench.session('go');
    const watch = await bench.watch(session);
    await watch.entry('delivery');
    expect(await bench.abort(session, { wait: true })).toMatchObject({ outcome: 'cancelled' });
    await watch.entry('host', (entry) => entry.data.state === 'ended');
    expect(await bench.of(session, 'run_ended')).toHaveLength(1);
  });

  test('P3: holds the queue until the next send, or withdraws it where that was asked', async () => {
    const bench = await Workbench.open({ play: obedient });
    const session = await bench.session('one');
    const watch = await bench.watch(session);
    await watch.entry('delivery');
    const two = await bench.send(session, 'two');
    expect(two).toMatchObject({ state: 'queued', position: 1 });
    expect(await bench.abort(session, { wait: true })).toMatchObject({ queued: 1 });
    expect((await bench.engine.get(session)).row).toMatchObject({
      held: true,
      queued: 1,
      status: 'idle',
    });
    await bench.send(session, 'three');
    await watch.entry('delivery', () => true, 2);
    expect(await bench.abort(session, { wait: true, queue: 'withdraw' })).toMatchObject({
      queued: 0,
    });
    const [fate] = await bench.of(session, 'queue');
    expect(fate).toMatchObject({ about: two.entry.id, data: { change: 'withdrawn' } });
  });

  test('R2 R4: in the moment when the agent has ended, or later, ends nothing twice', async () => {
    const said = Promise.withResolvers<Turn>();
    const bench = await Workbench.open({
      play: (turn) => {
        turn.say('all');
        said.resolve(turn);
        return new Promise(() => undefined);
      },
    });
    const session = await bench.session('go');
    const watch = await bench.watch(session);
    await watch.entry('delivery');
    (await said.promise).end('completed');
    await bench.abort(session, { wait: true });
    for (let time = 0; time < 3; time++) {
      expect(await bench.abort(session)).toMatchObject({ status: 'no-active-run' });
    }
    await bench.boot();
    expect(await bench.abort(session)).toMatchObject({ status: 'no-active-run' });
    const all = await kinds(bench, session);
    expect(all.filter((kind) => kind === 'run_ended')).toHaveLength(1);
    expect(all.indexOf('run_ended')).toBeGreaterThan(all.lastIndexOf('abort'));
  });

  test('P3 V4: a prompt that was withdrawn never reaches the agent, and what was being said is stored once', async () => {
    const play = (turn: Turn): Promise<void> | void =>
      turn.text === 'one' ? obedient(turn) : turn.say(turn.text);
    const bench = await Workbench.open({ play });
    const session = await bench.session('one');
    const watch = await bench.watch(session);
    await watch.entry('delivery');
    const { entry } = await bench.send(session, 'two');
    await bench.abort(session, { wait: true, queue: 'withdraw' });
    // Others go on in the same host: it does not come before, between or after them.
    for (const [at, text] of ['three', 'four'].entries()) {
      await bench.send(session, text);
      await watch.entry('run_ended', () => true, at + 2);
    }
    const prompts = given(bench.hosts.alive[0]!).filter(({ type }) => type === 'prompt');
    expect(prompts).toHaveLength(3);
    expect(JSON.stringify(prompts)).not.toContain(entry.id);
    expect((await bench.engine.get(session)).row).toMatchObject({ queued: 0, status: 'idle' });
    const texts = (await bench.of(session, 'message')).map(({ data }) => data);
    expect(texts).toEqual([
      { content: words('working'), incomplete: true },
      { content: words('three') },
      { content: words('four') },
    ]);
  });

  test('P2: an interrupt aborts the run and goes on with its own prompt', async () => {
    const bench = await Workbench.open({ play: obedient });
    const session = await bench.session('one');
    const watch = await bench.watch(session);
    await watch.entry('delivery');
    await bench.send(session, 'later');
    const sent = await bench.send(session, 'now', { delivery: 'interrupt' });
    expect(sent).toMatchObject({ state: 'queued', position: 1 });
    const next = await watch.entry('delivery', () => true, 2);
    expect(next.about).toBe(sent.entry.id);
    expect((await bench.of(session, 'run_ended'))[0]).toMatchObject({
      data: { outcome: 'cancelled' },
    });
    expect((await bench.engine.get(session)).row).toMatchObject({ queued: 1, held: false });
  });

  test('P2: an interrupt of an agent that has to be killed goes on in a new host', async () => {
    const bench = await Workbench.open({
      play: (turn) => (turn.text === 'one' ? deaf(turn) : turn.say('here')),
    });
    const session = await bench.session('one');
    const watch = await bench.watch(session);
    await watch.entry('delivery');
    const sent = await bench.send(session, 'now', { delivery: 'interrupt' });
    await bench.clock.armed(limits.cancelMs);
    bench.clock.advance(limits.cancelMs);
    await watch.entry('run_ended', () => true, 2);
    expect(await bench.of(session, 'run_ended')).toMatchObject([
      { data: { outcome: 'killed' } },
      { data: { outcome: 'completed' } },
    ]);
    expect((await bench.of(session, 'delivery'))[1]).toMatchObject({ about: sent.entry.id });
    expect(bench.hosts.launched).toHaveLength(2);
  });

  test('R4: goes on after a restart of the daemon', async () => {
    const bench = await Workbench.open({ play: deaf });
    const session = await bench.session('go');
    const watch = await bench.watch(session);
    await watch.entry('delivery');
    await bench.abort(session);
    await bench.boot();
    await bench.engine.recovered;
    await bench.clock.armed(limits.cancelMs);
    const again = await bench.watch(session);
    bench.clock.advance(limits.cancelMs);
    expect(await again.entry('run_ended')).toMatchObject({ data: { outcome: 'killed' } });
  });

  test('a run that may last only so long is cancelled then', async () => {
    const bench = await Workbench.open({ play: obedient });
    const session = await bench.session();
    const watch = await bench.watch(session);
    await bench.send(session, 'go', { timeoutMs: 1000 });
    await watch.entry('delivery');
    bench.clock.advance(1000);
    const end = await watch.entry('run_ended');
    expect(end.data).toMatchObject({ outcome: 'cancelled', stopReason: 'timeout' });
  });
});
