import { limits } from '../domain/limits.ts';
import { refuse } from '../domain/refusal.ts';
import type { Clock } from '../ports/clock.ts';
import type { Space } from '../ports/space.ts';
import type { SessionActor } from './actor.ts';
import type { Log } from './log.ts';

/** `low`: no prompt is accepted. `short`: agents are paused too, so that the store can still write. */
export type SpaceState = 'plenty' | 'low' | 'short';

export interface SpaceWatchContext {
  space: Space;
  clock: Clock;
  log: Log;
  /** The sessions that are loaded. */
  actors(): readonly SessionActor[];
}

/**
 * Watches the free space of the state directory. An agent that writes to a full disk loses what it writes,
 * and nobody can give it back: so agents are paused (SIGSTOP) before that, and go on when there is room.
 */
export class SpaceWatch {
  readonly #context: SpaceWatchContext;
  #state: SpaceState = 'plenty';
  #free: number | null = null;
  #cancel: () => void = () => undefined;
  #stopped = false;
  #looking: Promise<void>;

  constructor(context: SpaceWatchContext) {
    this.#context = context;
    this.#looking = this.#look();
  }

  /** What the last look found; `free` in bytes, null before the first. */
  get found(): { state: SpaceState; free: number | null } {
    return { state: this.#state, free: this.#free };
  }

  /** Refuses new work while space is low. */
  demandRoom(): void {
    if (this.#state === 'plenty') return;
    const free = Math.floor((this.#free ?? 0) / 1024 ** 2);
    const needed = limits.spaceLowBytes / 1024 ** 2;
    throw refuse(
      'unavailable',
      `Only ${free} MiB are free for the state directory: no prompt is accepted below ${needed} MiB. ` +
        'Free some space and send it again.',
      { data: { retryAfter: Math.ceil(limits.spaceScarceMs / 1000) } },
    );
  }

  /** Whether so little is left that what an agent writes may be torn. */
  async short(): Promise<boolean> {
    return (await this.#context.space.free()) < limits.spaceShortBytes;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await this.#looking;
  }

  async #look(): Promise<void> {
    const { clock, log } = this.#context;
    try {
      await this.#take(await this.#context.space.free());
    } catch (error) {
      log('space', { message: String(error) });
    }
    if (this.#stopped) return;
    const ms = this.#state === 'plenty' ? limits.spaceMs : limits.spaceScarceMs;
    this.#cancel = clock.after(ms, () => {
      this.#looking = this.#look();
    });
  }

  async #take(free: number): Promise<void> {
    const { space, log } = this.#context;
    const before = this.#state;
    this.#free = free;
    this.#state = stateOf(free);
    if (this.#state !== before) log('space.changed', { state: this.#state, free });
    if (this.#state === 'short') await space.release();
    await Promise.all(this.#context.actors().map((actor) => this.#settle(actor)));
    const scarce = free < limits.reserveBelowBytes && free > limits.spaceLowBytes;
    if (scarce) await space.reserve(limits.reserveBytes);
  }

  /** Pauses or continues a session's host as the state asks for. */
  async #settle(actor: SessionActor): Promise<void> {
    const { grip } = actor;
    const pause = this.#state === 'short';
    if (grip === null || grip.host === null || grip.exit !== null || grip.paused === pause) return;
    const known = grip.paused !== null;
    if (!pause && this.#state === 'low') return;
    grip.paused = pause;
    try {
      await grip.host.signal(pause ? 'SIGSTOP' : 'SIGCONT');
      // A host of an earlier daemon is continued for safety: nobody knows that it was paused.
      if (pause || known) await this.#note(actor, pause);
    } catch (error) {
      this.#context.log('space.host', { host: grip.id, message: String(error) });
    }
  }

  async #note(actor: SessionActor, pause: boolean): Promise<void> {
    const text = pause
      ? 'The agent is paused: the disk is almost full. It goes on when there is room.'
      : 'There is room on the disk again: the agent goes on.';
    const command = { type: 'note', code: pause ? 'paused' : 'continued', text } as const;
    await actor.post({ command, by: { type: 'server' }, ownId: false });
  }
}

function stateOf(free: number): SpaceState {
  if (free < limits.spaceShortBytes) return 'short';
  return free < limits.spaceLowBytes ? 'low' : 'plenty';
}
