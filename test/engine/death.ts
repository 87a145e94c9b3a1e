import { expect } from 'vitest';
import { type Death, Mortal } from '../../src/testing/index.ts';
import type { Workbench } from './workbench.ts';

/** What a client does until it has its answer: after a restart it does all of it again. */
export type Client = (bench: Workbench) => Promise<void>;

/** Lets the client work with one daemon after another, each of which dies its death. */
export async function survive(
  bench: Workbench,
  client: Client,
  deaths: readonly Death[],
): Promise<number> {
  let died = 0;
  for (const death of deaths) {
    const life = new Mortal(death);
    await bench.boot(life);
    await Promise.race([client(bench), life.died]);
    if (!life.dead) {
      await bench.boot();
      return died;
    }
    died += 1;
  }
  await bench.boot();
  await client(bench);
  return died;
}

/** One daemon that dies at its first call, at its second, and so on until it lives to the end. */
export async function atEveryStep(
  once: (deaths: readonly Death[]) => Promise<number>,
): Promise<number> {
  let points = 0;
  for (const when of ['before', 'half', 'after'] as const) {
    for (let call = 1; ; call++) {
      const died = await once([{ call, when }]).catch((error: unknown) => {
        throw new Error(`dead ${when} call ${call}: ${String(error)}`, { cause: error });
      });
      if (died === 0) break;
      points += 1;
    }
  }
  return points;
}

/** Commands that a host was given, as whole lines; a torn one does not parse. */
export function given(bench: Workbench): { type: string; prompt?: string; request?: string }[] {
  return bench.hosts.launched.flatMap((host) => {
    const bytes = bench.hosts.processes.get(host)?.input ?? new Uint8Array(0);
    const lines = new TextDecoder().decode(bytes).split('\n');
    expect(lines.pop()).toBe('');
    return lines.map((line) => JSON.parse(line) as { type: string });
  });
}

export async function soundLog(bench: Workbench, session: string): Promise<void> {
  const entries = await bench.log(session);
  expect(entries.map((entry) => entry.seq)).toEqual(entries.map((_, at) => at + 1));
  expect(new Set(entries.map((entry) => entry.id)).size).toBe(entries.length);
  expect(await bench.store.check(session)).toEqual([]);
  const ended = new Set<string>();
  for (const { kind, runId } of entries) {
    if (runId === undefined) continue;
    expect(ended, kind).not.toContain(runId);
    if (kind === 'run_ended') ended.add(runId);
  }
}

export async function cleared(bench: Workbench): Promise<void> {
  await bench.engine.shutdown('stop');
  bench.life.kill();
  expect(bench.hosts.alive).toEqual([]);
}
