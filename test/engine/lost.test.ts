import { describe, expect, test } from 'vitest';
import { textOf } from '../../src/domain/content.ts';
import { limits } from '../../src/domain/limits.ts';
import { plainDriver, type Turn } from '../../src/testing/index.ts';
import { deaf } from './agents.ts';
import { by, Workbench, words } from './workbench.ts';

/** A session that goes on after a loss, with a prompt. */
async function continuing(bench: Workbench, text = 'go'): Promise<string> {
  const input = { changes: { onLost: 'continue' as const }, prompt: { content: words(text) } };
  return (await bench.engine.create(input, by)).row.id;
}

/** The machine restarts, and with it the daemon; the session's run is lost. */
async function reboot(bench: Workbench, session: string): Promise<void> {
  const before = (await bench.of(session, 'run_ended')).length;
  bench.life.kill();
  bench.hosts.reboot();
  await bench.boot();
  await bench.engine.recovered;
  await (await bench.watch(session)).entry('run_ended', () => true, before + 1);
}

const ends = async (bench: Workbench, session: string) =>
  (await bench.of(session, 'run_ended')).map(({ data }) => data.outcome);

/** Works in vain on the first prompt and answers the others. */
const forgetful = (turn: Turn): Promise<void> | void =>
  turn.text === 'go' ? deaf(turn) : turn.say(`done: ${turn.text}`);

describe('a run whose agent is gone with the machine', () => {
  test('R2 R7: ends lost, and the session stays where it is', async () => {
    const bench = await Workbench.open({ play: deaf });
    const session = await bench.session('go');
    await (await bench.watch(session)).entry('delivery');
    await bench.send(session, 'next');
    await reboot(bench, session);
    expect(await ends(bench, session)).toEqual(['lost']);
    expect((await bench.engine.get(session)).row).toMatchObject({ held: true, queued: 1 });
    expect(bench.hosts.launched).toHaveLength(1);
  });

  test('V4 P3: has what was said by then, and nothing is said in the name of the user', async () => {
    const bench = await Workbench.open({ play: deaf });
    const session = await bench.session('go');
    await (await bench.watch(session)).entry('delivery');
    await reboot(bench, session);
    expect(await bench.of(session, 'message')).toMatchObject([
      { data: { content: words('working'), incomplete: true } },
    ]);
    const said = (await bench.log(session)).filter(({ by: who }) => who.type === 'client');
    expect(said.map(({ kind }) => kind)).toEqual(['settings', 'prompt']);
    expect(await bench.of(session, 'delivery')).toHaveLength(1);
  });

  test.each(['said before', 'said now'])(
    'L3 R2 V4: ends also where its last text has the name of an earlier one: %s',
    async (text) => {
      const print = (turn: Turn, delta: string): void =>
        turn.print({ type: 'text', item: 'named', part: 'text', delta });
      const bench = await Workbench.open({
        play: async (turn) => {
          print(turn, turn.text === 'go' ? 'said before' : text);
          if (turn.text !== 'go') await new Promise(() => undefined);
        },
      });
      const session = await bench.session('go');
      const watch = await bench.watch(session);
      await watch.entry('run_ended');
      await bench.send(session, 'next');
      await watch.entry('delivery', () => true, 2);
      await reboot(bench, session);
      expect(await ends(bench, session)).toEqual(['completed', 'lost']);
      expect(await bench.of(session, 'message')).toMatchObject([
        { id: 'named', data: { content: words('said before') } },
        { data: { content: words(text), incomplete: true } },
      ]);
      expect(bench.logged.map(({ event }) => event)).toContain('actor.refused');
    },
  );

  test('R7 P1 P3: goes on where the session is set to, with a prompt in the name of the server, then the queue', async () => {
    const bench = await Workbench.open({ play: forgetful });
    const session = await continuing(bench);
    await (await bench.watch(session)).entry('delivery');
    await bench.send(session, 'next');
    await reboot(bench, session);
    const watch = await bench.watch(session);
    await watch.entry('run_ended', ({ data }) => data.outcome === 'completed', 2);
    const prompts = await bench.of(session, 'prompt');
    const [lost] = await bench.of(session, 'run_ended');
    expect(prompts.map(({ by: who }) => who.type)).toEqual(['client', 'client', 'server']);
    expect(prompts[2]!.data.continues).toBe(lost!.runId);
    const delivered = await bench.of(session, 'delivery');
    expect(delivered.map(({ about }) => about)).toEqual(
      [prompts[0], prompts[2], prompts[1]].map((prompt) => prompt!.id),
    );
    expect(await ends(bench, session)).toEqual(['lost', 'completed', 'completed']);
    expect((await bench.engine.get(session)).row.title).toBe('go');
  });

  test('R7: a session that takes the machine down each time comes to rest, and a person sets it off again', async () => {
    const bench = await Workbench.open({ play: deaf });
    const session = await continuing(bench);
    await (await bench.watch(session)).entry('delivery');
    for (let time = 1; time <= limits.continuations; time++) {
      await reboot(bench, session);
      const watch = await bench.watch(session);
      await watch.entry('delivery', () => true, time + 1);
    }
    await reboot(bench, session);
    const rest = (await bench.engine.get(session)).row;
    expect(rest).toMatchObject({ status: 'idle', lastRun: { outcome: 'lost' } });
    expect(bench.hosts.launched).toHaveLength(limits.continuations + 1);
    const [notice] = await bench.of(session, 'notice');
    expect(notice!.data).toMatchObject({ code: 'not-continued' });
    await bench.send(session, 'again');
    const watch = await bench.watch(session);
    await watch.entry('delivery', ({ data }) => textOf(data.content) === 'again');
    await reboot(bench, session);
    await (
      await bench.watch(session)
    ).entry('prompt', ({ data }) => data.continues !== undefined, 4);
  });

  test('R7: only a run that completes refills the budget', async () => {
    // Each continuation completes; the prompt after it is lost.
    const bench = await Workbench.open({ play: forgetful });
    const session = await continuing(bench);
    for (let time = 1; time <= limits.continuations + 2; time++) {
      const watch = await bench.watch(session);
      await watch.entry('delivery', ({ data }) => textOf(data.content) === 'go', time);
      await reboot(bench, session);
      const after = await bench.watch(session);
      await after.entry('run_ended', ({ data }) => data.outcome === 'completed', time);
      await bench.send(session, 'go');
    }
    expect(await bench.of(session, 'notice')).toEqual([]);
  });

  test('P3: a prompt of which nobody knows whether it arrived is asked about, not sent again', async () => {
    const bench = await Workbench.open({ play: () => new Promise(() => undefined) });
    const session = await continuing(bench);
    const watch = await bench.watch(session);
    await watch.entry('host', ({ data }) => data.state === 'opened');
    await reboot(bench, session);
    const changes = (await bench.of(session, 'queue')).map(({ data }) => data.change);
    expect(changes).toEqual(['indeterminate']);
    const [notice] = await bench.of(session, 'notice');
    expect(notice!.data.text).toMatch(/may or may not/);
    expect(bench.hosts.launched).toHaveLength(1);
  });

  test('P3: a prompt that the agent tells apart is simply sent again', async () => {
    const driver = plainDriver({ profile: { deduplicatesPrompts: true } });
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    let first = true;
    const play = (turn: Turn): Promise<void> | void => {
      if (!first) return turn.say('here');
      first = false;
      begin();
      return new Promise(() => undefined);
    };
    const bench = await Workbench.open({ driver, play });
    const session = await continuing(bench);
    await begun;
    await reboot(bench, session);
    await (
      await bench.watch(session)
    ).entry('run_ended', ({ data }) => data.outcome === 'completed');
    expect(await bench.of(session, 'prompt')).toHaveLength(1);
    expect(await bench.of(session, 'delivery')).toHaveLength(1);
    expect((await bench.of(session, 'queue')).map(({ data }) => data.change)).toEqual([
      'requeued',
      'released',
    ]);
  });

  test('R7: is not continued where the agent cannot resume, nor after somebody stopped it', async () => {
    const driver = plainDriver({ profile: { resume: false } });
    const bench = await Workbench.open({ driver, play: deaf });
    const session = await continuing(bench);
    await (await bench.watch(session)).entry('delivery');
    const stopped = await continuing(bench);
    await (await bench.watch(stopped)).entry('delivery');
    await bench.abort(stopped);
    await reboot(bench, session);
    const [notice] = await bench.of(session, 'notice');
    expect(notice!.data.text).toMatch(/cannot resume/);
    await (await bench.watch(stopped)).entry('run_ended', ({ data }) => data.outcome === 'lost');
    expect(await bench.of(stopped, 'notice')).toEqual([]);
    expect(await bench.of(stopped, 'prompt')).toHaveLength(1);
  });

  test('P3: does not let go of a queue that was held before the agent began by itself', async () => {
    const bench = await Workbench.open({
      play: async (turn) => {
        if (turn.text !== 'go') return;
        turn.say('working');
        await turn.cancelled;
        turn.end('cancelled');
        turn.print({ type: 'turn_started' });
        await deaf(turn);
      },
    });
    const session = await continuing(bench);
    const watch = await bench.watch(session);
    await watch.entry('delivery');
    await bench.send(session, 'waits');
    await bench.abort(session);
    await watch.entry('run_started', ({ data }) => data.trigger === 'agent');
    await reboot(bench, session);
    expect(await ends(bench, session)).toEqual(['cancelled', 'lost']);
    expect((await bench.engine.get(session)).row).toMatchObject({ held: true, queued: 1 });
    const notices = await bench.of(session, 'notice');
    expect(notices.at(-1)!.data).toMatchObject({ code: 'not-continued' });
  });
});
