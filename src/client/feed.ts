import type { Entry } from '../domain/entry.ts';
import type { JsonObject } from '../domain/json.ts';
import type { RefusalError } from '../domain/refusal.ts';
import type { Connection, Subscriber } from './connection.ts';
import {
  beginAt,
  type FeedCursor,
  type FeedFrame,
  fetched,
  opened,
  openInput,
  received,
  type Snapshot,
  type Step,
} from './feed-cursor.ts';
import type { FeedEvent, FeedState } from './feed-event.ts';
import type { Piece } from './held-text.ts';
import { backOff, type Pace } from './pace.ts';
import { isPassing, waitAsked } from './refusal.ts';

export interface FeedPorts {
  connection: Connection;
  pace: Pace;
  /** Reads one entry from the log. */
  fetchEntry(session: string, seq: number): Promise<Entry>;
  deliver(event: FeedEvent): void;
  /** The feed is over: refused for good, or the client was closed. */
  ended(error: RefusalError): void;
}

/**
 * One session's feed on a connection: opens it, folds its frames into events, and asks again when
 * something is missing.
 *
 *   idle ──opened()──▶ opening ──answer──▶ open ◀──▶ fetching (frames wait)
 *    ▲                    ▲                  │
 *    └── dropped() ───────┴── reopen ────────┘
 */
export class Feed implements Subscriber {
  readonly session: string;
  readonly #ports: FeedPorts;
  #cursor: FeedCursor;
  #phase: 'idle' | 'opening' | 'open' | 'fetching' | 'paused' | 'ended' = 'idle';
  /** Rises with every opening: what belongs to an earlier one is void. */
  #round = 0;
  #tries = 0;
  #state: FeedState | null = null;
  #waiting: FeedFrame[] = [];
  #cancelTimer: (() => void) | null = null;

  constructor(session: string, after: number | undefined, ports: FeedPorts) {
    this.session = session;
    this.#cursor = beginAt(after);
    this.#ports = ports;
  }

  start(): void {
    this.#tell('connecting');
    this.#ports.connection.subscribe(this);
  }

  stop(): void {
    if (this.#phase === 'ended') return;
    this.#leave('ended');
    this.#ports.connection.unsubscribe(this);
  }

  /** Lets the server keep the rest until `resume`: the consumer has enough to do. */
  pause(): void {
    if (this.#phase !== 'ended') this.#leave('paused');
  }

  resume(): void {
    if (this.#phase !== 'paused') return;
    this.#phase = 'idle';
    if (this.#ports.connection.isOpen) this.#open();
  }

  opened(): void {
    if (this.#phase === 'idle') this.#open();
  }

  dropped(): void {
    if (this.#phase === 'ended' || this.#phase === 'paused') return;
    this.#leave('idle');
    this.#tell('disconnected');
  }

  failed(error: RefusalError): void {
    if (this.#phase === 'ended') return;
    this.#leave('ended');
    this.#ports.ended(error);
  }

  notified(method: string, params: JsonObject): void {
    const frame = readFrame(method, params);
    if (frame === null) return;
    if (this.#phase === 'open') this.#apply(received(this.#cursor, frame));
    else if (this.#phase === 'fetching') this.#waiting.push(frame);
  }

  #open(): void {
    this.#phase = 'opening';
    this.#round += 1;
    const round = this.#round;
    const current = () => round === this.#round && this.#phase === 'opening';
    this.#ports.connection.ask('feeds.open', openInput(this.#cursor, this.session), {
      done: (result) => {
        if (!current()) return;
        this.#phase = 'open';
        this.#apply(opened(this.#cursor, result as Snapshot));
      },
      failed: (error) => {
        if (!current()) return;
        if (isPassing(error.refusal.code)) this.#openLater(waitAsked(error.refusal));
        else this.#end(error);
      },
    });
  }

  #openLater(atLeastMs: number): void {
    this.#leave('idle');
    this.#phase = 'opening';
    const wait = Math.max(atLeastMs, backOff(this.#tries, this.#ports.pace.random()));
    this.#tries += 1;
    this.#cancelTimer = this.#ports.pace.after(wait, () => this.#open());
  }

  #end(error: RefusalError): void {
    this.stop();
    this.#ports.ended(error);
  }

  #leave(phase: 'idle' | 'paused' | 'ended'): void {
    const wasOpen = this.#phase !== 'idle' && this.#phase !== 'paused';
    this.#phase = phase;
    this.#round += 1;
    this.#waiting = [];
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    if (wasOpen) this.#ports.connection.ask('feeds.close', { session: this.session }, ignored);
  }

  #apply(step: Step): void {
    this.#cursor = step.cursor;
    const round = this.#round;
    for (const event of step.events) {
      if (event.type === 'entry') this.#tries = 0;
      if (event.type === 'state') this.#tell(event.state);
      else this.#ports.deliver(event);
      // The consumer may have stopped or paused the feed; the cursor counts what it was given.
      if (round !== this.#round && this.#phase === 'ended') return;
    }
    if (round !== this.#round || step.need === undefined) return;
    if (step.need === 'reopen') this.#openLater(0);
    else this.#fetch(step.need.fetch);
  }

  #fetch(seq: number): void {
    this.#phase = 'fetching';
    const round = this.#round;
    this.#ports.fetchEntry(this.session, seq).then(
      (entry) => {
        if (round === this.#round) this.#goOn(entry);
      },
      () => {
        // The cursor stands before the entry, so the next opening brings it again.
        if (round === this.#round) this.#openLater(0);
      },
    );
  }

  #goOn(entry: Entry): void {
    this.#phase = 'open';
    const frames = this.#waiting;
    this.#waiting = [];
    this.#apply(fetched(this.#cursor, entry));
    for (const [at, frame] of frames.entries()) {
      if (this.#isOpen()) this.#apply(received(this.#cursor, frame));
      else if (this.#isFetching()) {
        this.#waiting.push(...frames.slice(at));
        return;
      }
    }
  }

  #isOpen(): boolean {
    return this.#phase === 'open';
  }

  #isFetching(): boolean {
    return this.#phase === 'fetching';
  }

  #tell(state: FeedState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#ports.deliver({ type: 'state', state });
  }
}

const ignored = { done: () => undefined, failed: () => undefined };

/** The frames that a feed knows; others are for later versions. */
function readFrame(method: string, params: JsonObject): FeedFrame | null {
  switch (method) {
    case 'entry':
      return {
        event: 'entry',
        entry: params['entry'] as unknown as Entry,
        sealed: params['sealed'] === true,
      };
    case 'partial':
      return { event: 'partial', piece: params as unknown as Piece };
    case 'feed.state':
      return {
        event: 'feed.state',
        state: params['state'] === 'live' ? 'live' : 'catching_up',
      };
    default:
      return null;
  }
}
