import { RefusalError } from '../domain/refusal.ts';
import type { SessionState } from '../domain/session-state.ts';
import type { Clock } from '../ports/clock.ts';
import type { Store } from '../ports/store.ts';
import type { SessionActor } from './actor.ts';
import type { Log } from './log.ts';
import type { Registry } from './registry.ts';

interface Context {
  clock: Clock;
  store: Store;
  registry: Registry;
  log: Log;
}

/** Timers wait no longer than this at once: the wall clock may be set meanwhile, and has no longer ones. */
const longestMs = 60_000;
const retryMs = 5000;

/** Ends bypasses and denies questions whose time has come, in sessions that are loaded or not. */
export class Expiries {
  readonly #context: Context;
  readonly #armed = new Map<string, { at: number; cancel: () => void }>();
  #stopped = false;

  constructor(context: Context) {
    this.#context = context;
  }

  /** After a start: bypasses that were given before it. */
  async begin(): Promise<void> {
    const { store, log } = this.#context;
    try {
      for (const { session, until } of await store.bypassed()) {
        if (!this.#armed.has(session)) this.#arm(session, Date.parse(until));
      }
    } catch (error) {
      log('expiries', { message: String(error) });
    }
  }

  /** Called after every commit. */
  look({ id, state }: SessionActor): void {
    const next = nextOf(state);
    if (this.#armed.get(id)?.at === (next ?? undefined)) return;
    this.#disarm(id);
    if (next !== null) this.#arm(id, next);
  }

  stop(): void {
    this.#stopped = true;
    for (const id of this.#armed.keys()) this.#disarm(id);
  }

  #disarm(id: string): void {
    this.#armed.get(id)?.cancel();
    this.#armed.delete(id);
  }

  #arm(id: string, at: number): void {
    if (this.#stopped) return;
    const { clock } = this.#context;
    const left = Math.max(0, at - clock.now());
    const cancel = clock.after(Math.min(left, longestMs), () => {
      this.#armed.delete(id);
      if (clock.now() < at) return this.#arm(id, at);
      this.#expire(id).catch((error: unknown) => {
        if (error instanceof RefusalError && error.refusal.code === 'not_found') return;
        this.#context.log('expiry', { session: id, message: String(error) });
        if (!this.#armed.has(id)) this.#arm(id, clock.now() + retryMs);
      });
    });
    this.#armed.set(id, { at, cancel });
  }

  async #expire(id: string): Promise<void> {
    const { registry, clock } = this.#context;
    const actor = await registry.get(id);
    await actor.post({ command: { type: 'expire' }, by: { type: 'server' }, ownId: false });
    const next = nextOf(actor.state);
    // What came of it was looked at after its commit; where nothing came of it, nobody looked.
    if (next === null || this.#armed.has(id)) return;
    this.#arm(id, Math.max(next, clock.now() + retryMs));
  }
}

/** When something of the session is over next; null for never. */
function nextOf({ policy, approvals, deletedAt }: SessionState): number | null {
  if (deletedAt !== null) return null;
  const { bypassUntil, answerMs } = policy;
  const bypass = bypassUntil === null ? [] : [Date.parse(bypassUntil)];
  const answers = answerMs === null ? [] : approvals.map((open) => Date.parse(open.at) + answerMs);
  const all = [...bypass, ...answers];
  return all.length === 0 ? null : Math.min(...all);
}
