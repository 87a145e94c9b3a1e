import type { ServerResponse } from 'node:http';
import type { Clock } from '../ports/clock.ts';
import type { Caller } from './caller.ts';
import type { Open } from './live.ts';
import { DrainWaiters, type Outlet } from './outlet.ts';
import type { Tokens } from './tokens.ts';

const beatMs = 15_000;
/** Beats in a row in which the reader took nothing of what waits for it. */
const maxStuckBeats = 2;
const lingerMs = 2000;

/** A response that goes on as server-sent events until either side ends it. */
export class EventStream implements Outlet, Open {
  readonly caller: Caller;
  #outgoing: ServerResponse;
  #clock: Clock;
  #tokens: Tokens;
  #waiters = new DrainWaiters(this);
  #tookSome = true;
  #stuckBeats = 0;
  #ending = false;
  #ended = false;
  #cancelTimer: (() => void) | undefined;
  #onEnd: (() => void)[] = [];

  constructor(outgoing: ServerResponse, caller: Caller, parts: { clock: Clock; tokens: Tokens }) {
    this.caller = caller;
    this.#outgoing = outgoing;
    this.#clock = parts.clock;
    this.#tokens = parts.tokens;
    this.#ended = outgoing.destroyed || outgoing.closed;
    outgoing.once('close', () => this.#finish());
    outgoing.on('error', () => this.#finish());
  }

  get closed(): boolean {
    return this.#ending || this.#ended;
  }

  /** Calls once the stream has ended, at once if it has. */
  onEnd(call: () => void): void {
    if (this.#ended) call();
    else this.#onEnd.push(call);
  }

  /** Sends the head and the snapshot, and begins to beat. */
  begin(snapshot: string): void {
    if (this.closed) return;
    this.#outgoing.writeHead(200, {
      'content-type': 'text/event-stream',
      'x-accel-buffering': 'no',
    });
    this.write(Buffer.from(`event: snapshot\ndata: ${snapshot}\n\n`));
    this.#cancelTimer = this.#clock.after(beatMs, () => this.#beat());
  }

  write(bytes: Uint8Array): void {
    if (this.closed) return;
    this.#outgoing.write(bytes, (error) => {
      if (error) this.#ending = true;
      else this.#tookSome = true;
      this.#waiters.check();
    });
  }

  buffered(): number {
    return this.#outgoing.writableLength;
  }

  room(): Promise<() => void> {
    return this.#waiters.room();
  }

  cut(): void {
    if (this.closed) return;
    this.#ending = true;
    this.#cancelTimer?.();
    this.#outgoing.end();
    this.#cancelTimer = this.#clock.after(lingerMs, () => this.#outgoing.destroy());
    this.#waiters.check();
  }

  /**
   * A comment, which keeps proxies from closing and shows whether the reader still takes anything.
   */
  #beat(): void {
    if (!this.#tokens.isCurrent(this.caller)) return this.cut();
    this.#stuckBeats = this.#tookSome ? 0 : this.#stuckBeats + 1;
    if (this.#stuckBeats >= maxStuckBeats) {
      this.#ending = true;
      this.#outgoing.destroy();
      return;
    }
    this.#tookSome = false;
    this.write(Buffer.from(': \n\n'));
    this.#cancelTimer = this.#clock.after(beatMs, () => this.#beat());
  }

  #finish(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#cancelTimer?.();
    this.#waiters.check();
    for (const call of this.#onEnd.splice(0)) call();
  }
}
