import { newId } from '../new-id.ts';
import { backOff, pause } from '../pace.ts';
import type { IngressAccess } from './access.ts';
import { type AppendResult, passes, type Stuck } from './append-result.ts';
import { batchOf, type BatchBounds } from './batch.ts';
import { Deadline } from './deadline.ts';
import { copyLog } from './fork-log.ts';
import type { KnownLog } from './heads.ts';
import type { Fork, KeptLog, Outbox, Waiting } from './outbox.ts';
import { put, type Put } from './put.ts';
import type { Failure, Trying } from './attempts.ts';
import { headOfLog } from './read-head.ts';

/**
 * What is done when somebody else has written: `rebase` goes on after that, `fork` in a session of its own
 * that begins with what we know, `fail` tells the caller.
 */
export type ConflictPolicy = 'rebase' | 'fork' | 'fail';

export interface WriterPorts {
  access: IngressAccess;
  outbox: Outbox;
  onConflict: ConflictPolicy;
  deadlineMs: number;
  bounds: BatchBounds;
  /** Ends everything. */
  signal: AbortSignal;
  /** Nothing is under way any more. */
  rested(writer: LogWriter): void;
}

/**
 * Sends the entries of one session, one request after the other.
 *
 *   idle ──entries──▶ sending ──all stored──▶ idle
 *                        │ ▲
 *       nobody takes them▼ │resume; also the next entry, where it passes by itself
 *                       stuck
 */
export class LogWriter {
  readonly session: string;
  readonly #ports: WriterPorts;
  readonly #queue: Waiting[] = [];
  readonly #receipts = new Map<number, (result: AppendResult) => void>();
  #head: string | null | undefined;
  /** The head when something of ours was stored last: nobody else has written since where it still is. */
  #ours: string | null | undefined;
  #fork: Fork | null = null;
  #tried: KeptLog['tried'] = null;
  #stuck: Stuck | null = null;
  #sending = false;
  #sent: Promise<void> = Promise.resolve();
  /** Lines that go one by one, after a batch of them was not taken. */
  #alone = 0;
  /** Whether the server takes many at once, which its first answer says. */
  #batches = false;
  #conflicts = 0;

  constructor(session: string, { head, goesOnIn }: KnownLog, ports: WriterPorts) {
    this.session = session;
    this.#ports = ports;
    this.#head = head;
    if (goesOnIn !== null) this.#fork = { session: goesOnIn, at: null, whole: true };
  }

  get waiting(): number {
    return this.#queue.length;
  }

  get stuck(): Stuck | null {
    return this.#stuck;
  }

  get resting(): boolean {
    return !this.#sending;
  }

  /** What to know when it is needed again. */
  get known(): KnownLog {
    return { head: this.#head, goesOnIn: this.#fork?.session ?? null };
  }

  /** What an earlier process has left. */
  continue({ lines, head, tried, fork }: KeptLog): void {
    if (head !== null) this.#head = head;
    this.#tried = tried;
    this.#fork = fork;
    this.#queue.push(...lines);
    this.#start();
  }

  /** Entries that the outbox has; their fates, in order. */
  add(lines: readonly Waiting[], after?: string | null): readonly Promise<AppendResult>[] {
    if (after !== undefined) this.#head ??= after;
    const fates = lines.map(
      ({ number }) =>
        new Promise<AppendResult>((resolve) => void this.#receipts.set(number, resolve)),
    );
    this.#queue.push(...lines);
    if (this.#stuck !== null && passes(this.#stuck)) this.#stuck = null;
    if (this.#stuck === null) this.#start();
    else this.#tellAll(this.#stuck);
    return fates;
  }

  /** Tries again; `head`: after which entry, where the caller has looked. */
  resume(head?: string | null): void {
    if (this.#stuck === null) return;
    if (head !== undefined) this.#head = head;
    this.#stuck = null;
    this.#start();
  }

  /** What it is stuck with is given up. */
  async discard(): Promise<void> {
    if (this.#stuck === null) return;
    await this.#sent;
    // Another call was faster.
    if (this.#stuck === null) return;
    // Together, before anything else can be accepted: that is not given up.
    const discarded = this.#ports.outbox.discard(this.session);
    this.#queue.length = 0;
    this.#stuck = null;
    await discarded;
    this.#ports.rested(this);
  }

  #start(): void {
    if (!this.#sending) this.#sent = this.#send();
  }

  async #send(): Promise<void> {
    const { access, deadlineMs, signal } = this.#ports;
    const deadline = new Deadline(access.pace, deadlineMs);
    this.#sending = true;
    try {
      while (this.#queue.length > 0 && this.#stuck === null) await this.#sendNext(deadline);
    } catch {
      // Closed, or the outbox cannot write: either way they stay where they are.
      const code = signal.aborted ? 'gave_up' : 'outbox_failed';
      access.onEvent(code, { status: null, attempt: 0 });
      const keeps = !signal.aborted || this.#ports.outbox.durable;
      this.#stop({ result: 'gave_up', kept: keeps, status: null });
    } finally {
      deadline.end();
      this.#sending = false;
    }
    this.#ports.rested(this);
  }

  async #sendNext(deadline: Deadline): Promise<void> {
    const { access, signal } = this.#ports;
    const trying = { deadline, signal };
    const session = await this.#target(trying);
    if (session === null) return;
    const lines = this.#nextLines();
    const head = await this.#headFor(lines);
    const told = await put(access, { session, head, lines }, trying);
    if ('failed' in told) return this.#stop(kept(told));
    switch (told.put) {
      case 'stored':
        deadline.renew();
        return this.#stored(lines, told, { session, sent: head });
      case 'conflict':
        if (this.#mayBeKnown(lines)) return;
        return this.#conflict(told.head, { sent: head, session, trying });
      case 'fenced':
        return this.#stop({ result: 'fenced', kept: true });
      case 'too much':
        this.#alone = lines.length;
        return;
      case 'rejected':
        return this.#rejected(lines[0]!, told);
    }
  }

  #nextLines(): readonly Waiting[] {
    const many = this.#batches && this.#alone === 0;
    return many ? batchOf(this.#queue, this.#ports.bounds) : this.#queue.slice(0, 1);
  }

  /** A line without a uuid is known again by the head it was sent after: that must be the same after a crash. */
  async #headFor([first]: readonly Waiting[]): Promise<string | null> {
    const { number, uuid } = first!;
    if (this.#tried?.number === number) return this.#tried.head;
    const head = this.#head ?? null;
    if (uuid === null) {
      await this.#ports.outbox.trying(this.session, number, head);
      this.#tried = { number, head };
    }
    return head;
  }

  #stored(
    lines: readonly Waiting[],
    { known, head, batches }: Extract<Put, { put: 'stored' }>,
    { session, sent }: { session: string; sent: string | null },
  ): void {
    const last = lines.findLast(({ uuid }) => uuid !== null)?.uuid;
    // Also of an old one that is sent once more: what followed it then may follow it again.
    if (last !== undefined && last !== null) this.#head = last;
    // Of one that was known the answer tells the head by now: the next went out after the same one as this.
    else if (this.#head === undefined) this.#head = (known[0] === true ? sent : head) ?? undefined;
    if (!known.every(Boolean)) this.#ours = this.#head;
    this.#batches = batches;
    this.#alone = Math.max(0, this.#alone - lines.length);
    this.#conflicts = 0;
    this.#tried = null;
    this.#queue.splice(0, lines.length);
    this.#ports.outbox.settle(this.session, lines.at(-1)!.number, this.#head ?? null);
    for (const [at, { number }] of lines.entries()) {
      const result = known[at] === true ? 'duplicate' : 'stored';
      this.#tell(number, { result, session });
    }
  }

  /**
   * Without a name a line is known by the head that it was sent after alone: after another one it is stored
   * again. Of several the first may be there already, so they go one by one until one is not.
   */
  #mayBeKnown(lines: readonly Waiting[]): boolean {
    const many = lines.length > 1 && lines.some(({ uuid }) => uuid === null);
    this.#alone = many ? lines.length : 0;
    if (many) this.#event('batch_split', 409);
    return many;
  }

  async #conflict(
    told: string | null | undefined,
    { sent, session, trying }: { sent: string | null; session: string; trying: Trying },
  ): Promise<void> {
    const { access, onConflict } = this.#ports;
    const found = told === undefined ? await headOfLog(access, session, trying) : { head: told };
    if ('failed' in found) return this.#stop(kept(found));
    const { head } = found;
    this.#tried = null;
    this.#conflicts += 1;
    const known = this.#head;
    if (head !== null && head === this.#ours && head !== sent) {
      this.#head = head;
      return;
    }
    if (onConflict === 'fork' && known !== undefined && this.#fork === null) {
      const fork = { session: newId(), at: known, whole: false };
      // Only one that is written down is gone on in: there would be another one after a crash.
      await this.#ports.outbox.forked(this.session, fork);
      this.#fork = fork;
      return;
    }
    // Beyond a fork, and where nobody can say where to fork, somebody has to look.
    if (onConflict !== 'rebase') return this.#stop({ result: 'conflict', kept: true, head });
    this.#head = head;
    this.#event('rebased', 409);
    // Two that write at once get out of each other's way; a server that answers so for ever ends in time.
    if (this.#conflicts === 1 && head !== sent) return;
    const ms = backOff(this.#conflicts, access.pace.random()) / (head === sent ? 1 : 20);
    await this.#wait(ms, trying);
  }

  async #wait(ms: number, { deadline, signal }: Trying): Promise<void> {
    try {
      await pause(this.#ports.access.pace, ms, AbortSignal.any([signal, deadline.signal]));
    } catch (error) {
      if (signal.aborted) throw error;
      this.#event('gave_up', 409);
      this.#stop({ result: 'gave_up', kept: true, status: 409 });
    }
  }

  /** The session that is written; null where it is not ready and will not be. */
  async #target(trying: Trying): Promise<string | null> {
    const fork = this.#fork;
    if (fork === null) return this.session;
    if (fork.whole) return fork.session;
    const { access, bounds, outbox } = this.#ports;
    const copied = await copyLog(
      access,
      { from: this.session, ...fork, to: fork.session, bounds },
      trying,
    );
    if ('failed' in copied) this.#stop(kept(copied));
    else if (copied.copied === 'not there')
      this.#stop({ result: 'conflict', kept: true, head: fork.at });
    else {
      this.#fork = { ...fork, whole: true };
      await outbox.forked(this.session, this.#fork);
      this.#head = fork.at;
      this.#event('forked', null);
      return fork.session;
    }
    return null;
  }

  async #rejected(
    line: Waiting,
    { of, status, message }: Extract<Put, { put: 'rejected' }>,
  ): Promise<void> {
    if (of === 'log') return this.#stop({ result: 'rejected', kept: true, status, message });
    await this.#ports.outbox.setAside(this.session, line, status);
    this.#alone = Math.max(0, this.#alone - 1);
    this.#queue.shift();
    this.#tell(line.number, { result: 'rejected', kept: false, status, message });
  }

  #stop(stuck: Stuck): void {
    this.#stuck = stuck;
    this.#tellAll(stuck);
  }

  #tellAll(stuck: Stuck): void {
    for (const number of this.#receipts.keys()) this.#tell(number, stuck);
  }

  #tell(number: number, result: AppendResult): void {
    this.#receipts.get(number)?.(result);
    this.#receipts.delete(number);
  }

  #event(code: Parameters<IngressAccess['onEvent']>[0], status: number | null): void {
    this.#ports.access.onEvent(code, { status, attempt: 0 });
  }
}

function kept({ failed, status }: Failure): Stuck {
  return { result: failed, kept: true, status };
}
