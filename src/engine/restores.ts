import type { NewSnapshot } from '../domain/command.ts';
import { restoring, working } from '../domain/decide/snapshot.ts';
import type { By } from '../domain/entry.ts';
import { limits } from '../domain/limits.ts';
import { refuse } from '../domain/refusal.ts';
import {
  changeBetween,
  type FileSide,
  isAlready,
  isKnown,
  leftAs,
  type Restore,
  type RestoredFile,
  sameSide,
  type Snapshot,
} from '../domain/snapshot.ts';
import type { Clock } from '../ports/clock.ts';
import type { Area, Files, FileTarget, FoundFile } from '../ports/files.ts';
import type { SnapshotEntry, Store } from '../ports/store.ts';
import type { SessionActor } from './actor.ts';
import type { Log } from './log.ts';
import type { RestoreAnswer, RestoreInput } from './session-ops.ts';
import { Sides } from './snapshot-sides.ts';

export interface RestoresContext {
  store: Store;
  clock: Clock;
  files: Files;
  /** Largest content that is kept of what was there. */
  maxBytes: number;
  actorOf(session: string): Promise<SessionActor>;
  log: Log;
}

type Begun = Extract<Restore, { state: 'begun' }>;
type Planned = Begun['files'][number];

/** A file of a plan, and what is to be known about it before anything is done. */
interface Wish {
  path: string;
  snapshot: SnapshotEntry;
  /** As the agent, or the restoration before, has left it. */
  expected: FileSide;
  to: FileSide;
}

/** A file of a plan as it was found. */
interface Considered {
  plan: Planned;
  conflict: boolean;
  /** Why it cannot be put back. */
  impossible: string | null;
}

const pageFiles = 200;

/**
 * Puts files back as they were. The intent is an entry before anything is done, what came of it another one:
 *
 *   plan, compare ──▶ `restore begun` ──▶ each file, whole or not at all ──▶ `restore ended`, snapshots
 *
 * One that a daemon has not ended is ended by the next: what is done already is as it is to be, what is as
 * it was found is put back, and what is neither is left alone.
 */
export class Restores {
  readonly #context: RestoresContext;
  readonly #sides: Sides;
  /** Sessions whose files are being put back by this daemon. */
  readonly #busy = new Set<string>();

  constructor(context: RestoresContext) {
    this.#context = context;
    this.#sides = new Sides(context);
  }

  async restore(session: string, input: RestoreInput, by: By): Promise<RestoreAnswer> {
    await this.settle(session);
    const actor = await this.#context.actorOf(session);
    const { cwd, additionalDirs: dirs } = actor.state;
    if ((await actor.hook()) !== null) throw hooked();
    // Also where nothing is to be done: the answer would be true for no time at all.
    if (actor.state.run !== null && !input.force) throw working();
    const wishes = await this.#wishes(session, input);
    const files = await this.#plan(wishes, { cwd, dirs }, !input.dryRun);
    const conflicts = files.filter(({ conflict }) => conflict).map(({ plan }) => plan.path);
    if (input.dryRun) return { key: actor.state.key, restore: null, files: previewOf(files) };
    if (conflicts.length > 0 && !input.force) throw changed(conflicts);
    if (this.#busy.has(session)) throw restoring();
    return this.#alone(session, () => this.#begin(session, { files, forced: input.force, by }));
  }

  async #begin(
    session: string,
    { files, forced, by }: { files: readonly Considered[]; forced: boolean; by: By },
  ): Promise<RestoreAnswer> {
    const id = this.#context.clock.newId();
    const plans = files.map(({ plan }) => plan);
    const command = { type: 'begin_restore' as const, id, forced, files: plans };
    const actor = await this.#context.actorOf(session);
    const begun = await actor.post({ command, by, ownId: false });
    const seq = begun.seqOf(id);
    const done = await this.#perform(session, id, { files: plans, forced, by });
    return { key: begun.state.key, restore: { id, seq }, files: done };
  }

  /** Ends what another daemon has begun, or what this one could not store the end of. */
  async settle(session: string): Promise<void> {
    if (this.#busy.has(session)) return;
    const actor = await this.#context.actorOf(session);
    const { restore } = actor.state;
    if (restore === null || this.#busy.has(session)) return;
    await this.#alone(session, async () => {
      const { store } = this.#context;
      const entry = await store.entry(session, restore);
      if (entry?.kind !== 'restore' || entry.data.state !== 'begun') return;
      const open = await store.openRestores();
      // A log from elsewhere that has not come in whole: nothing of it is done here.
      const here = open.some((one) => one.session === session && one.entry === restore);
      const files = here ? entry.data.files : [];
      await this.#perform(session, restore, { ...entry.data, files, by: entry.by });
    });
  }

  async #alone<Result>(session: string, act: () => Promise<Result>): Promise<Result> {
    this.#busy.add(session);
    try {
      return await act();
    } finally {
      this.#busy.delete(session);
    }
  }

  async #wishes(session: string, input: RestoreInput): Promise<readonly Wish[]> {
    const { of, to, paths } = input;
    const all =
      'snapshot' in of
        ? [await this.#wishOf(session, of.snapshot, to)]
        : await this.#wishesOf(session, of.run, to);
    if (paths === undefined) return all;
    const missing = paths.filter((path) => !all.some((wish) => wish.path === path));
    if (missing.length > 0) {
      const message = `No file ${missing[0]!.slice(0, 200)} was written there: name its absolute path.`;
      throw refuse('not_found', message, { field: 'paths' });
    }
    return all.filter(({ path }) => paths.includes(path));
  }

  async #wishOf(session: string, id: string, to: 'before' | 'after'): Promise<Wish> {
    const entry = await this.#context.store.entry(session, id);
    if (entry?.kind !== 'snapshot') {
      throw refuse('not_found', 'The session has no snapshot with this id.', { field: 'snapshot' });
    }
    return wish(entry, entry, to);
  }

  async #wishesOf(session: string, run: string, to: 'before' | 'after'): Promise<readonly Wish[]> {
    const wishes: Wish[] = [];
    for (let after: string | null = ''; after !== null;) {
      const page = await this.#context.store.snapshotSpans({
        session,
        run,
        after,
        limit: pageFiles,
      });
      wishes.push(...page.files.map(({ first, last }) => wish(first, last, to)));
      if (wishes.length > limits.restoreFiles) {
        const message = `The run has written more than ${limits.restoreFiles} files: name some by paths.`;
        throw refuse('too_large', message, { field: 'paths' });
      }
      after = page.next;
    }
    if (wishes.length > 0 || (await this.#context.store.run(session, run)) !== undefined)
      return wishes;
    throw refuse('not_found', 'The session has no such run.', { field: 'run' });
  }

  /** `keep`: what is found is stored, so that it can be put back in its turn. */
  async #plan(wishes: readonly Wish[], area: Area, keep: boolean): Promise<readonly Considered[]> {
    const planned = [];
    for (const { path, snapshot, expected, to } of wishes) {
      const found = await this.#context.files.read(
        path,
        area,
        this.#context.maxBytes || limits.snapshotBytes,
      );
      const from = keep ? await this.#sides.ofFound(found) : Sides.ofBytes(found);
      const plan = { path, snapshot: snapshot.id, from, to };
      const late = snapshot.data.late === true;
      const conflict = !sameSide(from, to) && (late || !sameSide(from, expected));
      planned.push({ plan, conflict, impossible: impossible(plan) });
    }
    return planned;
  }

  async #perform(
    session: string,
    about: string,
    { files, forced, by }: Pick<Begun, 'files' | 'forced'> & { by: By },
  ): Promise<readonly RestoredFile[]> {
    const actor = await this.#context.actorOf(session);
    const { cwd, additionalDirs: dirs } = actor.state;
    const done: RestoredFile[] = [];
    const snapshots: NewSnapshot[] = [];
    for (const [at, plan] of files.entries()) {
      const file = await this.#put(plan, { area: { cwd, dirs }, name: `${about}-${at}`, forced });
      done.push(file);
      if (file.outcome === 'restored') snapshots.push(this.#snapshot(about, plan));
    }
    const command = { type: 'end_restore' as const, about, files: done, snapshots };
    const writer = await this.#context.actorOf(session);
    await writer.post({ command, by, ownId: false });
    return done;
  }

  async #put(
    plan: Planned,
    { area, name, forced }: { area: Area; name: string; forced: boolean },
  ): Promise<RestoredFile> {
    const { path, from, to } = plan;
    if (isAlready(from, to)) return { path, outcome: 'same' };
    const reason = impossible(plan);
    if (reason !== null) return { path, outcome: 'failed', message: reason };
    let already = false;
    const expected = (found: FoundFile): boolean => {
      const now = Sides.ofBytes(found);
      already = isAlready(now, to);
      if (already) return false;
      return sameSide(now, from) || (forced && sameReason(now, from));
    };
    const maxBytes = this.#context.maxBytes || limits.snapshotBytes;
    try {
      const target = await this.#targetOf(to);
      const put = await this.#context.files.put({
        path,
        area,
        to: target,
        expected,
        maxBytes,
        name,
      });
      return { path, outcome: put === 'done' || already ? 'restored' : 'changed' };
    } catch (error) {
      const message = error instanceof Error ? error.message.slice(0, 1000) : 'unknown';
      this.#context.log('restore', { path, message });
      return { path, outcome: 'failed', message };
    }
  }

  async #targetOf(to: FileSide): Promise<FileTarget> {
    if (to.state === 'absent' || to.state === 'link') return to;
    if (to.state === 'unread') throw new Error('what it was is not known');
    const bytes = await this.#context.store.getBlob(to.blob.digest);
    if (bytes === undefined) throw new Error('its content is gone');
    return { state: 'file', bytes, ...(to.mode === undefined ? {} : { mode: to.mode }) };
  }

  #snapshot(about: string, { path, from, to }: Planned): NewSnapshot {
    const id = `s${this.#context.clock.sha256(`${about}\n${path}`).slice(0, 32)}`;
    const data: Snapshot = {
      path,
      change: changeBetween(from, to),
      before: from,
      beforeFrom: 'disk',
      after: to,
      afterFrom: 'disk',
    };
    return { id, data };
  }
}

function wish(first: SnapshotEntry, last: SnapshotEntry, to: 'before' | 'after'): Wish {
  const { path, before } = first.data;
  const left = leftAs(last.data);
  return to === 'before'
    ? { path, snapshot: first, expected: left, to: withMode(before, leftAs(first.data)) }
    : { path, snapshot: last, expected: before, to: left };
}

/** Who tells a text tells no permissions; those that it was left with are as good as any. */
function withMode(before: FileSide, after: FileSide): FileSide {
  if (before.state !== 'file' || before.mode !== undefined) return before;
  const mode = after.state === 'file' ? after.mode : undefined;
  return mode === undefined ? before : { ...before, mode };
}

/** Why nothing can be put there. */
function impossible({ from, to }: Pick<Planned, 'from' | 'to'>): string | null {
  if (!isKnown(to)) return 'what it was is not known';
  if (from.state !== 'unread') return null;
  if (from.reason === 'outside') return 'it lies outside of the directories of the session';
  return from.reason === 'directory' ? 'a directory is in its place' : null;
}

/** What is too large to be compared is still as it was found, as far as can be told. */
function sameReason(now: FileSide, from: FileSide): boolean {
  return now.state === 'unread' && from.state === 'unread' && now.reason === from.reason;
}

function previewOf(files: readonly Considered[]): readonly RestoredFile[] {
  return files.map(({ plan, conflict, impossible: message }) => {
    const { path } = plan;
    if (isAlready(plan.from, plan.to)) return { path, outcome: 'same' };
    if (message !== null) return { path, outcome: 'failed', message };
    return { path, outcome: conflict ? 'changed' : 'restored' };
  });
}

/** What is in the files now would be stored unseen. */
function hooked(): Error {
  const message =
    'The directory of this session has a before-commit hook, which sees no files: none is put back.';
  return refuse('unsupported', message, { field: 'session' });
}

function changed(paths: readonly string[]): Error {
  const named = paths.slice(0, 100);
  const one = paths.length === 1;
  const message = `${one ? 'A file is' : `${paths.length} files are`} not as the agent left ${one ? 'it' : 'them'}: look at ${one ? 'it' : 'them'}, or force it.`;
  return refuse('conflict', message, {
    field: 'force',
    data: { paths: [...named], count: paths.length },
  });
}
