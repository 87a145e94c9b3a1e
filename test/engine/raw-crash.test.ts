import { expect, test } from 'vitest';
import type { RawPage } from '../../src/engine/raw-page.ts';
import { Mortal, type Death } from '../../src/testing/index.ts';
import { memoryStore, Workbench } from './workbench.ts';

const page = { limit: 100, maxBytes: 100_000 };

async function rawOf(bench: Workbench, session: string): Promise<RawPage> {
  const [started] = await bench.of(session, 'run_started');
  return bench.engine.raw(session, { run: started!.runId!, ...page });
}

test(
  'R7 L10: killed at any step of what follows the end of a host, its lines are there, and then once',
  { timeout: 120_000 },
  async () => {
    const store = await memoryStore();
    let points = 0;
    for (const when of ['before', 'after'] as const) {
      for (let call = 1; ; call++) {
        const bench = await Workbench.open({
          store,
          seed: `${when}${call}-`,
          play: (turn) => turn.say('hello'),
        });
        const session = await bench.session('go');
        await (await bench.watch(session)).entry('run_ended');
        const { lines } = await rawOf(bench, session);
        expect(lines).toHaveLength(5);
        bench.life.kill();
        bench.hosts.alive[0]!.exit(0);
        const death: Death = { call, when };
        const life = new Mortal(death);
        await bench.boot(life);
        await Promise.race([life.died, bench.engine.archived()]);
        const { dead } = life;
        await bench.boot();
        expect((await rawOf(bench, session)).lines, `${when} ${call}`).toEqual(lines);
        await bench.engine.archived();
        expect(await rawOf(bench, session)).toEqual({ lines, next: null, source: 'here' });
        expect([...bench.hosts.processes.keys()]).toEqual([]);
        expect([...bench.hosts.kept.keys()]).toEqual(bench.hosts.launched);
        expect(await store.endedHosts()).toEqual([]);
        await bench.engine.shutdown('stop');
        if (!dead) break;
        points += 1;
      }
    }
    expect(points).toBeGreaterThan(20);
    await store.close();
  },
);
