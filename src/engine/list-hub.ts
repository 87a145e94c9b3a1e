import type { NewEntry } from '../domain/entry.ts';
import { limits } from '../domain/limits.ts';
import type { SessionRow } from '../domain/row.ts';
import type { SessionState } from '../domain/session-state.ts';
import type { Clock } from '../ports/clock.ts';
import type { ListFilter, OpenedList } from './engine.ts';
import type { FeedSink, Frame } from './frames.ts';

export type ChangeReason =
  | 'create'
  | 'send'
  | 'steer'
  | 'abort'
  | 'patch'
  | 'reset'
  | 'new'
  | 'compact'
  | 'fork'
  | 'delete'
  | 'restore'
  | 'status'
  | 'usage';

interface Change {
  /** Before the first of the changes; null for a session that was not there. */
  before: SessionRow | null;
  row: SessionRow;
  reasons: Set<ChangeReason>;
}

interface Subscriber {
  filter: ListFilter;
  sink: FeedSink;
  /** Sessions whose change the reader was too slow for. */
  missed: Map<string, Change>;
  waiting: boolean;
}

const coalesceMs = 50;

/** Subscribers of the session list: changes are united for a moment and sent with the row. */
export class ListHub {
  readonly #clock: Clock;
  readonly #subscribers = new Set<Subscriber>();
  readonly #changes = new Map<string, Change>();
  #scheduled = false;

  readonly #rowOf: (state: SessionState) => SessionRow;

  constructor(clock: Clock, row: (state: SessionState) => SessionRow) {
    this.#clock = clock;
    this.#rowOf = row;
  }

  open(filter: ListFilter, sink: FeedSink): OpenedList {
    const subscriber: Subscriber = { filter, sink, missed: new Map(), waiting: false };
    this.#subscribers.add(subscriber);
    return {
      asOf: new Date(this.#clock.now()).toISOString(),
      close: () => void this.#subscribers.delete(subscriber),
    };
  }

  /** A session has changed by these entries; `before` is what it was. */
  changed(state: SessionState, entries: readonly NewEntry[], before: SessionState): void {
    if (this.#subscribers.size === 0 || entries.length === 0) return;
    const change = this.#changes.get(state.id) ?? {
      before: before.lastSeq === 0 ? null : this.#rowOf(before),
      row: this.#rowOf(state),
      reasons: new Set(),
    };
    change.row = this.#rowOf(state);
    for (const entry of entries) change.reasons.add(reasonOf(entry, state));
    this.#changes.set(state.id, change);
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#clock.after(coalesceMs, () => this.#flush());
  }

  #flush(): void {
    this.#scheduled = false;
    const at = new Date(this.#clock.now()).toISOString();
    const changes = [...this.#changes.values()];
    this.#changes.clear();
    for (const change of changes) {
      const frames = { seen: changeFrame(change, at, true), gone: changeFrame(change, at, false) };
      for (const subscriber of this.#subscribers) this.#send(subscriber, change, frames);
    }
  }

  #send(subscriber: Subscriber, change: Change, frames: { seen: Frame; gone: Frame }): void {
    const { filter } = subscriber;
    const seen = passes(filter, change.row);
    if (!seen && (change.before === null || !passes(filter, change.before))) return;
    if (subscriber.sink.closed) return void this.#subscribers.delete(subscriber);
    if (subscriber.waiting || subscriber.sink.buffered() > limits.socketBytes) {
      const missed = subscriber.missed.get(change.row.id);
      const before = missed === undefined ? change.before : missed.before;
      subscriber.missed.set(change.row.id, { ...change, before });
      return this.#wait(subscriber);
    }
    subscriber.sink.send(seen ? frames.seen : frames.gone);
  }

  /** A reader that fell behind gets only the latest row of each session once it can take more. */
  #wait(subscriber: Subscriber): void {
    if (subscriber.waiting) return;
    subscriber.waiting = true;
    void subscriber.sink.drained().then(() => {
      subscriber.waiting = false;
      if (subscriber.sink.closed) return void this.#subscribers.delete(subscriber);
      const at = new Date(this.#clock.now()).toISOString();
      const missed = [...subscriber.missed.values()];
      subscriber.missed.clear();
      for (const change of missed) {
        const frames = {
          seen: changeFrame(change, at, true),
          gone: changeFrame(change, at, false),
        };
        this.#send(subscriber, change, frames);
      }
    });
  }
}

function changeFrame({ row, reasons }: Change, at: string, seen: boolean): Frame {
  const shown = seen && row.deletedAt === null ? row : null;
  const params = JSON.stringify({
    session: row.id,
    key: row.key,
    reasons: [...reasons],
    at,
    row: shown,
  });
  return { event: 'sessions.changed', seq: null, params };
}

function passes(filter: ListFilter, row: SessionRow): boolean {
  if (filter.family !== undefined && !isOf(filter.family, row)) return false;
  const { status, meta = {}, sessions } = filter;
  if (status !== undefined && !status.includes(row.status)) return false;
  if (compared.some((name) => filter[name] !== undefined && filter[name] !== row[name])) {
    return false;
  }
  if (Object.entries(meta).some(([name, value]) => row.meta[name] !== value)) return false;
  return sessions === undefined || sessions.includes(row.id);
}

const compared = ['agent', 'label', 'cwd', 'parent', 'archived'] as const;

function isOf(family: Set<string>, { id, parent }: SessionRow): boolean {
  if (parent !== null && family.has(parent)) family.add(id);
  return family.has(id);
}

function reasonOf(entry: NewEntry, state: SessionState): ChangeReason {
  switch (entry.kind) {
    case 'settings':
      return entry.at === state.createdAt ? 'create' : 'patch';
    case 'prompt':
      return entry.data.delivery === 'steer' ? 'steer' : 'send';
    case 'abort':
      return 'abort';
    case 'usage':
      return 'usage';
    case 'reset':
      return entry.data.reason;
    case 'compaction':
      return 'compact';
    case 'fork':
      return 'fork';
    case 'deletion':
      return entry.data.state === 'deleted' ? 'delete' : 'restore';
    default:
      return 'status';
  }
}
