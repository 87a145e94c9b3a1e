import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { RestoreInput } from '../../src/engine/session-ops.ts';
import { openFiles } from '../../src/files/files.ts';
import type { Files } from '../../src/ports/files.ts';
import { Mortal, type Turn } from '../../src/testing/index.ts';
import { Calls, type Copy, Project } from './project.ts';
import { by, Workbench } from './workbench.ts';

interface World {
  bench: Workbench;
  project: Project;
  session: string;
  /** A run in which the agent writes these files, one call for each; null removes one. */
  run: (changes: { readonly [name: string]: string | null }) => Promise<string>;
  restore: (of: RestoreInput['of'], more?: Partial<RestoreInput>) => Promise<readonly string[]>;
}

async function world(files: Files = openFiles({ closed: [] })): Promise<World> {
  const project = new Project();
  let play: (turn: Turn) => Promise<void> | void = () => undefined;
  const bench = await Workbench.open({
    play: (turn) => play(turn),
    checkDirectory: async () => project.dir,
    files: { files, maxBytes: 100_000 },
  });
  const session = await bench.session();
  const run: World['run'] = async (changes) => {
    play = async (turn) => {
      const calls = new Calls(turn);
      for (const [name, newText] of Object.entries(changes)) {
        const call = Calls.next();
        const path = project.at(name);
        const oldText = existsSync(path) ? readFileSync(path, 'utf8') : null;
        if (newText === null) project.remove(name);
        else project.write(name, newText);
        const content = [{ type: 'diff', path, oldText, newText: newText ?? '', whole: true }];
        // What is removed is told before it: an edit that changes nothing.
        if (newText === null) {
          const same = [{ type: 'diff', path, oldText, newText: oldText, whole: true }];
          calls.print(`${call}-r`, 'edit', 'completed', { content: same });
          calls.print(call, 'delete', 'completed', { locations: [{ path }] });
        } else calls.print(call, 'edit', 'completed', { content });
      }
    };
    const { run: id } = await bench.send(session, 'go');
    await (await bench.watch(session)).entry('run_ended', ({ runId }) => runId === id);
    await bench.engine.snapshotsTaken();
    return id!;
  };
  const restore: World['restore'] = async (of, more = {}) => {
    const input = { of, to: 'before', force: false, dryRun: false, ...more } as const;
    const { files: done } = await bench.engine.snapshots.restore(session, input, by);
    return done.map(({ path, outcome }) => `${path.slice(project.dir.length + 1)} ${outcome}`);
  };
  return { bench, project, session, run, restore };
}

test('H2 F3: where a before-commit hook sees what is stored no file is put back, and none is kept', async () => {
  const { bench, project, session, run } = await world();
  project.write('kept', 'before');
  const id = await run({ kept: 'after' });
  const secret = 'written since, and seen by no hook';
  project.write('kept', secret);
  const preview = { of: { run: id }, to: 'before', force: true, dryRun: true } as const;
  const digest = bench.clock.sha256(new TextEncoder().encode(secret));
  await bench.engine.snapshots.restore(session, preview, by);
  expect(await bench.store.getBlob(digest)).toBeUndefined();
  bench.hooked = { of: async () => ({ ask: async () => ({ action: 'keep' }) }) };
  await bench.boot();
  await bench.engine.recovered;
  const forced = bench.engine.snapshots.restore(session, { ...preview, dryRun: false }, by);
  await expect(forced).rejects.toMatchObject(refused('unsupported'));
  expect(await bench.store.getBlob(digest)).toBeUndefined();
  expect(project.copy().get(project.at('kept'))).toContain(btoa(secret));
});

const refused = (code: string, more: object = {}) => ({ refusal: { code, ...more } });

test('F3: a run is put back, undone again, and the log tells what was meant and what came of it', async () => {
  const { bench, project, session, run, restore } = await world();
  project.write('kept', 'before', 0o755);
  project.write('gone', 'still here');
  const before = project.copy();
  const id = await run({ kept: 'after', gone: null, 'new/file': 'made' });
  const after = project.copy();
  expect(await restore({ run: id }, { dryRun: true })).toEqual([
    'gone restored',
    'kept restored',
    'new/file restored',
  ]);
  expect(project.copy()).toEqual(after);
  expect(await bench.of(session, 'restore')).toEqual([]);
  expect(await restore({ run: id })).toEqual([
    'gone restored',
    'kept restored',
    'new/file restored',
  ]);
  expect(project.copy()).toEqual(before);
  expect(await restore({ run: id })).toEqual(['gone same', 'kept same', 'new/file same']);
  const [begun, ended] = await bench.of(session, 'restore');
  expect(begun).toMatchObject({ by, data: { state: 'begun', forced: false } });
  expect(ended).toMatchObject({ by, about: begun!.id, data: { state: 'ended' } });
  const own = (await bench.of(session, 'snapshot')).filter(({ about }) => about === begun!.id);
  expect(own.map(({ data }) => data.change)).toEqual(['created', 'edited', 'deleted']);
  // To take it back: to what was after the run, or to what was before the restoration.
  expect(await restore({ run: id }, { to: 'after', paths: [project.at('kept')] })).toEqual([
    'kept restored',
  ]);
  expect(readFileSync(project.at('kept'), 'utf8')).toBe('after');
  for (const { id: snapshot, data } of own) {
    if (data.path !== project.at('kept')) await restore({ snapshot });
  }
  expect(project.copy()).toEqual(after);
});

test('F4: what somebody has changed since is refused with its path, and restored where that is forced', async () => {
  const { bench, project, session, run, restore } = await world();
  project.write('a', 'one');
  const id = await run({ a: 'two', b: 'new' });
  project.write('a', 'by hand');
  project.write('b', 'by hand');
  const conflict = refused('conflict', {
    field: 'force',
    data: { paths: [project.at('a'), project.at('b')], count: 2 },
  });
  const { length } = await bench.log(session);
  await expect(restore({ run: id })).rejects.toMatchObject(conflict);
  await expect(restore({ run: id }, { dryRun: true })).resolves.toEqual(['a changed', 'b changed']);
  expect(await bench.log(session)).toHaveLength(length);
  expect(readFileSync(project.at('a'), 'utf8')).toBe('by hand');
  expect(await restore({ run: id }, { force: true })).toEqual(['a restored', 'b restored']);
  expect([readFileSync(project.at('a'), 'utf8'), existsSync(project.at('b'))]).toEqual([
    'one',
    false,
  ]);
  // What was there is not lost.
  const own = (await bench.of(session, 'snapshot')).filter(
    ({ data }) => data.beforeFrom === 'disk',
  );
  await restore({ snapshot: own[0]!.id });
  expect(readFileSync(project.at('a'), 'utf8')).toBe('by hand');
});

test('F3 F4: an earlier run is not put back over a later one unasked', async () => {
  const { project, run, restore } = await world();
  project.write('a', 'zero');
  const one = await run({ a: 'one' });
  const two = await run({ a: 'two' });
  await expect(restore({ run: one })).rejects.toMatchObject(refused('conflict'));
  expect(await restore({ run: two })).toEqual(['a restored']);
  expect(await restore({ run: one })).toEqual(['a restored']);
  expect(readFileSync(project.at('a'), 'utf8')).toBe('zero');
});

test('F3: refused while the agent works, of what there is not, and of files that the run did not write', async () => {
  const { run, restore } = await world();
  const id = await run({ a: 'one' });
  await expect(restore({ run: 'nothing' })).rejects.toMatchObject(
    refused('not_found', { field: 'run' }),
  );
  await expect(restore({ snapshot: 'nothing' })).rejects.toMatchObject(
    refused('not_found', { field: 'snapshot' }),
  );
  await expect(restore({ run: id }, { paths: ['/etc/passwd'] })).rejects.toMatchObject(
    refused('not_found', { field: 'paths' }),
  );
  const { bench: busy, project: other, session: its } = await working();
  const [snapshot] = await busy.of(its, 'snapshot');
  const input = { of: { snapshot: snapshot!.id }, to: 'before', dryRun: false } as const;
  const again = (force: boolean) => busy.engine.snapshots.restore(its, { ...input, force }, by);
  await expect(again(false)).rejects.toMatchObject(refused('busy'));
  expect(await again(true)).toMatchObject({ files: [{ outcome: 'restored' }] });
  expect(existsSync(other.at('a'))).toBe(false);
});

/** A session whose agent has written a file and works on. */
async function working() {
  const project = new Project();
  const bench = await Workbench.open({
    play: async (turn) => {
      project.write('a', 'text');
      const diff = { type: 'diff', path: project.at('a'), oldText: null, newText: 'text' };
      new Calls(turn).print('1', 'edit', 'completed', { content: [{ ...diff, whole: true }] });
      await turn.cancelled;
    },
    checkDirectory: async () => project.dir,
    files: { files: openFiles({ closed: [] }), maxBytes: 1000 },
  });
  const session = await bench.session('go');
  await (await bench.watch(session)).entry('snapshot');
  return { bench, project, session };
}

test('F4: a link or a directory in the place of a file, and what a log says of other places, change nothing else', async () => {
  const { bench, project, run, restore } = await world();
  const outside = new Project();
  outside.write('secret', 'secret');
  project.write('sub/a', 'one');
  project.write('b', 'one');
  const id = await run({ 'sub/a': 'two', b: 'two' });
  rmSync(project.at('sub'), { recursive: true });
  symlinkSync(outside.dir, project.at('sub'));
  project.remove('b');
  mkdirSync(project.at('b'));
  await expect(restore({ run: id })).rejects.toMatchObject(refused('conflict'));
  expect(await restore({ run: id }, { force: true })).toEqual(['b failed', 'sub/a failed']);
  expect([...outside.copy().keys()]).toEqual([outside.at('secret')]);
  // As an imported log may say.
  const blob = await bench.store.putBlob(Buffer.from('evil'));
  const file = { state: 'file', blob } as const;
  const data = {
    path: outside.at('secret'),
    change: 'edited',
    before: file,
    beforeFrom: 'reported',
    after: file,
  } as const;
  const other = await bench.engine.logs.openImport({ session: 'imported', agent: 'plain' }, by);
  const settings = { from: 'client', changes: { agent: 'plain', cwd: project.dir } } as const;
  const base = { at: new Date(0).toISOString(), by, digest: '' } as const;
  await other.add([
    { ...base, seq: 1, id: 'first', kind: 'settings', data: settings },
    { ...base, seq: 2, id: 'evil', kind: 'snapshot', data },
  ]);
  await other.end();
  const input = { of: { snapshot: 'evil' }, to: 'before', force: true, dryRun: false } as const;
  const answer = await bench.engine.snapshots.restore('imported', input, by);
  expect(answer.files).toMatchObject([{ outcome: 'failed' }]);
  expect(readFileSync(outside.at('secret'), 'utf8')).toBe('secret');
});

test('F3: killed at any step, a restoration is ended by the next daemon: each file is as before or as it is to be, and the log says which', async () => {
  const seen = new Set<string>();
  for (let call = 1; call < 400; call += 1) {
    const { bench, project, session, run } = await world();
    project.write('a', 'one');
    project.write('b', 'one');
    const before = project.copy();
    const id = await run({ a: 'two', b: null, c: 'new' });
    const life = new Mortal({ call: 1_000_000, when: 'before' });
    await bench.boot(life);
    await bench.engine.snapshotsTaken();
    const input = { of: { run: id }, to: 'before', force: true, dryRun: false } as const;
    let calls = 0;
    const death = deadly(life, () => (calls += 1) === call);
    const restoring = bench.engine.snapshots.restore(session, input, by).then(
      () => 'done',
      () => 'refused',
    );
    const how = await Promise.race([restoring, life.died.then(() => 'killed')]);
    death();
    await bench.boot();
    await bench.engine.snapshotsTaken();
    const log = await bench.of(session, 'restore');
    const { restore } = (await stateOf(bench, session)) as { restore: string | null };
    expect(restore).toBeNull();
    seen.add(`${how} ${log.length}`);
    expect(log.map(({ data }) => data.state)).toEqual(log.length === 0 ? [] : ['begun', 'ended']);
    const after: Copy = project.copy();
    if (log.length === 2) {
      expect(after).toEqual(before);
      const [, ended] = log;
      expect(ended!.data.files).toHaveLength(3);
    } else expect(readFileSync(project.at('a'), 'utf8')).toBe('two');
    expect([...after.keys()].filter((path) => path.includes('.turnkeep'))).toEqual([]);
    bench.life.kill();
    if (how === 'done') break;
  }
  expect([...seen].toSorted()).toEqual(['done 2', 'killed 0', 'killed 2']);
}, 120_000);

/** Kills the daemon at its nth call of a port from now on; the answer takes the trap back. */
function deadly(life: Mortal, isDue: () => boolean): () => void {
  const { trace } = life;
  const push = trace.push.bind(trace);
  trace.push = (...names: string[]) => {
    const length = push(...names);
    if (isDue()) life.kill();
    return length;
  };
  return () => {
    trace.push = push;
  };
}

async function stateOf(bench: Workbench, session: string): Promise<unknown> {
  const loaded = await bench.store.load(session);
  return JSON.parse(loaded!.state);
}

test('F3: a restoration by another hand at the same time is refused or sees what the first has done', async () => {
  const { bench, project, session, run } = await world();
  project.write('a', 'one');
  const before = project.copy();
  const id = await run({ a: 'two' });
  const input = { of: { run: id }, to: 'before', force: false, dryRun: false } as const;
  const all = await Promise.allSettled(
    Array.from({ length: 5 }, () => bench.engine.snapshots.restore(session, input, by)),
  );
  for (const one of all) {
    if (one.status === 'rejected') expect(one.reason).toMatchObject(refused('busy'));
  }
  expect(all.some(({ status }) => status === 'fulfilled')).toBe(true);
  expect(project.copy()).toEqual(before);
  const states = (await bench.of(session, 'restore')).map(({ data }) => data.state);
  expect(states.length % 2).toBe(0);
});
