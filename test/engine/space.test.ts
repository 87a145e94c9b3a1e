import { describe, expect, test } from 'vitest';
import { limits } from '../../src/domain/limits.ts';
import { deaf, held } from './agents.ts';
import { by, Workbench, words } from './workbench.ts';

const { spaceLowBytes, spaceShortBytes, spaceMs, spaceScarceMs } = limits;

/** Space changes, and the watch looks. */
async function space(bench: Workbench, bytes: number, ms: number = spaceMs): Promise<void> {
  await bench.clock.armed(ms);
  bench.space.bytes = bytes;
  bench.clock.advance(ms);
  await bench.clock.armed(bytes < spaceLowBytes ? spaceScarceMs : spaceMs);
}

describe('a disk that fills up', () => {
  test('L9: takes no prompt below the first limit, and everything else', async () => {
    const bench = await Workbench.open({ play: deaf });
    const session = await bench.session('go');
    const watch = await bench.watch(session);
    await watch.entry('delivery');
    await space(bench, spaceLowBytes - 1);
    const refused = { refusal: { code: 'unavailable', data: { retryAfter: 2 } } };
    await expect(bench.send(session, 'more')).rejects.toMatchObject(refused);
    await expect(
      bench.engine.create({ changes: {}, prompt: { content: words('new') } }, by),
    ).rejects.toMatchObject(refused);
    expect(await bench.of(session, 'prompt')).toHaveLength(1);
    expect(bench.engine.space).toEqual({ state: 'low', free: spaceLowBytes - 1 });
    expect(bench.hosts.alive[0]!.stopped).toBe(false);
    await bench.engine.create({ changes: {} }, by);
    expect(await bench.abort(session)).toMatchObject({ status: 'stopping' });
    await space(bench, spaceLowBytes, spaceScarceMs);
    await bench.send(session, 'more');
  });

  test('L9: pauses the agents below the second, with a notice in each session, and continues them', async () => {
    const turn = held();
    const bench = await Workbench.open({ play: turn.play });
    const session = await bench.session('go');
    const idle = await bench.session();
    const watch = await bench.watch(session);
    (await turn.begun).say('I write');
    await watch.entry('delivery');
    await space(bench, spaceShortBytes - 1);
    const [agent] = bench.hosts.alive;
    expect(agent!.stopped).toBe(true);
    expect((await watch.entry('notice')).data.code).toBe('paused');
    // Between the limits nothing changes: it would be paused again at once.
    await space(bench, spaceLowBytes - 1, spaceScarceMs);
    expect(agent!.stopped).toBe(true);
    await space(bench, spaceLowBytes, spaceScarceMs);
    expect(agent!.stopped).toBe(false);
    await watch.entry('notice', ({ data }) => data.code === 'continued');
    turn.end();
    await watch.entry('run_ended', ({ data }) => data.outcome === 'completed');
    expect(await bench.of(idle, 'notice')).toEqual([]);
  });

  test('L9 R7: agents that a dead daemon paused are continued by the next', async () => {
    const bench = await Workbench.open({ play: deaf });
    const session = await bench.session('go');
    await (await bench.watch(session)).entry('delivery');
    await space(bench, spaceShortBytes - 1);
    expect(bench.hosts.alive[0]!.stopped).toBe(true);
    bench.space.bytes = spaceLowBytes * 2;
    await bench.boot();
    await bench.engine.recovered;
    await space(bench, spaceLowBytes * 2);
    expect(bench.hosts.alive[0]!.stopped).toBe(false);
  });

  test('L9: a reserve is kept while space gets scarce, and is the store’s when it is short', async () => {
    const bench = await Workbench.open();
    expect(bench.space.reserved).toBeNull();
    await space(bench, limits.reserveBelowBytes - 1);
    expect(bench.space.reserved).toBe(limits.reserveBytes);
    await space(bench, spaceShortBytes - 1);
    expect(bench.space.reserved).toBeNull();
  });

  test('R9: a paused agent is not called silent', async () => {
    const bench = await Workbench.open({ play: deaf });
    const session = await bench.session('go');
    const watch = await bench.watch(session);
    await watch.entry('delivery');
    await space(bench, spaceShortBytes - 1);
    await watch.entry('notice');
    bench.clock.advance(2 * limits.stallMs);
    await space(bench, spaceLowBytes, spaceScarceMs);
    await watch.entry('notice', ({ data }) => data.code === 'continued');
    expect(await bench.of(session, 'stall')).toEqual([]);
    bench.clock.advance(2 * limits.stallMs);
    await watch.entry('stall');
  });

  test.each([
    ['short', spaceShortBytes - 1, 'storage'],
    ['enough', spaceLowBytes, 'protocol'],
  ] as const)(
    'L8 L9 R3: a torn end where space was %s fails the run',
    async (_, bytes, category) => {
      const turn = held();
      const bench = await Workbench.open({ play: turn.play });
      const session = await bench.session('go');
      const watch = await bench.watch(session);
      const playing = await turn.begun;
      const { process } = playing;
      playing.say('half of it');
      await watch.entry('delivery');
      bench.space.bytes = bytes;
      process.write(new TextEncoder().encode('{"type":"text","m":"x","part":"te'));
      process.exit(1);
      const ended = await watch.entry('run_ended');
      expect(ended.data).toMatchObject({ outcome: 'failed', error: { category } });
      const [torn] = await bench.of(session, 'unrecognized');
      expect(torn!.data.reason).toMatch(/torn/);
    },
  );
});
