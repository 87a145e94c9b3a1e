import { describe, expect, test } from 'vitest';
import { type FakeProcess, plainAgent, plainDriver } from '../../src/testing/index.ts';
import { deaf, given, held, kept } from './agents.ts';
import { storeWith } from './store-with.ts';
import { memoryStore, Workbench, words } from './workbench.ts';

const retryMs = 1000;

describe('a write to the input of a host that fails', () => {
  test.each([1, 3])(
    'P1 L9: %i times is made good: everything is there in order, once',
    async (times) => {
      const { agent, processes } = kept(plainAgent(deaf));
      const bench = await Workbench.open({ agent });
      const session = await bench.session();
      let left = 0;
      bench.hosts.before = ({ name, process, offset, bytes }) => {
        if (name !== 'write' || left === 0) return;
        left -= 1;
        // Some of it is there already when the disk is full.
        process.receive(offset!, bytes!.subarray(0, 5));
        throw new Error('no space left');
      };
      const made = async (): Promise<void> => {
        for (let at = 0; at < times; at++) {
          await bench.clock.armed(retryMs);
          bench.clock.advance(retryMs);
        }
      };
      left = times;
      await bench.send(session, 'one');
      await made();
      const watch = await bench.watch(session);
      await watch.entry('delivery');
      left = times;
      // The cancel cannot be written; what comes after it must not go before it.
      await bench.abort(session);
      await bench.clock.armed(retryMs);
      await bench.send(session, 'two');
      processes[0]!.print(
        JSON.stringify({ type: 'turn_ended', outcome: 'completed', run: runOf(processes[0]!) }),
      );
      await watch.entry('run_ended');
      await bench.send(session, 'three');
      await made();
      await watch.entry('delivery', () => true, 2);
      expect(given(processes[0]!).map(({ type }) => type)).toEqual([
        'open',
        'prompt',
        'cancel',
        'prompt',
      ]);
      expect(bench.hosts.launched).toHaveLength(1);
      expect(bench.logged.filter(({ event }) => event === 'host.write')).toHaveLength(2 * times);
    },
  );
});

function runOf(process: FakeProcess): unknown {
  return given(process).find(({ type }) => type === 'prompt')!['run'];
}

async function launched(bench: Workbench, session: string): Promise<void> {
  await (await bench.watch(session)).entry('host', ({ data }) => data.state === 'launched');
}

describe('a prompt whose content cannot be read any more', () => {
  const cases = [
    ['its entry', 'go', 'entry'],
    ['its blob', 'x'.repeat(100_000), 'getBlob'],
  ] as const;
  test.each(cases)(
    'P3 R3: %s is not sent empty: its run fails, and says why',
    async (_, text, name) => {
      const real = await memoryStore();
      const { agent, processes } = kept(plainAgent(deaf, { onOpen: () => undefined }));
      const bench = await Workbench.open({ store: real, agent });
      const session = await bench.session(text);
      await launched(bench, session);
      await bench.boot(undefined, {
        store: storeWith(real, () => ({ [name]: async () => undefined })),
      });
      const watch = await bench.watch(session);
      processes[0]!.print(JSON.stringify({ type: 'opened', nativeId: 'n', resumed: false }));
      const { data } = await watch.entry('run_ended');
      expect(data).toMatchObject({ outcome: 'failed', error: { category: 'storage' } });
      const [prompt] = await bench.of(session, 'prompt');
      expect(await bench.of(session, 'queue')).toMatchObject([
        { about: prompt!.id, data: { change: 'indeterminate', reason: data.error!.message } },
      ]);
      expect(await bench.of(session, 'delivery')).toEqual([]);
      expect(given(processes[0]!).map(({ type }) => type)).toEqual(['open']);
      await bench.engine.shutdown('stop');
      bench.life.kill();
      await real.close();
    },
  );

  test('P1 P2: whole blobs go to the agent, also after a restart', async () => {
    const text = 'y'.repeat(100_000);
    const open = JSON.stringify({ type: 'opened', nativeId: 'n', resumed: false });
    const { agent, processes } = kept(plainAgent(deaf, { onOpen: () => undefined }));
    const bench = await Workbench.open({ agent });
    const session = await bench.session(text);
    await launched(bench, session);
    await bench.boot();
    const watch = await bench.watch(session);
    processes[0]!.print(open);
    await watch.entry('delivery');
    expect(given(processes[0]!)[1]).toMatchObject({ type: 'prompt', content: words(text) });
  });
});

describe('an agent that can be steered', () => {
  const steering = async (deduplicatesPrompts = false) => {
    const agent = held();
    const hosts = kept(
      plainAgent((turn) => (turn.text === 'go' ? agent.play(turn) : turn.say('x'))),
    );
    const profile = { steer: true, deduplicatesPrompts };
    const bench = await Workbench.open({ agent: hosts.agent, driver: plainDriver({ profile }) });
    const session = await bench.session('go');
    const watch = await bench.watch(session);
    const turn = await agent.begun;
    turn.say('working');
    await watch.entry('delivery');
    const steer = (id: string) => bench.send(session, `to ${id}`, { id, delivery: 'steer' });
    return { bench, session, watch, turn, end: agent.end, steer, hosts };
  };

  test('P2: takes no prompt with a time of its own', async () => {
    const { bench, session } = await steering();
    const timed = bench.send(session, 'faster', { delivery: 'steer', timeoutMs: 1000 });
    await expect(timed).rejects.toMatchObject({ refusal: { code: 'invalid', field: 'timeoutMs' } });
    expect(await bench.of(session, 'prompt')).toHaveLength(1);
  });

  test('P1 P2 P3: has the prompt in its run, and delivered by its own word for that prompt', async () => {
    const { bench, session, watch, turn, end, steer, hosts } = await steering();
    const { run } = turn;
    expect(await steer('p2')).toMatchObject({ state: 'steering', run, queued: 0 });
    await steer('p3');
    expect(await steer('p2')).toMatchObject({ duplicate: true, state: 'steering', run });
    // That it works on does not show that it has them.
    turn.print({ type: 'notice', code: 'c', text: 'busy' });
    turn.say('still');
    await watch.entry('notice');
    expect(await bench.of(session, 'delivery')).toHaveLength(1);
    turn.print({ type: 'prompt_taken', prompt: 'p3' });
    const taken = await watch.entry('delivery', () => true, 2);
    expect(taken).toMatchObject({ about: 'p3', runId: run, data: { content: words('to p3') } });
    turn.print({ type: 'prompt_taken', prompt: 'p2' });
    expect(await watch.entry('delivery', () => true, 3)).toMatchObject({ about: 'p2' });
    end();
    await watch.entry('run_ended');
    expect(await bench.of(session, 'queue')).toEqual([]);
    const prompts = given(hosts.processes[0]!).filter(({ type }) => type === 'prompt');
    expect(prompts).toMatchObject([{}, { prompt: 'p2', steer: true, run }, { prompt: 'p3' }]);
    expect(await steer('p2')).toMatchObject({ duplicate: true, state: 'delivered', run });
  });

  test('R2 V2 P3: ends once with its run, in one way, for whoever watches; the steered prompt has no end of its own', async () => {
    const { bench, session, watch, turn, end, steer } = await steering();
    const other = await bench.watch(session);
    await steer('p2');
    turn.print({ type: 'prompt_taken', prompt: 'p2' });
    turn.say('and that');
    end();
    await Promise.all([watch, other].map((one) => one.entry('run_ended')));
    expect(await steer('p2')).toMatchObject({ state: 'delivered', run: turn.run });
    const late = await bench.watch(session);
    await late.entry('run_ended');
    const log = await bench.log(session);
    const digests = log.map(({ digest }) => digest);
    for (const { entries } of [watch, other, late]) {
      expect(entries.map(({ digest }) => digest)).toEqual(digests);
    }
    expect(log.filter(({ kind }) => kind === 'run_ended')).toMatchObject([
      { runId: turn.run, data: { outcome: 'completed' } },
    ]);
    expect(await bench.of(session, 'message')).toHaveLength(1);
  });

  test('P3: without its word leaves the prompt indeterminate', async () => {
    const { bench, session, watch, end, steer } = await steering();
    await steer('p2');
    end();
    await watch.entry('run_ended');
    expect(await bench.of(session, 'queue')).toMatchObject([
      { about: 'p2', data: { change: 'indeterminate' } },
    ]);
    expect(await steer('p2')).toMatchObject({ duplicate: true, state: 'indeterminate' });
  });

  test('P1 P3: without its word gets the prompt again in a run of its own, where it knows repeated ones', async () => {
    const { bench, session, watch, end, steer, hosts } = await steering(true);
    for (const id of ['p2', 'p3']) await steer(id);
    end();
    await watch.entry('run_ended', () => true, 3);
    expect((await bench.of(session, 'delivery')).map(({ about }) => about).slice(1)).toEqual([
      'p2',
      'p3',
    ]);
    const prompts = given(hosts.processes[0]!).filter(({ type }) => type === 'prompt');
    expect(prompts.map(({ prompt }) => prompt).slice(1)).toEqual(['p2', 'p3', 'p2', 'p3']);
    expect(prompts.map(({ steer: how }) => how ?? false)).toEqual([
      false,
      true,
      true,
      false,
      false,
    ]);
  });

  test('P3: that dies leaves the prompt indeterminate', async () => {
    const { bench, session, watch, turn, steer } = await steering();
    await steer('p2');
    turn.process.exit(1);
    await watch.entry('run_ended');
    expect(await bench.of(session, 'queue')).toMatchObject([
      { about: 'p2', data: { change: 'indeterminate' } },
    ]);
  });
});
