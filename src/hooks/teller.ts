import type { Entry } from '../domain/entry.ts';
import type { EventKind } from '../domain/event.ts';
import type { SessionState } from '../domain/session-state.ts';
import type { Clock } from '../ports/clock.ts';
import type { EventRow, ToldEvent } from '../ports/hooks.ts';
import type { Store } from '../ports/store.ts';
import type { Delivery } from './deliver.ts';
import { type EventBody, eventBody } from './event-body.ts';

export interface TellerOptions {
  name: string;
  events: readonly EventKind[];
  /** Tries of one event. */
  tries: number;
  store: Pick<Store, 'events' | 'load' | 'history'>;
  clock: Clock;
  /** From 0 to 1. */
  random: () => number;
  deliver: (body: string) => Promise<Delivery>;
  signal: AbortSignal;
  log: (event: string, data: object) => void;
}

const page = 32;
const together = 4;
const remembered = 20;
const firstPauseMs = 1000;
const longestPauseMs = 10 * 60_000;
/** What is older is not told any more. */
const oldestMs = 3 * 24 * 60 * 60_000;
const again = 5000;

/**
 * Tells one hook of events, in the order of each session. Its cursor is in the store and moves when a page of
 * events is told, or given up: what was under way when the daemon was killed is told again, under the same id.
 * Nothing waits in memory: what a hook has not had yet is in the store.
 */
export class Teller {
  readonly counts = { delivered: 0, givenUp: 0 };
  readonly options: TellerOptions;
  #cursor: number;
  #last: readonly ToldEvent[] = [];
  #woken = Promise.withResolvers<void>();
  readonly #done: Promise<void>;

  constructor(options: TellerOptions, cursor: number) {
    this.options = options;
    this.#cursor = cursor;
    options.signal.addEventListener('abort', () => this.wake());
    this.#done = this.#work();
  }

  /** Newest first. */
  get last(): readonly ToldEvent[] {
    return this.#last;
  }

  wake(): void {
    this.#woken.resolve();
  }

  /** Resolves when it has ended, after the abort of its signal. */
  closed(): Promise<void> {
    return this.#done;
  }

  async #work(): Promise<void> {
    const { signal, log, name } = this.options;
    while (!signal.aborted) {
      this.#woken = Promise.withResolvers<void>();
      try {
        const told = await this.#page();
        if (told === 'nothing') await this.#woken.promise;
      } catch (error) {
        log('hook', { hook: name, message: String(error) });
        await this.#pause(again);
      }
    }
  }

  async #page(): Promise<'nothing' | 'some'> {
    const { store, name } = this.options;
    const rows = await store.events.after(this.#cursor, page);
    const last = rows.at(-1);
    if (last === undefined) return 'nothing';
    const sessions = Map.groupBy(rows, ({ session }) => session).values();
    let whole = true;
    const workers = Array.from({ length: together }, async () => {
      for (const ofOne of sessions) {
        for (const row of ofOne) whole = (await this.#tell(row)) && whole;
      }
    });
    await Promise.all(workers);
    // What was broken off is told by the next daemon.
    if (!whole) return 'nothing';
    await store.events.moved(name, last.num);
    this.#cursor = last.num;
    return 'some';
  }

  /** Whether there is nothing more to be done about it. */
  async #tell({ session, seq }: EventRow): Promise<boolean> {
    const { store, events, signal } = this.options;
    if (signal.aborted) return false;
    const { entries } = await store.history({ session, after: seq - 1, limit: 1, maxBytes: 1 });
    const loaded = await store.load(session);
    const entry: Entry | undefined = entries[0];
    // It was purged meanwhile.
    if (entry?.seq !== seq || loaded === undefined) return true;
    const told = eventBody(session, JSON.parse(loaded.state) as SessionState, entry);
    return told === null || !events.includes(told.kind) || this.#try(told.body);
  }

  async #try(body: EventBody): Promise<boolean> {
    const { clock, deliver, tries, signal } = this.options;
    const text = JSON.stringify(body);
    for (let count = 1; !signal.aborted; count++) {
      if (clock.now() - Date.parse(body.at) > oldestMs) {
        return this.#end(body, { outcome: 'given-up', tries: count - 1, message: 'it is too old' });
      }
      const delivery = await deliver(text);
      if (signal.aborted && delivery.outcome !== 'delivered') return false;
      if (delivery.outcome === 'delivered') {
        return this.#end(body, { outcome: 'delivered', tries: count });
      }
      const { message } = delivery;
      if (delivery.outcome === 'refused' || count >= tries) {
        return this.#end(body, { outcome: 'given-up', tries: count, message });
      }
      this.#remember(body, { outcome: 'retrying', tries: count, message });
      await this.#pause(this.#pauseMs(count, delivery.afterMs));
    }
    return false;
  }

  /** Twice as long each time, with jitter; what the other side asks for, but not for ever. */
  #pauseMs(count: number, afterMs = 0): number {
    const base = Math.min(longestPauseMs, firstPauseMs * 2 ** (count - 1));
    const jittered = base * (0.5 + this.options.random() / 2);
    return Math.min(longestPauseMs, Math.max(jittered, afterMs));
  }

  #pause(ms: number): Promise<void> {
    const { signal, clock } = this.options;
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const over = (): void => {
        cancel();
        signal.removeEventListener('abort', over);
        resolve();
      };
      const cancel = clock.after(ms, over);
      signal.addEventListener('abort', over, { once: true });
    });
  }

  #end(body: EventBody, how: Pick<ToldEvent, 'outcome' | 'tries' | 'message'>): true {
    const { log, name } = this.options;
    if (how.outcome === 'delivered') this.counts.delivered += 1;
    else {
      this.counts.givenUp += 1;
      log('hook.given-up', { hook: name, id: body.id, tries: how.tries, message: how.message });
    }
    this.#remember(body, how);
    return true;
  }

  #remember(
    { id, event, at }: EventBody,
    how: Pick<ToldEvent, 'outcome' | 'tries' | 'message'>,
  ): void {
    const others = this.#last.filter((told) => told.id !== id);
    this.#last = [{ id, event, at, ...how }, ...others].slice(0, remembered);
  }
}
