import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Entry, NewEntry } from '../../src/domain/entry.ts';
import { limits } from '../../src/domain/limits.ts';
import { noPolicy } from '../../src/domain/policy.ts';
import { noTokens } from '../../src/domain/usage.ts';
import { openFiles } from '../../src/files/files.ts';
import type { Turn } from '../../src/testing/index.ts';
import { Project } from './project.ts';
import { by, Workbench, words } from './workbench.ts';

/** A log as another machine has written it, from what its entries say. */
function logOf(entries: readonly Partial<NewEntry>[], at = '2020-01-02T03:04:05.000Z'): Entry[] {
  return entries.map((entry, index) => {
    const base = { id: `i${index}`, at, by: { type: 'server' }, digest: '', seq: index + 1 };
    return { ...base, ...entry } as Entry;
  });
}

const begins = (cwd: string): Partial<NewEntry> => ({
  kind: 'settings',
  data: { from: 'client', changes: { agent: 'plain', cwd } },
});
const runBegins: Partial<NewEntry> = {
  kind: 'run_started',
  runId: 'r1',
  data: { trigger: 'agent', prompts: [] },
};
const runEnds: Partial<NewEntry> = {
  kind: 'run_ended',
  runId: 'r1',
  data: {
    outcome: 'completed',
    usage: { tokens: noTokens, cost: null },
    durationMs: 0,
    turns: 0,
  },
};

async function importing(bench: Workbench) {
  return bench.engine.logs.openImport({ session: 'here', agent: 'plain' }, by);
}

async function withFiles(play?: (turn: Turn) => void) {
  const project = new Project();
  const files = { files: openFiles({ closed: [] }), maxBytes: 100_000 };
  const bench = await Workbench.open({ files, ...(play === undefined ? {} : { play }) });
  return { project, bench };
}

test('F2 L2: files of this machine are not looked at for calls of another one, however its log comes in', async () => {
  const { project, bench } = await withFiles();
  project.write('private', 'of this machine');
  const call = (id: string): Partial<NewEntry> => ({
    id,
    kind: 'tool_call',
    parentId: null,
    runId: 'r1',
    by: { type: 'agent', host: 'elsewhere' },
    data: {
      call: id,
      title: 'read',
      kind: 'read',
      status: 'completed',
      locations: [{ path: project.at('private') }],
    },
  });
  const log = logOf([begins(project.dir), runBegins, call('c1'), call('c2'), runEnds]);
  const sink = await importing(bench);
  for (const entry of log) {
    await sink.add([entry]);
    await bench.engine.snapshotsTaken();
  }
  await sink.end();
  await bench.boot();
  await bench.engine.snapshotsTaken();
  expect((await bench.log('here')).map(({ id }) => id)).toEqual(log.map(({ id }) => id));
});

test('F3 F4: an import that is broken off in a restoration puts nothing back on this machine', async () => {
  const { project, bench } = await withFiles();
  project.write('file', 'of this machine');
  const blob = async (text: string) => {
    const bytes = new TextEncoder().encode(text);
    return bench.store.putBlob(bytes, bench.clock.sha256(bytes));
  };
  const from = { state: 'file', blob: await blob('of this machine') } as const;
  const to = { state: 'file', blob: await blob('of another one') } as const;
  const files = [{ path: project.at('file'), snapshot: 's1', from, to }];
  const log = logOf([
    begins(project.dir),
    { kind: 'restore', data: { state: 'begun', forced: true, files } },
  ]);
  await (await importing(bench)).add(log);
  await bench.boot();
  await bench.engine.snapshotsTaken();
  const input = { to: 'before', force: true, dryRun: true, of: { snapshot: 'none' } } as const;
  const asked = bench.engine.snapshots.restore('here', input, by);
  await expect(asked).rejects.toMatchObject({ refusal: { code: 'not_found' } });
  expect(readFileSync(project.at('file'), 'utf8')).toBe('of this machine');
  expect((await bench.log('here')).slice(2)).toMatchObject([
    { kind: 'restore', about: 'i1', data: { state: 'ended', files: [] } },
  ]);
});

test('U3: a run of an imported log takes no time here, whenever the import comes to it', async () => {
  const bench = await Workbench.open({
    play: async (turn) => {
      turn.say('at it');
      await turn.cancelled;
      turn.end('cancelled');
    },
  });
  await bench.engine.budgets.set({
    limits: { wallMs: 60_000 },
    action: 'stop',
    period: 'total',
  });
  const session = await bench.session();
  const watch = await bench.watch(session);
  await bench.send(session, 'go');
  await watch.entry('delivery');
  const [first, second, third] = logOf([begins('/work'), runBegins, runEnds]);
  const sink = await importing(bench);
  await sink.add([first!, second!]);
  expect(bench.engine.budgets.global().spent.wallMs).toBeLessThan(60_000);
  expect((await bench.engine.get(session)).row.status).toBe('working');
  await bench.boot();
  await bench.engine.recovered;
  await bench.engine.get('here');
  expect(bench.engine.budgets.global().spent.wallMs).toBeLessThan(60_000);
  const rest = await importing(bench);
  await rest.add([third!]);
  await rest.end();
  expect(bench.engine.budgets.global().spent.wallMs).toBeLessThan(60_000);
});

test('U3 U4: what another machine has used counts on its own days, in this daemon as in the next', async () => {
  const bench = await Workbench.open();
  await bench.engine.budgets.set({ limits: { tokens: 10 }, action: 'stop', period: 'day' });
  const used: Partial<NewEntry> = {
    kind: 'usage',
    runId: 'r1',
    data: { key: 'k', model: 'm', tokens: { ...noTokens, input: 100 } },
  };
  const runs = (run: string): Partial<NewEntry>[] => [
    { ...runBegins, runId: run },
    { ...runEnds, runId: run } as Partial<NewEntry>,
  ];
  const sink = await importing(bench);
  await sink.add(logOf([begins('/work'), runBegins, used, runEnds, ...runs('r2')]));
  await sink.end();
  const today = bench.engine.budgets.global().spent;
  await bench.boot();
  await bench.engine.recovered;
  await bench.session();
  expect(today).toEqual({ tokens: 0, cost: {}, runs: 0, wallMs: 0 });
  expect(bench.engine.budgets.global().spent).toEqual(today);
  await bench.engine.budgets.set({ limits: { tokens: 10 }, action: 'warn', period: 'total' });
  expect(bench.engine.budgets.global().spent).toMatchObject({ tokens: 100, runs: 2 });
});

test('U4: runs without any usage are counted as they are stored', async () => {
  const bench = await Workbench.open();
  await bench.engine.budgets.set({ limits: { runs: 10 }, action: 'warn', period: 'total' });
  const sink = await importing(bench);
  await sink.add(logOf([begins('/work'), runBegins, runEnds]));
  await sink.end();
  expect(bench.engine.budgets.global().spent.runs).toBe(1);
});

test('L7 L2: nothing of this daemon comes between its pieces, whatever time is over in it', async () => {
  const bench = await Workbench.open();
  const policy = { ...noPolicy, bypassUntil: '2020-01-02T03:04:06.000Z', answerMs: 1000 };
  const prompt: Partial<NewEntry> = {
    id: 'p1',
    kind: 'prompt',
    data: { content: words('go'), delivery: 'queue', timeoutMs: 1000 },
  };
  const begun = { ...runBegins, data: { trigger: 'prompt', prompts: ['p1'] } };
  const question: Partial<NewEntry> = {
    id: 'q1',
    kind: 'question',
    runId: 'r1',
    data: { request: 1, message: 'may I?' },
  };
  const log = logOf([
    { kind: 'settings', data: { from: 'client', changes: { agent: 'plain', cwd: '/w', policy } } },
    prompt,
    begun as Partial<NewEntry>,
    question,
    { kind: 'answer', about: 'q1', runId: 'r1', data: { outcome: 'declined' } },
    runEnds,
  ]);
  const sink = await importing(bench);
  for (const entry of log) {
    await sink.add([entry]);
    bench.clock.advance(limits.stallMs);
    await (await importing(bench)).add([log[0]!]);
  }
  expect((await bench.log('here')).map(({ id }) => id)).toEqual(log.map(({ id }) => id));
  const watch = await bench.watch('here');
  await sink.end();
  bench.clock.advance(1000);
  const ended = await watch.entry('settings', ({ data }) => data.from === 'server');
  expect(ended.data.changes.policy).toMatchObject({ bypassUntil: null });
});
