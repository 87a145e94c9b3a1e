import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openFiles } from '../../src/files/files.ts';
import { limits } from '../../src/domain/limits.ts';
import type { Turn } from '../../src/testing/index.ts';
import { bare, Calls, type Copy, Project, sideText } from './project.ts';
import { by, Workbench } from './workbench.ts';

const names = ['a.txt', 'b.bin', 'sub/c.txt', 'sub/deep/d', 'link'] as const;
type Name = (typeof names)[number];

/** One tool call. `kill`: a daemon dies when it has stored the end of the call. */
interface Step {
  act: 'text' | 'binary' | 'edit' | 'delete' | 'move' | 'link' | 'read' | 'fail';
  name: Name;
  other: Name;
  salt: number;
  asks: boolean;
  kill: 'no' | 'before' | 'after';
}

const step: fc.Arbitrary<Step> = fc.record({
  act: fc.constantFrom('text', 'binary', 'edit', 'delete', 'move', 'link', 'read', 'fail'),
  name: fc.constantFrom(...names),
  other: fc.constantFrom(...names),
  salt: fc.nat(1000),
  asks: fc.boolean(),
  kill: fc.constantFrom('no', 'no', 'no', 'before', 'after'),
});

/** What a call of the agent does to the directory, and which files it names. */
class Actor {
  readonly #project: Project;
  readonly #known = new Set<string>();

  constructor(project: Project) {
    this.#project = project;
  }

  plan(step: Step): { kind: string; files: readonly string[]; asks: boolean; told?: object } {
    const { act, name, other } = step;
    const file = this.#project.at(name);
    const kinds = { delete: 'delete', move: 'move', read: 'read' } as Record<string, string>;
    const files = act === 'move' ? [file, this.#project.at(other)] : [file];
    const kind = kinds[act] ?? 'edit';
    const before = this.#project.copy().get(file);
    const plain = before === undefined || before.startsWith('file');
    const told = act === 'text' && plain ? this.#diff(step, before) : undefined;
    // What nobody has told before and nobody has seen is not known: such a call asks.
    const known =
      files.every((one) => this.#known.has(one)) || told !== undefined || act === 'read';
    return { kind, files, asks: step.asks || !known, ...(told === undefined ? {} : { told }) };
  }

  /** From now on the session knows how these files are. */
  know(files: readonly string[]): void {
    for (const one of files) this.#known.add(one);
  }

  #diff({ name, salt }: Step, before: string | undefined): object | undefined {
    const bytes = before === undefined ? null : Buffer.from(before.split(' ')[2] ?? '', 'base64');
    if (bytes?.includes(0) === true) return undefined;
    const oldText = bytes?.toString() ?? null;
    const path = this.#project.at(name);
    return { content: [{ type: 'diff', path, oldText, newText: text(salt), whole: true }] };
  }

  act({ act, name, other, salt }: Step): boolean {
    const project = this.#project;
    const before = project.copy().get(project.at(name));
    const isLink = before?.startsWith('link') === true;
    switch (act) {
      case 'text':
      case 'binary':
        if (isLink) project.remove(name);
        project.write(name, act === 'text' ? text(salt) : Buffer.from([0, salt % 256, 255, 254]));
        return true;
      case 'edit':
        if (before === undefined || isLink) return false;
        project.write(name, `${before.slice(-5)} edited ${salt}`);
        return true;
      case 'delete':
        project.remove(name);
        return before !== undefined;
      case 'move':
        if (before === undefined || isLink || name === other) return false;
        project.remove(other);
        project.write(other, Buffer.from(before.split(' ')[2] ?? '', 'base64'));
        project.remove(name);
        return true;
      case 'link':
        project.link(name, `nowhere-${salt}`);
        return true;
      case 'read':
        return before !== undefined && !isLink;
      case 'fail':
        return false;
    }
  }
}

const text = (salt: number): string => `line one\nline ${salt}\n${'x'.repeat(salt)}\n`;

/** A run of the script, step by step; the copies before each step and after the last. */
async function play(bench: Workbench, project: Project, actor: Actor, steps: readonly Step[]) {
  const copies: Copy[] = [project.copy()];
  const calls: string[] = [];
  const done = Promise.withResolvers<void>();
  playing = async (turn) => {
    try {
      for (const one of steps) {
        calls.push(await take(bench, new Calls(turn), { one, actor }));
        copies.push(project.copy());
      }
      done.resolve();
    } catch (error) {
      done.reject(error as Error);
    }
  };
  const { run } = await bench.send(session, 'go');
  await done.promise;
  await (await bench.watch(session)).entry('run_ended', ({ runId }) => runId === run);
  await bench.engine.snapshotsTaken();
  return { run: run!, copies, calls };
}

let playing: (turn: Turn) => Promise<void>;
let session: string;

async function take(bench: Workbench, calls: Calls, { one, actor }: { one: Step; actor: Actor }) {
  const call = Calls.next();
  const { kind, files, asks, told } = actor.plan(one);
  const more = { locations: files.map((path) => ({ path })), ...told };
  if (asks) {
    calls.ask(call, kind, more);
    const watch = await bench.watch(session);
    const asked = await watch.entry('approval', ({ data }) => data.toolCall?.call === call);
    await bench.engine.snapshotsTaken();
    if (one.kill === 'before') {
      await bench.boot();
      await bench.engine.snapshotsTaken();
    }
    await bench.engine.approvals.decide(
      session,
      { approval: asked.id, choice: { verdict: 'allow' } },
      by,
    );
  }
  calls.print(call, kind, 'in_progress', more);
  const completed = actor.act(one);
  const wasSeen = asks && one.kill !== 'after' && one.act !== 'read';
  if (completed || wasSeen) actor.know(files);
  calls.print(call, kind, completed ? 'completed' : 'failed', more);
  const watch = await bench.watch(session);
  await watch.entry('tool_call', ({ data }) => data.call === call && data.status !== 'in_progress');
  if (one.kill === 'after') await bench.boot();
  await bench.engine.snapshotsTaken();
  return call;
}

/** What is wrong with the snapshots of a run, compared with plain copies of the directory. */
async function faults(
  bench: Workbench,
  { copies, calls }: { copies: readonly Copy[]; calls: readonly string[] },
  steps: readonly Step[],
): Promise<readonly string[]> {
  const entries = await bench.of(session, 'snapshot');
  const first = await bench.of(session, 'tool_call');
  const wrong: string[] = [];
  for (const [at, call] of calls.entries()) {
    const about = first.find(({ data }) => data.call === call)!.id;
    const own = entries.filter((entry) => entry.about === about);
    const { act } = steps[at]!;
    const before = copies[at]!;
    const after = copies[at + 1]!;
    const changed = [...new Set([...before.keys(), ...after.keys()])].filter(
      (path) => before.get(path) !== after.get(path),
    );
    for (const path of changed) {
      if (!own.some(({ data }) => data.path === path)) wrong.push(`${act} ${path}: no snapshot`);
    }
    for (const { data } of own) {
      const name = `${act} ${data.path} (${data.beforeFrom}, ${data.change})`;
      // What was read while the agent waited is gone with the daemon that had read it.
      const lost = data.beforeFrom === 'unknown' && steps[at]!.kill === 'after';
      if (lost && ['unknown', 'deleted'].includes(data.change)) continue;
      const was = await sideText(bench.store, data.before);
      if (bare(was) !== bare(before.get(data.path))) wrong.push(`${name}: before is ${was}`);
      if (data.after === undefined) continue;
      const is = await sideText(bench.store, data.after);
      if (bare(is) !== bare(after.get(data.path))) wrong.push(`${name}: after is ${is}`);
      const isChange = bare(before.get(data.path)) !== bare(after.get(data.path));
      if (isChange === (data.change === 'unchanged')) wrong.push(`${name}: the wrong change`);
    }
  }
  return wrong;
}

const unknown = 'what it was is not known';

function without(copy: Copy, paths: ReadonlySet<string>): Copy {
  return new Map([...copy].filter(([path]) => !paths.has(path)));
}

async function world() {
  const project = new Project();
  project.write('a.txt', 'at first\n', 0o600);
  project.write('b.bin', Buffer.from([1, 0, 2]), 0o755);
  const bench = await Workbench.open({
    play: (turn) => playing(turn),
    checkDirectory: async () => project.dir,
    files: { files: openFiles({ closed: [] }), maxBytes: limits.snapshotBytes },
  });
  session = await bench.session();
  return { project, bench, actor: new Actor(project) };
}

test('F1 F3: every snapshot is as a plain copy of the directory, also over deaths of the daemon; a run that is restored leaves the copy from before it', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 8 }),
      fc.array(step, { minLength: 1, maxLength: 8 }),
      async (one, other) => {
        const { project, bench, actor } = await world();
        const first = await play(bench, project, actor, one);
        expect(await faults(bench, first, one)).toEqual([]);
        const second = await play(bench, project, actor, other);
        expect(await faults(bench, second, other)).toEqual([]);
        const lost = new Set<string>();
        for (const { run, copies } of [second, first]) {
          const input = { of: { run }, to: 'before', force: false, dryRun: false } as const;
          const { files } = await bench.engine.snapshots.restore(session, input, by).catch(
            // Calls that another daemon saw end are only forced.
            () => bench.engine.snapshots.restore(session, { ...input, force: true }, by),
          );
          const failed = files.filter(({ outcome }) => outcome === 'failed');
          expect(failed.map(({ message }) => message)).toEqual(failed.map(() => unknown));
          for (const { path } of failed) lost.add(path);
          expect(without(project.copy(), lost)).toEqual(without(copies[0]!, lost));
        }
        bench.life.kill();
      },
    ),
    { numRuns: 25 },
  );
}, 120_000);
