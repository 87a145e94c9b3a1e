import type { Log } from './log.ts';
import type { Entry } from '../domain/entry.ts';
import { limits } from '../domain/limits.ts';
import { type Refusal, RefusalError } from '../domain/refusal.ts';
import type { Account } from '../domain/budget.ts';
import type { DecideContext, Effect } from '../domain/draft.ts';
import type { SessionState } from '../domain/session-state.ts';
import type { AgentDriver } from '../ports/agent.ts';
import type { Clock } from '../ports/clock.ts';
import type { CommitHook, CommitHooks } from '../ports/hooks.ts';
import type { Policies } from '../ports/policies.ts';
import type { Store, Verdict } from '../ports/store.ts';
import { Batch } from './batch.ts';
import { decodeHere, type DecodeLarge, type RawLine, unrecognized } from './decode.ts';
import { Decisions } from './decisions.ts';
import type { FeedHub } from './feed-hub.ts';
import type { GripMark, HostGrip } from './host-grip.ts';
import { type Letter, Mailbox } from './mailbox.ts';
import { PromptContents } from './prompt-contents.ts';
import { rulingsFor } from './rulings.ts';
import { faultMessage, refusalOf, refusedBy } from './turn-refusal.ts';

/** What an actor needs and tells; the supervisor and the lists stand behind it. */
export interface ActorContext {
  clock: Clock;
  store: Store;
  driver: AgentDriver;
  hub: FeedHub;
  /** Decodes a line over `limits.largeLineBytes` off the main thread. */
  decodeLarge: DecodeLarge;
  /** Null where there are none. */
  commitHooks: CommitHooks | null;
  /** Whether the store keeps events for hooks that are notified. */
  keepsEvents: boolean;
  policies: Policies;
  price: DecideContext['price'];
  /** The budgets that a session counts towards; `base` is what of it is committed. */
  accounts(base: SessionState, state: SessionState): readonly Account[];
  arriving(session: string): DecideContext['arriving'];
  /** After a commit: what is to be done in the world. */
  perform(actor: SessionActor, effects: readonly Effect[]): void;
  committed(
    actor: SessionActor,
    entries: readonly Entry[],
    how: {
      before: SessionState;
      /** Ids of those that are of a log from elsewhere: what they tell has not happened here. */
      imported: ReadonlySet<string>;
    },
  ): void;
  /** The agent has ended and its spool is drained: the end is to be found out. */
  conclude(actor: SessionActor): void;
  /** The agent's input could not be written. */
  inputFailed(grip: HostGrip, message: string): void;
  /** Another writer has the session: this actor writes no more. */
  fenced(actor: SessionActor): void;
  /** The agent has said something. */
  heard(actor: SessionActor): void;
  /** Lines of the spool were folded, and what came of them is stored; no batch is under way. */
  folded(actor: SessionActor): void;
  log: Log;
}

const retryMs = 1000;

/**
 * The one writer of a session while it is loaded. A turn folds what waits (commands, lines of the spool,
 * the host's end) into one batch, has it committed, and only then publishes, answers and acts; one batch
 * is in flight at a time.
 *
 *   mailbox ─┐
 *   spool   ─┼─▶ batch ─▶ store.append ─▶ committed ─▶ publish, answer, perform effects
 *   host end ┘
 */
export class SessionActor {
  readonly contents = new PromptContents();
  state: SessionState;
  grip: HostGrip | null;
  /** A before-commit hook sees what is said here: nothing is shown before it is stored. */
  withholds = false;
  readonly context: ActorContext;
  #epoch: number;
  #exists: boolean;
  readonly #mailbox = new Mailbox();
  #turning: Promise<void> | null = null;
  #again = false;
  #working = false;
  /** After a refusal: lines and commands are folded one by one, to find the one that the store refuses. */
  #single = false;
  #refused: Refusal | null = null;
  #committed: Batch | null = null;
  #stopped: Refusal | null = null;
  #leaving: Refusal | null = null;
  #runWaiters = new Map<string, Set<() => void>>();
  #hostWaiters = new Set<() => void>();

  constructor(
    context: ActorContext,
    loaded: { state: SessionState; epoch: number; exists: boolean; grip: HostGrip | null },
  ) {
    this.context = context;
    this.state = loaded.state;
    this.grip = loaded.grip;
    this.#epoch = loaded.epoch;
    this.#exists = loaded.exists;
  }

  get id(): string {
    return this.state.id;
  }

  /** Rises when the session's writer changes. */
  get epoch(): number {
    return this.#epoch;
  }

  get exists(): boolean {
    return this.#exists;
  }

  /** Nothing waits and nothing is under way. */
  get idle(): boolean {
    return this.#mailbox.empty && this.#turning === null && this.grip === null;
  }

  /** Puts a command into the mailbox; the promise settles when its batch is committed or refused. */
  post(
    letter: Pick<Letter, 'command' | 'by' | 'ownId' | 'whole' | 'blobs' | 'primer' | 'secrets'>,
  ): Promise<Parameters<Letter['resolve']>[0]> {
    return new Promise((resolve, reject) => {
      if (this.#stopped !== null) return reject(new RefusalError(this.#stopped));
      if (this.#leaving !== null && letter.by.type === 'client') {
        return reject(new RefusalError(this.#leaving));
      }
      this.#mailbox.put({ ...letter, barrier: null, resolve, reject });
      this.wake();
    });
  }

  /** Resolves when everything that the agent has written by now is folded. */
  async caughtUp(): Promise<void> {
    await this.post({ command: { type: 'sync' }, by: { type: 'server' }, ownId: false });
  }

  /** Resolves when the run is over (at once if it is not the open one). */
  runEnded(run: string): Promise<void> {
    if (this.state.run?.id !== run) return Promise.resolve();
    return new Promise((resolve) => {
      const waiters = this.#runWaiters.get(run) ?? new Set();
      this.#runWaiters.set(run, waiters.add(resolve));
    });
  }

  /** Resolves when the session has no host any more. */
  async hostGone(): Promise<void> {
    while (this.grip !== null) await new Promise<void>((resolve) => this.#hostWaiters.add(resolve));
  }

  /** Something may be there to fold: called for new output, new commands and the host's end. */
  wake(): void {
    this.#again = true;
    if (this.#working) return;
    this.#working = true;
    this.#turning = this.#work().finally(() => {
      this.#working = false;
      this.#turning = null;
      if (this.#again && this.#stopped === null) this.wake();
    });
  }

  /** Resolves when the work at hand is done. */
  async settled(): Promise<void> {
    while (this.#turning !== null) await this.#turning;
  }

  /** Takes nothing more from clients, only from the server that ends what works here. */
  leave(refusal: Refusal): void {
    this.#leaving = refusal;
  }

  /** Takes no more commands; what waits is refused. */
  stop(refusal: Refusal): void {
    this.#stopped = refusal;
    this.#mailbox.refuseAll(refusal);
  }

  async #work(): Promise<void> {
    while (this.#again && this.#stopped === null) {
      this.#again = false;
      try {
        while (this.#stopped === null && (await this.#turn()));
      } catch (error) {
        this.#fault(error);
      }
    }
  }

  /** A fault of our own must not end the daemon or hang callers: refuse, and try again later. */
  #fault(error: unknown): void {
    const message = error instanceof Error ? error.message : 'unknown';
    this.context.log('actor.fault', { session: this.id, message, stack: (error as Error).stack });
    this.#mailbox.refuseAll({ code: 'internal', message: faultMessage });
    this.context.clock.after(retryMs, () => this.wake());
  }

  /** One batch. True when there may be more to do. */
  async #turn(): Promise<boolean> {
    const taken: Taken = { lines: [], letters: [] };
    await this.#hookOf(this.state.cwd);
    const { grip } = this;
    const mark = grip?.mark() ?? null;
    const batch = new Batch(this.state, grip, {
      clock: this.context.clock,
      driver: this.context.driver,
      contentOf: (prompt) => this.contents.of(prompt),
      primer: () => this.contents.primer(this.state),
      price: this.context.price,
      accounts: (state) => this.context.accounts(this.state, state),
      arriving: this.context.arriving(this.id),
    });
    try {
      return await this.#fold(batch, taken, mark);
    } catch (error) {
      // Nothing of it counts: the lines are given out again, and no caller waits for ever.
      if (this.#committed !== batch && mark !== null) grip!.rollback(mark, taken.lines);
      for (const letter of taken.letters) letter.reject(refusedBy(error));
      throw error;
    }
  }

  async #fold(batch: Batch, taken: Taken, mark: GripMark | null): Promise<boolean> {
    const { grip } = this;
    let letters = (taken.letters = this.#mailbox.urgent(this.#single));
    const urgent = letters.length > 0;
    const lines = (taken.lines = urgent ? [] : await this.#readLines());
    if (lines.length > 0) this.context.heard(this);
    for (const line of lines) await this.#foldLine(batch, line);
    if (!urgent) {
      const alone = this.#single && lines.length > 0;
      letters = taken.letters = alone ? [] : await this.#takeReady();
      if (lines.length === 0 && grip !== null && grip.drained) this.#hostOver(batch, grip);
    }
    const decisions = await this.#decideAll(batch, letters);
    if (batch.empty) {
      decisions.settle(null);
      this.context.perform(this, batch.effects);
      // An urgent turn has not looked at the spool, whatever woke the actor; a single one leaves the others.
      if (lines.length === 0) return urgent || (this.#single && letters.length > 0);
      this.context.hub.partials(this);
      this.context.folded(this);
      return true;
    }
    const verdict = await this.#commit(batch);
    if (verdict.status === 'stored') {
      decisions.settle(verdict);
      if (lines.length > 0) this.context.folded(this);
      return true;
    }
    if (mark !== null) grip!.rollback(mark, lines);
    if (this.#putBack(verdict, taken)) return true;
    decisions.settle(verdict);
    return this.#notStored(verdict, taken);
  }

  /** What the store refuses is one thing of a turn: the others are not refused with it, but decided again. */
  #putBack(verdict: Verdict, taken: Taken): boolean {
    const { letters, lines } = taken;
    if (verdict.status !== 'refused' || verdict.refusal.code === 'unavailable') return false;
    if (letters.length === 0 || letters.length + lines.length === 1) return false;
    taken.letters = [];
    this.#mailbox.putBack(letters);
    this.#single = true;
    return true;
  }

  #hostOver(batch: Batch, grip: HostGrip): void {
    if (!grip.finished) return this.context.conclude(this);
    batch.hostEnd(this.#refused !== null);
    this.#refused = null;
  }

  async #takeReady(): Promise<Letter[]> {
    const { letters, behind } = await this.#mailbox.ready(this.grip, this.#single);
    if (behind) this.#again = true;
    return letters;
  }

  async #readLines(): Promise<readonly RawLine[]> {
    return (await this.grip?.lines(this.#single ? 1 : limits.batchLines)) ?? [];
  }

  async #foldLine(batch: Batch, line: RawLine): Promise<void> {
    const { grip } = batch;
    if (grip === null) return;
    if (this.#refused !== null) {
      const reason = `refused by the store: ${this.#refused.code}`;
      // An id of its own: the line's first id may be what the store refused.
      const decoded = unrecognized(grip.decoder, line, reason, 'r');
      this.#refused = null;
      return batch.line(line, decoded);
    }
    const { policies } = this.context;
    const decoded = await decodeHere(this.context, grip.decoder, line);
    // What is only decoded again was ruled on before.
    const again = line.to <= grip.suppressBelow;
    batch.line(
      line,
      decoded,
      again ? undefined : await rulingsFor(batch, decoded.events, policies),
    );
  }

  /** Decides commands into the batch; their callers are told when it is committed. */
  async #decideAll(batch: Batch, letters: readonly Letter[]): Promise<Decisions> {
    const { store } = this.context;
    const entryOf = async (id: string): Promise<Entry | undefined> =>
      this.#exists ? store.entry(this.id, id) : undefined;
    const context = { contents: this.contents, entryOf, withholds: this.withholds };
    const decisions = new Decisions(batch, context, this.state.lastSeq);
    for (const letter of letters) await decisions.add(letter);
    return decisions;
  }

  async #commit(batch: Batch): Promise<Verdict> {
    const { store, keepsEvents } = this.context;
    const hook = await this.#hookOf(batch.state.cwd);
    if (hook !== null) await batch.withhold(hook);
    for (const blob of batch.blobs) await store.putBlob(blob.bytes, blob.ref.digest);
    const { batch: given, change } = batch.toAppend(this.#epoch, !this.#exists);
    const append = keepsEvents ? { ...given, events: batch.events(!this.#exists) } : given;
    const [verdict] = await store.append([append]);
    if (verdict === undefined) throw new Error('the store gave no verdict');
    if (verdict.status === 'stored') this.#stored(batch, change);
    return verdict;
  }

  /** The before-commit hook of what is said here; null for none. */
  hook(): Promise<CommitHook | null> {
    return this.#hookOf(this.state.cwd);
  }

  /** The hook of what is said here: by the session's directory, that it is about to have, and its host's. */
  async #hookOf(cwd: string): Promise<CommitHook | null> {
    const { commitHooks } = this.context;
    if (commitHooks === null) return null;
    const places = new Set([this.state.cwd, cwd, this.grip?.spec.cwd ?? '']);
    const hook = await commitHooks.of([...places].filter((place) => place !== ''));
    this.withholds = hook !== null;
    return hook;
  }

  #stored(batch: Batch, change: Parameters<HostGrip['stored']>[0] | null): void {
    const before = this.state;
    this.state = batch.state;
    this.#epoch = Math.max(this.#epoch, batch.state.writer.epoch);
    this.#exists = true;
    this.#single = false;
    this.#committed = batch;
    if (change !== null) batch.grip?.stored(change);
    // The end of its host is stored: what this daemon holds of it (files, a watch) is let go.
    if (this.grip !== batch.grip) this.grip?.host?.release();
    this.grip = batch.grip;
    for (const { grip, offset, bytes } of batch.inputs) this.#write(grip, offset, bytes);
    const entries = batch.entries.map(({ entry, digest }, index) => ({
      ...entry,
      seq: before.lastSeq + index + 1,
      digest,
    }));
    this.context.hub.entries(this, entries);
    this.context.hub.partials(this);
    for (const entry of entries) this.contents.written(entry);
    for (const [prompt, content] of batch.edited) this.contents.add(prompt, content);
    this.contents.keep(this.state);
    this.context.committed(this, entries, { before, imported: batch.imported });
    this.#releaseRunWaiters(before);
    for (const release of this.#hostWaiters) release();
    this.#hostWaiters.clear();
    this.context.perform(this, batch.effects);
  }

  #write(grip: HostGrip, offset: number, bytes: Uint8Array): void {
    grip.write(offset, bytes, (message) => this.context.inputFailed(grip, message));
  }

  #releaseRunWaiters(before: SessionState): void {
    const ended = before.run?.id;
    if (ended === undefined || this.state.run?.id === ended) return;
    for (const release of this.#runWaiters.get(ended) ?? []) release();
    this.#runWaiters.delete(ended);
  }

  /** What the store did not take: full disks are waited for, refused lines become unrecognized entries. */
  #notStored(verdict: Exclude<Verdict, { status: 'stored' }>, taken: Taken): boolean {
    const { lines, letters } = taken;
    const refusal = refusalOf(verdict);
    // Another writer. A key that is taken is a conflict too, but only of the command that asked for it.
    if (verdict.status === 'fenced' || verdict.status === 'conflict') {
      this.context.log('actor.fenced', { session: this.id, verdict });
      this.stop(refusal);
      this.context.fenced(this);
      return false;
    }
    if (refusal.code === 'unavailable' || lines.length === 0) {
      this.#single = false;
      if (!this.#mailbox.empty) this.#again = true;
      // Nobody waits behind what cannot be stored: not a client, nor the intent to end the host.
      if (refusal.code === 'unavailable') this.#mailbox.refuseAll(refusal);
      else if (letters.length === 0) this.#refuse(refusal);
      if (lines.length > 0 || this.grip?.finished === true) {
        this.context.clock.after(retryMs, () => this.wake());
      }
      return false;
    }
    if (this.#single) this.#refuse(refusal);
    this.#single = true;
    return true;
  }

  /** What is folded next, a line or the host's end, is folded as something that the store can take. */
  #refuse(refusal: Refusal): void {
    this.context.log('actor.refused', { session: this.id, refusal });
    this.#refused = refusal;
  }
}

/** What a turn has taken from where it waited. */
interface Taken {
  lines: readonly RawLine[];
  letters: readonly Letter[];
}
