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

  constructor(outlet: Outlet, bytes: FrameBytes) {
    this.#outlet = outlet;
    this.#bytes = bytes;
  }

  get closed(): boolean {
    return this.#state === 'closed' || this.#outlet.closed;
  }

  send(frame: Frame): void {
    if (this.closed) return;
    if (this.#state === 'open') return this.#outlet.write(this.#bytes.of(frame));
    this.#held.push(frame);
    this.#heldBytes += frame.params.length;
  }

  buffered(): number {
    return this.#heldBytes + this.#outlet.buffered();
  }

  async drained(): Promise<void> {
    await this.#opening.promise;
    if (!this.closed) await this.#outlet.drained();
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
    this.#opening.resolve();
  }
}
