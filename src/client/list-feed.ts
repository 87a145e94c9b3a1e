import type { JsonObject } from '../domain/json.ts';
import type { RefusalError } from '../domain/refusal.ts';
import type { SessionRow } from '../domain/row.ts';
import type { Connection, Subscriber } from './connection.ts';
import type { FeedState } from './feed-event.ts';
import { backOff, type Pace } from './pace.ts';
import { isPassing, waitAsked } from './refusal.ts';

export interface ListFilter {
  agent?: string;
  archived?: boolean;
}

/** What the feed of the list delivers: all rows when it begins and after each interruption, then changes. */
export type ListEvent =
  | { type: 'rows'; rows: readonly SessionRow[] }
  | {
      type: 'changed';
      session: string;
      key: string | null;
      reasons: readonly string[];
      at: string;
      /** Null: the session is gone. */
      row: SessionRow | null;
    }
  | { type: 'state'; state: FeedState };

export interface ListPorts {
  connection: Connection;
  pace: Pace;
  readRows(filter: ListFilter): Promise<readonly SessionRow[]>;
  deliver(event: ListEvent): void;
  ended(error: RefusalError): void;
}

/** The feed of the list: first registered, then read, so that no change falls in between. */
export class ListFeed implements Subscriber {
  readonly session = null;
  readonly #filter: ListFilter;
  readonly #ports: ListPorts;
  #phase: 'idle' | 'reading' | 'live' | 'ended' = 'idle';
  #round = 0;
  #tries = 0;
  #waiting: ListEvent[] = [];
  #cancelTimer: (() => void) | null = null;

  constructor(filter: ListFilter, ports: ListPorts) {
    this.#filter = filter;
    this.#ports = ports;
  }

  start(): void {
    this.#ports.deliver({ type: 'state', state: 'connecting' });
    this.#ports.connection.subscribe(this);
  }

  stop(): void {
    if (this.#phase === 'ended') return;
    this.#reset('ended');
    this.#ports.connection.ask(
      'feeds.close',
      {},
      { done: () => undefined, failed: () => undefined },
    );
    this.#ports.connection.unsubscribe(this);
  }

  opened(): void {
    if (this.#phase === 'ended') return;
    this.#reset('reading');
    const round = this.#round;
    const current = () => round === this.#round;
    this.#ports.connection.ask(
      'feeds.open',
      { sessions: this.#filter },
      {
        done: () => {
          if (current()) void this.#read(current);
        },
        failed: (error) => {
          if (current()) this.#again(error);
        },
      },
    );
  }

  notified(_method: string, params: JsonObject): void {
    const event = { type: 'changed', ...params } as unknown as ListEvent;
    if (this.#phase === 'live') this.#ports.deliver(event);
    else if (this.#phase === 'reading') this.#waiting.push(event);
  }

  dropped(): void {
    if (this.#phase === 'ended') return;
    this.#reset('idle');
    this.#ports.deliver({ type: 'state', state: 'disconnected' });
  }

  failed(error: RefusalError): void {
    if (this.#phase === 'ended') return;
    this.#reset('ended');
    this.#ports.ended(error);
  }

  async #read(current: () => boolean): Promise<void> {
    try {
      const rows = await this.#ports.readRows(this.#filter);
      if (!current()) return;
      const changes = this.#waiting;
      this.#waiting = [];
      this.#phase = 'live';
      this.#tries = 0;
      this.#ports.deliver({ type: 'rows', rows });
      for (const event of changes) this.#ports.deliver(event);
      this.#ports.deliver({ type: 'state', state: 'live' });
    } catch (error) {
      if (current()) this.#again(error as RefusalError);
    }
  }

  #again(error: RefusalError): void {
    if (!isPassing(error.refusal.code)) {
      this.stop();
      this.#ports.ended(error);
      return;
    }
    const wait = backOff(this.#tries, this.#ports.pace.random());
    this.#tries += 1;
    this.#cancelTimer = this.#ports.pace.after(Math.max(wait, waitAsked(error.refusal)), () =>
      this.opened(),
    );
  }

  #reset(phase: 'idle' | 'reading' | 'ended'): void {
    this.#phase = phase;
    this.#round += 1;
    this.#waiting = [];
    this.#cancelTimer?.();
    this.#cancelTimer = null;
  }
}
