import { policiesOf } from './policies.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { builtInAgents } from '../../src/agents/agents.ts';
import { agentEnvironment } from '../../src/app/environment.ts';
import { systemClock } from '../../src/app/system-clock.ts';
import { noMemories } from '../../src/ports/memories.ts';
import { limits } from '../../src/domain/limits.ts';
import { createEngine, type SessionEngine } from '../../src/engine/create-engine.ts';
import { openHosts } from '../../src/hosts/hosts.ts';
import type { Store } from '../../src/ports/store.ts';
import { Mortal, testSpace } from '../../src/testing/index.ts';
import { by, memoryStore, Watch, words } from './workbench.ts';

const program = fileURLToPath(
  new URL('../../src/agents/scripted/program/main.ts', import.meta.url),
);

/** A machine with real processes; `boot` kills the daemon that was there and starts the next one. */
async function machine(): Promise<{ store: Store; boot: () => Promise<SessionEngine> }> {
  const dir = mkdtempSync(join(tmpdir(), 'turnkeep-engine-'));
  const store = await memoryStore();
  const drivers = builtInAgents({
    scripted: { node: process.execPath, program, store: join(dir, 'sessions') },
  });
  let life: Mortal | null = null;
  let engine: SessionEngine | null = null;
  const boot = async (): Promise<SessionEngine> => {
    life?.kill();
    await life?.settled();
    life = new Mortal();
    const hosts = await openHosts({
      directory: join(dir, 'hosts'),
      archive: join(dir, 'archive'),
      warn: () => undefined,
    });
    engine = createEngine({
      store: life.port(store),
      hosts: life.port(hosts),
      clock: life.clock(systemClock()),
      drivers,
      defaultAgent: 'scripted',
      defaultCwd: dir,
      checkDirectory: async (path) => path,
      environment: async (driver, spec) => agentEnvironment(process.env, driver.program(spec).env),
      policies: policiesOf(store, systemClock(), dir),
      space: testSpace(),
      stallMs: limits.stallMs,
      idleMs: limits.idleMs,
      server: 'here',
      memories: noMemories,
      decodeLarge: () => Promise.reject(new Error('no worker here')),
      readLarge: () => Promise.reject(new Error('no worker here')),
      log: () => undefined,
    });
    await engine.recovered;
    return engine;
  };
  onTestFinished(async () => {
    await engine?.shutdown('stop');
    life?.kill();
    await life?.settled();
    await store.close();
    rmSync(dir, { recursive: true, force: true });
  });
  return { store, boot };
}

async function watch(engine: SessionEngine, session: string): Promise<Watch> {
  const reader = new Watch();
  await engine.openFeed(session, { after: 0 }, reader);
  return reader;
}

test('R7 A2 P1: a real agent waits through the death of its daemon, and is resumed after its own', async () => {
  const { store, boot } = await machine();
  let engine = await boot();
  const prompt = { id: 'p1', content: words('[[say before]] [[ask run echo hi]] [[say after]]') };
  const { row } = await engine.create({ changes: {}, prompt }, by);
  const asked = await (await watch(engine, row.id)).entry('approval');
  engine = await boot();
  expect(engine.started).toMatchObject({ continued: 1, lost: 0 });
  const choice = { verdict: 'allow' } as const;
  await engine.approvals.decide(row.id, { approval: asked.id, choice }, by);
  let reader = await watch(engine, row.id);
  expect((await reader.entry('run_ended')).data.outcome).toBe('completed');
  expect(await engine.shutdown('stop')).toMatchObject([{ session: row.id, run: null }]);
  engine = await boot();
  const input = {
    content: words('[[say again]]'),
    delivery: 'queue',
    allowInterrupt: false,
  } as const;
  await engine.send(row.id, input, by);
  reader = await watch(engine, row.id);
  await reader.entry('run_ended', () => true, 2);
  const opened = reader.entries.filter(
    (entry) => entry.kind === 'host' && entry.data.state === 'opened',
  );
  expect(opened).toMatchObject([{ data: { resumed: false } }, { data: { resumed: true } }]);
  expect(reader.entries.filter(({ kind }) => kind === 'delivery')).toHaveLength(2);
  expect(await store.check(row.id)).toEqual([]);
});

test('R4 R5: a real agent that waits is ended by force, with the proof', async () => {
  const { boot } = await machine();
  const engine = await boot();
  const prompt = { content: words('[[say on my way]] [[ask run echo hi]]') };
  const { row } = await engine.create({ changes: {}, prompt }, by);
  await (await watch(engine, row.id)).entry('approval');
  const answer = await engine.abort(row.id, { force: true, wait: true, queue: 'keep' }, by);
  expect(answer).toMatchObject({ status: 'aborted', outcome: 'killed', proof: { gone: true } });
  expect((await engine.get(row.id)).row.openApprovals).toBe(0);
});
