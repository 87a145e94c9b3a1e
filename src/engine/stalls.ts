import type { Clock } from '../ports/clock.ts';
import type { SessionActor } from './actor.ts';
import type { Log } from './log.ts';

interface Armed {
  run: string;
  /** Monotonic milliseconds. */
  heardAt: number;
  cancel: () => void;
}

/**
 * Reports runs whose agent says nothing for too long (R9). A run that waits for a person, is being stopped,
 * or whose host is paused is not silent.
 */
export class Stalls {
  readonly #clock: Clock;
  readonly #stallMs: number;
  readonly #log: Log;
  readonly #armed = new Map<string, Armed>();

  constructor(context: { clock: Clock; stallMs: number; log: Log }) {
    this.#clock = context.clock;
    this.#stallMs = context.stallMs;
    this.#log = context.log;
  }

  /** Called after every commit: listens to a run from when it has to speak until it need not any more. */
  look(actor: SessionActor): void {
    const { run, approvals, id } = actor.state;
    const speaks = run !== null && run.state !== 'stopping' && approvals.length === 0;
    const armed = this.#armed.get(id);
    if (speaks && !run.stalled && armed?.run === run.id) return;
    armed?.cancel();
    this.#armed.delete(id);
    if (speaks && !run.stalled) this.#arm(actor, run.id, this.#stallMs);
  }

  /** Lines of the session's agent were read. */
  heard(actor: SessionActor): void {
    const armed = this.#armed.get(actor.id);
    if (armed !== undefined) armed.heardAt = this.#clock.monotonic();
  }

  /** Nothing is timed any more. */
  stop(): void {
    for (const { cancel } of this.#armed.values()) cancel();
    this.#armed.clear();
  }

  #arm(actor: SessionActor, run: string, ms: number, heardAt = this.#clock.monotonic()): void {
    // As with idle hosts: 0 is never.
    if (this.#stallMs === 0) return;
    const cancel = this.#clock.after(ms, () => this.#expire(actor, run));
    this.#armed.set(actor.id, { run, heardAt, cancel });
  }

  #expire(actor: SessionActor, run: string): void {
    const armed = this.#armed.get(actor.id);
    if (armed?.run !== run) return;
    const now = this.#clock.monotonic();
    const silentMs = now - armed.heardAt;
    if (actor.grip?.paused === true) return this.#arm(actor, run, this.#stallMs);
    if (silentMs < this.#stallMs) {
      return this.#arm(actor, run, this.#stallMs - silentMs, armed.heardAt);
    }
    this.#armed.delete(actor.id);
    const command = { type: 'stall', run, silentMs: Math.round(silentMs) } as const;
    actor.post({ command, by: { type: 'server' }, ownId: false }).then(
      // It spoke at the last moment: it is listened to again.
      () => this.look(actor),
      (error: unknown) => this.#log('stall', { session: actor.id, message: String(error) }),
    );
  }
}
