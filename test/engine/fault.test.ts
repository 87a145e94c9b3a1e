import { describe, expect, test } from 'vitest';
import type { Refusal } from '../../src/domain/refusal.ts';
import type { AppendBatch, Store, Verdict } from '../../src/ports/store.ts';
import { plainDriver } from '../../src/testing/index.ts';
import { held } from './agents.ts';
import { storeWith } from './store-with.ts';
import { memoryStore, Workbench, words } from './workbench.ts';

const retryMs = 1000;

/** A store whose appends go through `around` first. */
function troubled(store: Store, around: (batch: AppendBatch) => Refusal | Error | null): Store {
  const append = async (batches: readonly AppendBatch[]): Promise<readonly Verdict[]> => {
    const trouble = around(batches[0]!);
    if (trouble instanceof Error) throw trouble;
    if (trouble !== null) return [{ status: 'refused', refusal: trouble }];
    return store.append(batches);
  };
  return storeWith(store, () => ({ append }));
}

const full: Refusal = { code: 'unavailable', message: 'The disk is full.' };

describe('a store that takes nothing for a while', () => {
  test.each([
    ['refuses', full],
    ['breaks', new Error('no answer')],
  ])(
    'L8 L9: and %s: commands are refused, and what the agent says is stored later',
    async (_how, trouble) => {
      let away = false;
      const real = await memoryStore();
      const store = troubled(real, () => (away ? trouble : null));
      const agent = held();
      const bench = await Workbench.open({ store, play: agent.play });
      const session = await bench.session('go');
      const watch = await bench.watch(session);
      const turn = await agent.begun;
      turn.say('before ');
      await watch.entry('delivery');
      away = true;
      turn.say('during');
      turn.print({ type: 'text_end', m: turn.run });
      turn.print({ type: 'notice', code: 'c', text: 'still here' });
      await bench.clock.armed(retryMs);
      const code = trouble instanceof Error ? 'internal' : 'unavailable';
      await expect(bench.send(session, 'more')).rejects.toMatchObject({ refusal: { code } });
      expect(await bench.of(session, 'prompt')).toHaveLength(1);
      away = false;
      bench.clock.advance(retryMs);
      await watch.entry('notice');
      agent.end();
      await watch.entry('run_ended');
      expect(await bench.of(session, 'message')).toMatchObject([
        { data: { content: words('before during') } },
      ]);
      const later = await bench.send(session, 'later');
      expect(later.entry.seq).toBeGreaterThan(0);
      await bench.engine.shutdown('stop');
      await real.close();
    },
  );
});

describe('a line of the spool', () => {
  test('L8: that the store refuses becomes an unrecognized entry, and the next one is taken', async () => {
    const real = await memoryStore();
    const poison = ({ entries }: AppendBatch): Refusal | null =>
      entries.some(({ entry }) => entry.kind === 'notice' && entry.data.code === 'poison')
        ? { code: 'invalid', message: 'breaks the format' }
        : null;
    const agent = held();
    const bench = await Workbench.open({ store: troubled(real, poison), play: agent.play });
    const session = await bench.session('go');
    const watch = await bench.watch(session);
    const turn = await agent.begun;
    for (const code of ['one', 'poison', 'two']) turn.print({ type: 'notice', code, text: 't' });
    agent.end();
    await watch.entry('run_ended');
    const kinds = watch.entries.map((entry) =>
      entry.kind === 'notice' ? entry.data.code : entry.kind,
    );
    expect(kinds.slice(kinds.indexOf('one'), kinds.indexOf('two') + 1)).toEqual([
      'one',
      'unrecognized',
      'two',
    ]);
    const [kept] = await bench.of(session, 'unrecognized');
    expect(kept).toMatchObject({ data: { reason: 'refused by the store: invalid' } });
    expect(kept!.data.raw).toContain('poison');
    await bench.engine.shutdown('stop');
    await real.close();
  });

  test('L8: that nobody understands is kept with its bytes, and so is a torn end', async () => {
    const bench = await Workbench.open({
      play: (turn) => {
        turn.process.print('this is no JSON');
        turn.process.write(new Uint8Array([0xff, 0xfe, 0x0a]));
        turn.process.write(new TextEncoder().encode('{"type":"not'));
        turn.process.exit(3);
      },
    });
    const session = await bench.session('go');
    const watch = await bench.watch(session);
    await watch.entry('run_ended');
    const reasons = (await bench.of(session, 'unrecognized')).map(({ data }) => [
      data.reason,
      data.raw,
    ]);
    expect(reasons).toEqual([
      ['not JSON', 'this is no JSON'],
      ['not UTF-8', '\ufffd\ufffd'],
      ['torn', '{"type":"not'],
    ]);
  });

  test('L8: on which the decoding worker breaks is kept, and the session goes on', async () => {
    const bench = await Workbench.open({
      play: (turn) => turn.print({ type: 'notice', code: 'c', text: 'x'.repeat(1024 * 1024) }),
    });
    const session = await bench.session('go');
    const watch = await bench.watch(session);
    await watch.entry('run_ended');
    const [kept] = await bench.of(session, 'unrecognized');
    expect(kept!.data.reason).toContain('no worker here');
    expect(kept!.data.raw.length).toBeGreaterThan(1000);
  });
});

test('L8: the same spool gives the same entries, wherever a daemon begins to read it again', async () => {
  const agent = held();
  const bench = await Workbench.open({ play: agent.play });
  const session = await bench.session('go');
  const watch = await bench.watch(session);
  const turn = await agent.begun;
  const ids = new Set<string>();
  for (const delta of ['a', 'b', 'c', 'd']) {
    turn.say(delta);
    turn.process.print('no JSON');
    if (delta !== 'a') turn.print({ type: 'notice', code: delta, text: 't' });
    // Another decoder version begins at the first byte, the same one where text was last closed.
    const driver = plainDriver({ decoderVersion: delta === 'c' ? 2 : 1 });
    await bench.boot(undefined, { driver });
    await bench.engine.recovered;
    for (const { id } of await bench.log(session)) ids.add(id);
  }
  const again = await bench.watch(session, watch.entries.length);
  agent.end();
  await again.entry('run_ended');
  const log = await bench.log(session);
  for (const id of ids) expect(log.filter((entry) => entry.id === id)).toHaveLength(1);
  expect(await bench.of(session, 'message')).toMatchObject([{ data: { content: words('abcd') } }]);
  const garbage = await bench.of(session, 'unrecognized');
  expect(garbage.reduce((sum, { data }) => sum + data.count, 0)).toBe(4);
});
