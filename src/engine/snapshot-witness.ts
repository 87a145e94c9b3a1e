import type { NewEntry } from '../domain/entry.ts';
import { limits } from '../domain/limits.ts';
import type { FileSide } from '../domain/snapshot.ts';
import type { SessionActor } from './actor.ts';
import { mayNameFiles, namedFiles, writes } from './told-files.ts';

/** A tool call whose files are to be looked at: names of entries, and where another may touch the same. */
export interface EndedCall {
  type: 'call';
  /** The agent's own id of it. */
  call: string;
  first: string;
  states: readonly string[];
  named: readonly string[];
  /** It may be about files, and write them. */
  files: boolean;
  writes: boolean;
  run: string | null;
  /** Another daemon saw it end: at this seq. */
  late: number | null;
}

export interface AskedCall {
  /** Nobody has answered yet: what is read counts. */
  open: boolean;
  approval: string;
  /** The log's last seq when it was asked. */
  seq: number;
  sides: Map<string, FileSide>;
}

type CallEntry = Extract<NewEntry, { kind: 'tool_call' }>;
type Job = EndedCall | { type: 'missed'; count: number };

const namesKept = 8;
const statesKept = 16;

/** What is remembered of one session's tool calls, until their files have been looked at. */
export class Witness {
  actor: SessionActor;
  busy = false;
  readonly #open = new Map<string, EndedCall>();
  readonly #asked = new Map<string, AskedCall>();
  #jobs: EndedCall[] = [];
  #missed = 0;
  #over = false;

  constructor(actor: SessionActor) {
    this.actor = actor;
  }

  get waits(): boolean {
    return this.#jobs.length > 0 || this.#missed > 0;
  }

  /** Nothing is remembered. */
  get empty(): boolean {
    return !this.waits && this.#open.size === 0 && this.#asked.size === 0;
  }

  /** Notes a state of a call; true when it was the last one of a call that is about files. */
  called(entry: CallEntry, late: number | null): boolean {
    const first = entry.about ?? entry.id;
    const known = this.#open.get(first) ?? {
      states: entry.about === undefined ? [] : [first],
      named: [],
      files: false,
      writes: false,
    };
    const named = namedFiles(entry.data).slice(0, namesKept);
    const states = [...known.states, entry.id];
    const call = {
      type: 'call',
      call: entry.data.call,
      first,
      // The first state has the input, the last ones what came of it.
      states: states.length > statesKept ? [first, ...states.slice(2)] : states,
      named: named.length > 0 ? named : known.named,
      files: known.files || mayNameFiles(entry.data),
      writes: known.writes || writes(entry.data),
      run: entry.runId ?? null,
      late,
    } as const;
    this.#open.delete(first);
    const { status } = entry.data;
    if (status !== 'pending' && status !== 'in_progress') return call.files && this.#end(call);
    this.#open.set(first, call);
    dropOldest(this.#open, limits.openToolCalls);
    return false;
  }

  #end(call: EndedCall): boolean {
    this.#over = false;
    if (this.#jobs.length >= limits.snapshotCalls) this.#missed += 1;
    else this.#jobs.push(call);
    return true;
  }

  ask(approval: string, call: string): AskedCall {
    const asked = { open: true, approval, seq: this.actor.state.lastSeq, sides: new Map() };
    this.#asked.set(call, asked);
    dropOldest(this.#asked, limits.openApprovals);
    return asked;
  }

  /** From now on the agent does not wait: what has not been read by now is not what its tool finds. */
  decided(approval: string): void {
    for (const asked of this.#asked.values()) if (asked.approval === approval) asked.open = false;
  }

  askedOf(call: string): AskedCall | undefined {
    return this.#asked.get(call);
  }

  /** What was asked and never called is forgotten when the calls of the run have been looked at. */
  runEnded(): void {
    this.#open.clear();
    this.#over = true;
    if (!this.waits && !this.busy) this.#asked.clear();
  }

  take(): Job | undefined {
    const call = this.#jobs.shift();
    if (call !== undefined) return call;
    const count = this.#missed;
    this.#missed = 0;
    return count > 0 ? { type: 'missed', count } : undefined;
  }

  done(job: Job): void {
    if (job.type === 'call') this.#asked.delete(job.call);
    if (this.#over && !this.waits) this.#asked.clear();
  }

  /** Whether the agent has called a tool that writes the same file after this call. */
  goneOn({ first }: EndedCall, named: string): boolean {
    const later = [...this.#jobs, ...this.#open.values()];
    return later.some((call) => call.first !== first && call.writes && call.named.includes(named));
  }
}

function dropOldest(map: Map<string, unknown>, most: number): void {
  const [oldest] = map.keys();
  if (map.size > most && oldest !== undefined) map.delete(oldest);
}
