import type { Clock } from '../ports/clock.ts';
import type { SessionActor } from './actor.ts';

/** Ends runs whose prompt was given a time, by the ladder like any abort. */
export class Timeouts {
  readonly #clock: Clock;
  readonly #log: (event: string, data: object) => void;
  readonly #armed = new Map<string, { run: string; cancel: () => void }>();

  constructor(clock: Clock, log: (event: string, data: object) => void) {
    this.#clock = clock;
    this.#log = log;
  }

  /** Called after every commit: arms the timer of a run that has just begun, takes back that of an ended one. */
  look(actor: SessionActor): void {
    const { run, id } = actor.state;
    const armed = this.#armed.get(id);
    if (armed?.run === run?.id) return;
    armed?.cancel();
    this.#armed.delete(id);
    const timeouts = run?.prompts.flatMap((prompt) => prompt.timeoutMs ?? []) ?? [];
    if (run === null || timeouts.length === 0) return;
    const passed = this.#clock.now() - Date.parse(run.startedAt);
    const left = Math.min(...timeouts) - Math.max(0, passed);
    const cancel = this.#clock.after(Math.max(0, left), () => this.#expire(actor, run.id));
    this.#armed.set(id, { run: run.id, cancel });
  }

  /** Nothing is timed any more. */
  stop(): void {
    for (const { cancel } of this.#armed.values()) cancel();
    this.#armed.clear();
  }

  #expire(actor: SessionActor, run: string): void {
    const command = { type: 'abort', run, force: false, reason: 'timeout', queue: 'keep' } as const;
    actor.post({ command, by: { type: 'server' }, ownId: false }).catch((error: unknown) => {
      this.#log('timeout', { session: actor.id, message: String(error) });
    });
  }
}
