import type { NewSnapshot } from '../domain/command.ts';
import type { ToolCall } from '../domain/content.ts';
import type { Entry, EntryOf, NewEntry } from '../domain/entry.ts';
import { limits } from '../domain/limits.ts';
import { RefusalError } from '../domain/refusal.ts';
import { type FileSide, isWrite, leftAs, type Snapshot } from '../domain/snapshot.ts';
import type { Clock } from '../ports/clock.ts';
import type { Area, Files, Place } from '../ports/files.ts';
import type { SnapshotEntry, Store } from '../ports/store.ts';
import type { SessionActor } from './actor.ts';
import type { Log } from './log.ts';
import { type AskedCall, type EndedCall, Witness } from './snapshot-witness.ts';
import { readSnapshot, Sides, writtenSnapshot } from './snapshot-sides.ts';
import { joined, mayNameFiles, namedFiles, toldOf, unfolded, writes } from './told-files.ts';

export interface SnapshotsContext {
  store: Store;
  clock: Clock;
  files: Files;
  /** Largest content that is kept; 0 for no snapshots at all. */
  maxBytes: number;
  /** The actor that writes for the session now. */
  actorOf(session: string): Promise<SessionActor>;
  log: Log;
}

const nothing = { state: 'unread', reason: 'unknown' } as const;
const together = 4;
const retryMs = 1000;
const tries = 30;

/**
 * Looks at the files of tool calls, off the path of their entries:
 *
 *   approval ──▶ its files are read while the agent waits
 *   last state of a call ──▶ queue of the session ──▶ before, after ──▶ command `snapshot`
 *
 * The calls of a session are looked at one after the other, those of a few sessions at a time. What waits is
 * names of entries alone, and no more of them than `limits.snapshotCalls`.
 */
export class Snapshots {
  readonly #context: SnapshotsContext;
  readonly #sides: Sides;
  readonly #sessions = new Map<string, Witness>();
  readonly #waiting: Witness[] = [];
  readonly #idle: (() => void)[] = [];
  #working = 0;
  #reading = 0;
  #stopped = false;

  constructor(context: SnapshotsContext) {
    this.#context = context;
    this.#sides = new Sides(context);
  }

  /** Called after every commit; what is to be done is only noted here. */
  committed(actor: SessionActor, entries: readonly (NewEntry | Entry)[]): void {
    if (this.#context.maxBytes === 0 || this.#stopped) return;
    for (const entry of entries) {
      if (entry.kind === 'tool_call') this.#called(actor, entry);
      if (entry.kind === 'approval' && entry.data.toolCall !== undefined) {
        const decided = entries.some(
          ({ kind, about }) => kind === 'decision' && about === entry.id,
        );
        if (!decided) this.#ask(actor, entry.id, entry.data.toolCall);
      }
      if (entry.kind === 'decision') this.#sessions.get(actor.id)?.decided(entry.about ?? '');
      if (entry.kind === 'run_ended') this.#runEnded(actor.id);
    }
  }

  /** Looks again at what another daemon may not have come to: questions that are open, and these calls. */
  recover(actor: SessionActor, calls: readonly EntryOf<'tool_call'>[]): void {
    if (this.#context.maxBytes === 0 || this.#stopped) return;
    for (const entry of calls) this.#called(actor, entry, entry.seq);
    for (const { id, kind } of actor.state.approvals) {
      if (kind === 'approval') this.#meanwhile(actor.id, () => this.#askAgain(actor, id));
    }
  }

  async #askAgain(actor: SessionActor, id: string): Promise<void> {
    const entry = await this.#context.store.entry(actor.id, id);
    const open = actor.state.approvals.some((question) => question.id === id);
    if (!open || entry?.kind !== 'approval' || entry.data.toolCall === undefined) return;
    this.#ask(actor, id, entry.data.toolCall);
  }

  /** Resolves when nothing waits to be looked at. */
  idle(): Promise<void> {
    if (this.#isIdle) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Begins nothing more; what it had not come to is found at the next start. */
  stop(): void {
    this.#stopped = true;
    this.#waiting.splice(0);
    this.#settled();
  }

  #called(actor: SessionActor, entry: CallEntry, late: number | null = null): void {
    const witness = this.#witness(actor);
    const ended = witness.called(entry, late);
    if (ended) this.#add(witness);
  }

  #runEnded(session: string): void {
    const witness = this.#sessions.get(session);
    witness?.runEnded();
    if (witness?.empty === true && !witness.busy) this.#sessions.delete(session);
  }

  #witness(actor: SessionActor): Witness {
    const known = this.#sessions.get(actor.id);
    if (known !== undefined) {
      known.actor = actor;
      return known;
    }
    const witness = new Witness(actor);
    this.#sessions.set(actor.id, witness);
    return witness;
  }

  /** The agent waits for the answer: what is read until that comes is what its tool will find. */
  #ask(actor: SessionActor, approval: string, toolCall: ToolCall): void {
    if (!mayNameFiles(toolCall)) return;
    const asked = this.#witness(actor).ask(approval, toolCall.call);
    const { cwd, additionalDirs: dirs } = actor.state;
    const read = async (): Promise<void> => {
      const whole = await unfolded(toolCall, this.#context.store);
      for (const place of await this.#places(namedFiles(whole), { cwd, dirs })) {
        const side = await this.#look(place, { cwd, dirs });
        if (asked.open) asked.sides.set(place.path, side);
      }
    };
    this.#meanwhile(actor.id, read);
  }

  #meanwhile(session: string, act: () => Promise<void>): void {
    this.#reading += 1;
    void act()
      .catch((error: unknown) => this.#failed(session, error))
      .finally(() => {
        this.#reading -= 1;
        this.#settled();
      });
  }

  #add(witness: Witness): void {
    if (!this.#waiting.includes(witness) && !witness.busy) this.#waiting.push(witness);
    this.#work();
  }

  #work(): void {
    while (this.#working < together && !this.#stopped) {
      const witness = this.#waiting.shift();
      if (witness === undefined) break;
      this.#working += 1;
      witness.busy = true;
      void this.#next(witness).finally(() => {
        this.#working -= 1;
        witness.busy = false;
        if (witness.waits) this.#waiting.push(witness);
        else if (witness.empty) this.#sessions.delete(witness.actor.id);
        this.#work();
        this.#settled();
      });
    }
  }

  get #isIdle(): boolean {
    return this.#working === 0 && this.#reading === 0 && this.#waiting.length === 0;
  }

  #settled(): void {
    if (!this.#isIdle) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  async #next(witness: Witness): Promise<void> {
    const job = witness.take();
    const session = witness.actor.id;
    try {
      if (job === undefined) return;
      if (job.type === 'missed') return await this.#missed(session, job.count);
      const files = await this.#snapshotsOf(witness, job);
      if (files.length > 0) await this.#write(session, job.first, files);
    } catch (error) {
      this.#failed(session, error);
    } finally {
      if (job !== undefined) witness.done(job);
    }
  }

  async #snapshotsOf(witness: Witness, call: EndedCall): Promise<readonly NewSnapshot[]> {
    const { store } = this.#context;
    const { id: session, state } = witness.actor;
    const entries = await Promise.all(call.states.map((id) => store.entry(session, id)));
    const states = entries.flatMap((entry) => (entry?.kind === 'tool_call' ? [entry.data] : []));
    const merged = joined(states);
    if (merged === undefined) return [];
    const toolCall = await unfolded(merged, store);
    const area = { cwd: state.cwd, dirs: state.additionalDirs };
    const files: NewSnapshot[] = [];
    for (const named of namedFiles(toolCall).slice(0, limits.snapshotFiles)) {
      for (const known of await this.#known(
        witness,
        call,
        await this.#context.files.places(named, area),
      )) {
        const id = this.#idOf(call.first, known.place.path);
        if (files.some((file) => file.id === id)) continue;
        if ((await store.entry(session, id)) !== undefined) continue;
        const data = await this.#snapshot(witness, { ...known, call, toolCall, named, area });
        if (data !== undefined) files.push({ id, data });
      }
    }
    return files;
  }

  /** The places of a file with what was known of them before; where a new link leads nothing was done. */
  async #known(
    witness: Witness,
    call: EndedCall,
    places: readonly Place[],
  ): Promise<readonly Known[]> {
    const { store } = this.#context;
    const known: Known[] = [];
    for (const place of places) {
      const query = {
        session: witness.actor.id,
        path: place.path,
        changes: 'all',
        limit: 1,
      } as const;
      const [last] = (await store.snapshots(query)).entries;
      const asked = askedBefore(witness.askedOf(call.call), place.path, last);
      // What is looked at late may have been written by calls that were looked at before it.
      const overtaken = call.late !== null && last !== undefined && last.seq > call.late;
      known.push({ place, asked, last: overtaken ? undefined : last?.data, overtaken });
    }
    const [first] = known;
    const before = first?.asked ?? (first?.last && leftAs(first.last));
    return before === undefined || before.state === 'link' ? known : known.slice(0, 1);
  }

  async #snapshot(witness: Witness, of: Subject): Promise<Snapshot | undefined> {
    const { call, toolCall, named, place, area } = of;
    const sides = this.#sides;
    const disk = of.overtaken ? nothing : await this.#look(place, area);
    const goneOn = of.overtaken || (await this.#goneOn(witness, call, named));
    const more = {
      ...(call.run === null ? {} : { run: call.run }),
      ...(call.late === null ? {} : { late: true as const }),
    };
    if (!writes(toolCall)) {
      const part = typeof toolCall.output === 'string' ? toolCall.output : undefined;
      const left = of.last === undefined ? undefined : leftAs(of.last);
      const read = await readSnapshot(place.path, toolCall, { disk, goneOn, left, sides, part });
      return read && { ...read, ...more };
    }
    const { path } = place;
    // A text is of a file, and not of the link that leads to it.
    const isText = place.inside && disk.state !== 'link';
    const evidence = {
      asked: of.asked,
      last: of.last,
      told: isText ? await toldOf(toolCall, named, this.#context.store) : undefined,
      disk,
      goneOn,
    };
    const written = await writtenSnapshot(path, toolCall, { evidence, sides });
    return written && { ...written, ...more };
  }

  /** Asked after the look, when all is folded that the agent had said by then: it tells of a call before it acts. */
  async #goneOn(witness: Witness, call: EndedCall, named: string): Promise<boolean> {
    await this.#untilTaken(witness.actor.id, (actor) => actor.caughtUp());
    return witness.goneOn(call, named);
  }

  async #places(named: readonly string[], area: Area): Promise<readonly Place[]> {
    const { files } = this.#context;
    const some = named.slice(0, limits.snapshotFiles);
    return (await Promise.all(some.map((name) => files.places(name, area)))).flat();
  }

  async #look({ path, inside }: Place, area: Area): Promise<FileSide> {
    if (!inside) return { state: 'unread', reason: 'outside' };
    const { files, maxBytes } = this.#context;
    return this.#sides.ofFound(await files.read(path, area, maxBytes));
  }

  /** The same call and file give the same id, so that work which is done again adds nothing. */
  #idOf(call: string, path: string): string {
    return `s${this.#context.clock.sha256(`${call}\n${path}`).slice(0, 32)}`;
  }

  async #write(session: string, about: string, files: readonly NewSnapshot[]): Promise<void> {
    const command = { type: 'snapshot' as const, about, files };
    const by = { type: 'server' as const };
    await this.#untilTaken(session, (actor) => actor.post({ command, by, ownId: false }));
  }

  /** The store may take nothing for a while. */
  async #untilTaken(
    session: string,
    act: (actor: SessionActor) => Promise<unknown>,
  ): Promise<void> {
    for (let left = tries; ; left--) {
      try {
        await act(await this.#context.actorOf(session));
        return;
      } catch (error) {
        const passes = error instanceof RefusalError && error.refusal.code === 'unavailable';
        if (!passes || left === 0 || this.#stopped) throw error;
      }
      await new Promise<void>((resolve) => this.#context.clock.after(retryMs, resolve));
    }
  }

  /** A flood of calls: that some were not looked at is said, once. */
  async #missed(session: string, count: number): Promise<void> {
    const actor = await this.#context.actorOf(session);
    const text = `${count} tool calls were not looked at: there were too many at once.`;
    const command = { type: 'note' as const, code: 'snapshots-missed', text, data: { count } };
    await actor.post({ command, by: { type: 'server' }, ownId: false });
  }

  #failed(session: string, error: unknown): void {
    this.#context.log('snapshot', { session, message: String(error) });
  }
}

type CallEntry = Extract<NewEntry, { kind: 'tool_call' }>;

/** A place with what was known of it before a call. */
interface Known {
  place: Place;
  asked: FileSide | undefined;
  last: Snapshot | undefined;
  /** What is on the disk now is of a later call. */
  overtaken: boolean;
}

interface Subject extends Known {
  call: EndedCall;
  toolCall: ToolCall;
  named: string;
  area: Area;
}

/** What was read while the agent waited, unless another call has written the file since. */
function askedBefore(
  asked: AskedCall | undefined,
  path: string,
  last: SnapshotEntry | undefined,
): FileSide | undefined {
  if (asked === undefined) return undefined;
  const since = last !== undefined && last.seq > asked.seq && isWrite(last.data);
  return since ? undefined : asked.sides.get(path);
}
