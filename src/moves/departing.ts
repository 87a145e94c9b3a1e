import type { By, Entry } from '../domain/entry.ts';
import type { Move, MovePhase, Stays } from '../domain/move.ts';
import { type Refusal, refuse, RefusalError } from '../domain/refusal.ts';
import type { Engine } from '../engine/engine.ts';
import type { Log } from '../engine/log.ts';
import type { Clock } from '../ports/clock.ts';
import type { Departure } from '../ports/moves.ts';
import type { Store } from '../ports/store.ts';
import { exported } from './exported.ts';
import { OtherDaemon } from './other-daemon.ts';

export interface MovesContext {
  engine: Engine;
  store: Store;
  clock: Clock;
  /** Id of this daemon's state directory. */
  server: string;
  /** In [0, 1). */
  random(): number;
  log: Log;
}

/** Where a move is taken up. */
export interface Begun {
  departure: Departure;
  /** `copying`: what the other side has already. */
  from: { phase: 'copying'; after: number } | { phase: 'activating' | 'stopping' };
  stays: Stays;
  by: By;
}

/** So often is a log sent that did not arrive. */
const copies = 4;
const shortestMs = 200;
const longestMs = 60_000;

/**
 * One session that leaves: its log is sent, then given up by one entry, then the other side is told until it
 * knows. Before that entry it can stay; after it there is no way back but to move again.
 */
export class Departing {
  readonly session: string;
  /** Resolves when nothing more is done about it, by this daemon at least. */
  readonly over: Promise<void>;
  /** Resolves when it is known whether it stays or has moved. */
  readonly decided: Promise<void>;
  readonly #context: MovesContext;
  readonly #begun: Begun;
  readonly #stopping = new AbortController();
  readonly #closing = new AbortController();
  readonly #decide: () => void;
  #cancelled = false;
  #move: Move;

  constructor(begun: Begun, context: MovesContext) {
    const { departure, from, stays } = begun;
    this.#begun = begun;
    this.#context = context;
    this.session = departure.session;
    this.#move = {
      session: departure.session,
      to: departure.to,
      phase: from.phase,
      entries: { sent: 0, total: 0 },
      bytes: 0,
      error: null,
      memory: null,
      reason: null,
      stays,
      startedAt: departure.at,
      endedAt: null,
    };
    const { promise, resolve } = Promise.withResolvers<void>();
    this.decided = promise;
    this.#decide = resolve;
    this.over = this.#run()
      .catch((error: unknown) => {
        this.#context.log('move', { session: this.session, message: String(error) });
        this.#end('failed', refusalOf(error));
      })
      .finally(resolve);
  }

  get move(): Move {
    return this.#move;
  }

  /** Lets it stay where it is not given up yet. */
  cancel(): void {
    this.#cancelled = true;
    this.#stopping.abort();
  }

  /** Leaves it to the next daemon. */
  close(): void {
    this.#closing.abort();
    this.#stopping.abort();
  }

  get #closed(): boolean {
    return this.#closing.signal.aborted;
  }

  async #run(): Promise<void> {
    const { from } = this.#begun;
    if (from.phase === 'stopping') {
      const message = 'The daemon ended in the middle of it: begin it again.';
      return this.#stay({ code: 'unavailable', message });
    }
    if (from.phase === 'copying') {
      try {
        await this.#copy(from.after);
        this.#change({ phase: 'committing' });
        await this.#giveUp();
      } catch (error) {
        if (this.#closed) return;
        // It may have been stored although nobody was told: the log says whether it was.
        const moved = await this.#untilDone('move.look', () => this.#hasMoved());
        if (moved === null) return;
        if (!moved) return this.#stay(refusalOf(error));
      }
    }
    this.#change({ phase: 'activating', error: null });
    this.#decide();
    await this.#deliver();
  }

  async #copy(after: number): Promise<void> {
    const { row } = await this.#context.engine.get(this.session);
    const { to, ticket } = this.#begun.departure;
    for (let tried = 1; ; tried++) {
      this.#change({ entries: { sent: 0, total: row.lastSeq - after }, bytes: 0 });
      const lines = exported({ row, after }, this.#context, (piece) => {
        const { entries, bytes } = this.#move;
        const sent = entries.sent + piece.entries;
        this.#change({ entries: { ...entries, sent }, bytes: bytes + piece.bytes });
      });
      try {
        return await new OtherDaemon(to.url, ticket).take(lines, this.#stopping.signal);
      } catch (error) {
        const refusal = refusalOf(error);
        if (this.#stopping.signal.aborted || !passes(refusal) || tried === copies) throw error;
        this.#change({ error: refusal });
        await this.#pause(tried, this.#stopping.signal);
      }
    }
  }

  async #giveUp(): Promise<void> {
    if (this.#stopping.signal.aborted) throw refuse('unavailable', 'It was cancelled.');
    await this.#context.engine.owners.moved(this.session, this.#move.to, this.#begun.by);
  }

  async #hasMoved(): Promise<boolean> {
    const { writer } = (await this.#context.engine.get(this.session)).row;
    return writer.state === 'moved' && writer.to?.server === this.#move.to.server;
  }

  /** Until the other side knows, or says that it never will. */
  async #deliver(): Promise<void> {
    const { engine, store } = this.#context;
    const { departure, by } = this.#begun;
    const { to, ticket, cwd } = departure;
    for (let tried = 1; !this.#closed; tried++) {
      try {
        const moved: Entry = await engine.owners.moved(this.session, to, by);
        const given = { session: this.session, moved, ...(cwd === null ? {} : { cwd }) };
        const other = new OtherDaemon(to.url, ticket);
        const { memory, reason } = await other.activate(given, this.#closing.signal);
        this.#change({ memory, reason });
        await store.moves.endDeparture(this.session);
        await this.#withdraw();
        return this.#end('done', null);
      } catch (error) {
        if (this.#closed) return;
        const refusal = refusalOf(error);
        if (!passes(refusal)) return this.#end('failed', refusal);
        this.#change({ error: refusal });
        await this.#pause(tried, this.#closing.signal);
      }
    }
  }

  /** It goes on here, as soon as that can be stored. */
  async #stay(why: Refusal): Promise<void> {
    const { engine, store } = this.#context;
    this.#change({ phase: 'stopping', error: why });
    const stays = await this.#untilDone('move.stay', async () => {
      const { writer } = (await engine.get(this.session)).row;
      if (writer.state === 'moving') await engine.owners.keep(this.session, this.#begun.by);
      await store.moves.endDeparture(this.session);
      return true;
    });
    if (stays === null) return;
    await this.#withdraw();
    if (this.#cancelled) this.#end('cancelled', null);
    else this.#end('failed', why);
  }

  /** Asks this daemon itself until it can; null where that is left to the next one. */
  async #untilDone<Result>(what: string, act: () => Promise<Result>): Promise<Result | null> {
    for (let tried = 1; !this.#closed; tried++) {
      try {
        return await act();
      } catch (error) {
        this.#context.log(what, { session: this.session, message: String(error) });
        await this.#pause(tried, this.#closing.signal);
      }
    }
    return null;
  }

  /** The ticket ends by itself where the other side is not told. */
  async #withdraw(): Promise<void> {
    const { to, ticket } = this.#begun.departure;
    await new OtherDaemon(to.url, ticket).withdraw(this.session).catch((error: unknown) => {
      this.#context.log('move.withdraw', { session: this.session, message: String(error) });
    });
  }

  /** Resolves early where the signal is given. */
  #pause(tried: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.#context;
    const part = this.#context.random();
    const ceiling = Math.min(longestMs, shortestMs * 2 ** Math.min(tried, 10));
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const over = (): void => {
        cancel();
        signal.removeEventListener('abort', over);
        resolve();
      };
      const cancel = clock.after(Math.round(ceiling / 2 + (ceiling / 2) * part), over);
      signal.addEventListener('abort', over, { once: true });
    });
  }

  #end(phase: MovePhase, error: Refusal | null): void {
    this.#change({ phase, error, endedAt: new Date(this.#context.clock.now()).toISOString() });
  }

  #change(changes: Partial<Move>): void {
    this.#move = { ...this.#move, ...changes };
  }
}

/** Whether the same may succeed later without anybody's doing. */
function passes({ code }: Refusal): boolean {
  return code === 'unavailable' || code === 'busy' || code === 'limited' || code === 'internal';
}

export function refusalOf(error: unknown): Refusal {
  if (error instanceof RefusalError) return error.refusal;
  return { code: 'internal', message: 'The move failed; the log of the daemon says why.' };
}
