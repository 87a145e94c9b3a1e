import type { FeedSink, Frame } from '../engine/frames.ts';
import type { FrameBytes } from './frame-bytes.ts';
import type { Outlet } from './outlet.ts';

/**
 * One feed on an outlet. Frames wait until the gate is opened, because a feed is registered before
 * its snapshot is answered and the snapshot has to reach the reader first.
 */
export class FeedGate implements FeedSink {
  #outlet: Outlet;
  #bytes: FrameBytes;
  #held: Frame[] = [];
  #heldBytes = 0;
  #opening = Promise.withResolvers<void>();
  #state: 'waiting' | 'open' | 'closed' = 'waiting';
  /** Gives back the room that a page of this feed was promised. */
  #giveBack: (() => void) | undefined;

  constructor(outlet: Outlet, bytes: FrameBytes) {
    this.#outlet = outlet;
    this.#bytes = bytes;
  }

  get closed(): boolean {
    return this.#state === 'closed' || this.#outlet.closed;
  }

  send(frame: Frame): void {
    if (this.closed) return;
    if (this.#state === 'open') {
      this.#outlet.write(this.#bytes.of(frame));
      // The rest of the page follows in this turn; then all of it is counted as buffered.
      if (this.#giveBack !== undefined) queueMicrotask(() => this.#leaveRoom());
      return;
    }
    this.#held.push(frame);
    this.#heldBytes += frame.params.length;
  }

  buffered(): number {
    return this.#heldBytes + this.#outlet.buffered();
  }

  async drained(): Promise<void> {
    await this.#opening.promise;
    this.#leaveRoom();
    if (this.closed) return;
    this.#giveBack = await this.#outlet.room();
    if (this.closed) this.#leaveRoom();
  }

  #leaveRoom(): void {
    const giveBack = this.#giveBack;
    this.#giveBack = undefined;
    giveBack?.();
  }

  open(): void {
    if (this.#state !== 'waiting') return;
    this.#state = 'open';
    for (const frame of this.#held.splice(0)) this.#outlet.write(this.#bytes.of(frame));
    this.#heldBytes = 0;
    this.#opening.resolve();
  }

  close(): void {
    this.#state = 'closed';
    this.#held = [];
    this.#heldBytes = 0;
    this.#leaveRoom();
    this.#opening.resolve();
  }
}
