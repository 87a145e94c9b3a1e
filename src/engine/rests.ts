import type { Clock } from '../ports/clock.ts';
import type { SessionActor } from './actor.ts';
import type { Log } from './log.ts';

export interface RestsContext {
  clock: Clock;
  /** How long a host may be idle, in milliseconds; 0 for as long as it likes. */
  idleMs: number;
  /** Stops the session's host, unless something works in it; tells whether it did. */
  rest(actor: SessionActor): Promise<boolean>;
  log: Log;
}

/**
 * Stops hosts in which nothing happens, to give their memory back: the next prompt gets another one, which
 * resumes the conversation.
 */
export class Rests {
  readonly #context: RestsContext;
  readonly #armed = new Map<string, { host: string; cancel: () => void }>();

  constructor(context: RestsContext) {
    this.#context = context;
  }

  /** Called after every commit. */
  look(actor: SessionActor): void {
    const { id, run, host, queue, held } = actor.state;
    const idle = run === null && host?.phase === 'open' && (queue.length === 0 || held);
    const armed = this.#armed.get(id);
    if (idle && armed?.host === host.id) return;
    armed?.cancel();
    this.#armed.delete(id);
    if (idle) this.#arm(actor, host.id);
  }

  /** Nothing is timed any more. */
  stop(): void {
    for (const { cancel } of this.#armed.values()) cancel();
    this.#armed.clear();
  }

  #arm(actor: SessionActor, host: string): void {
    const { clock, idleMs } = this.#context;
    if (idleMs === 0) return;
    const cancel = clock.after(idleMs, () => {
      this.#armed.delete(actor.id);
      this.#rest(actor).catch((error: unknown) => {
        this.#context.log('rest', { session: actor.id, message: String(error) });
      });
    });
    this.#armed.set(actor.id, { host, cancel });
  }

  async #rest(actor: SessionActor): Promise<void> {
    // What it started still works: it is looked at again later.
    if (!(await this.#context.rest(actor))) this.look(actor);
  }
}
