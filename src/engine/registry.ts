import type { Log } from './log.ts';
import type { Effect } from '../domain/draft.ts';
import { evolve } from '../domain/evolve.ts';
import { refuse, type Refusal, RefusalError } from '../domain/refusal.ts';
import { emptySession, type SessionState, stateVersion } from '../domain/session-state.ts';
import type { AgentDriver, AgentMemory, AgentProfile } from '../ports/agent.ts';
import type { Clock } from '../ports/clock.ts';
import type { CommitHooks } from '../ports/hooks.ts';
import type { Policies } from '../ports/policies.ts';
import type { LoadedSession, Store } from '../ports/store.ts';
import { type ActorContext, SessionActor } from './actor.ts';
import type { Budgets } from './budgets.ts';
import type { DecodeLarge } from './decode.ts';
import { FeedHub } from './feed-hub.ts';
import { HostGrip } from './host-grip.ts';
import type { Found, Supervisor } from './supervisor.ts';
import { TurnBudget } from './turn-budget.ts';

export interface RegistryContext {
  store: Store;
  clock: Clock;
  supervisor: Supervisor;
  driver(agent: string): AgentDriver;
  decodeLarge: DecodeLarge;
  commitHooks: CommitHooks | null;
  keepsEvents: boolean;
  policies: Policies;
  price: ActorContext['price'];
  /** Sessions that move here; they are known before the first is loaded. */
  arrivals: { ready: Promise<void>; arriving: ActorContext['arriving'] };
  budgets: Budgets;
  committed: ActorContext['committed'];
  heard: (actor: SessionActor) => void;
  log: Log;
}

const rebuildPage = { limit: 500, maxBytes: 1024 * 1024 };
const unloadMs = 90_000;

/** The loaded sessions: at most one actor each. A session is unloaded when nothing has to do with it. */
export class Registry {
  readonly #context: RegistryContext;
  readonly #actors = new Map<string, Promise<SessionActor>>();
  readonly #present = new Map<string, SessionActor>();
  readonly #budget: TurnBudget;
  readonly #creations = new Map<string, Promise<unknown>>();
  readonly #usedAt = new Map<string, number>();
  #cancelSweep: (() => void) | null = null;
  #closed: Refusal | null = null;

  constructor(context: RegistryContext) {
    this.#context = context;
    this.#budget = new TurnBudget(context.clock);
    this.#scheduleUnload();
  }

  /** The actor of a session, loaded if need be; `not_found` where there is no such session. */
  async get(session: string): Promise<SessionActor> {
    if (this.#closed !== null) throw new RefusalError(this.#closed);
    this.#usedAt.set(session, this.#context.clock.monotonic());
    const actor = await (this.#actors.get(session) ?? this.#load(session));
    if (!actor.exists) throw noSession();
    return actor;
  }

  /** Whether the session is loaded and not deleted: then its id needs no look-up. */
  has(session: string): boolean {
    const actor = this.#present.get(session);
    return actor !== undefined && actor.exists && actor.state.deletedAt === null;
  }

  /**
   * Makes a session that does not exist yet; `null` where the id is taken. Of several that want the same id
   * at once each waits for the one before it.
   */
  async create<Made>(
    session: string,
    agent: string,
    make: (actor: SessionActor) => Promise<Made>,
  ): Promise<Made | null> {
    if (this.#closed !== null) throw new RefusalError(this.#closed);
    const before = this.#creations.get(session);
    const creation = Promise.allSettled([before]).then(() =>
      this.#createNext(session, agent, make),
    );
    this.#creations.set(session, creation);
    try {
      return await creation;
    } finally {
      if (this.#creations.get(session) === creation) this.#creations.delete(session);
    }
  }

  async #createNext<Made>(
    session: string,
    agent: string,
    make: (actor: SessionActor) => Promise<Made>,
  ): Promise<Made | null> {
    if (await this.#isThere(session)) return null;
    await this.#context.budgets.ready();
    await this.#context.arrivals.ready;
    // It began to shut down meanwhile: nothing is launched any more that nobody would end.
    if (this.#closed !== null) throw new RefusalError(this.#closed);
    const state = emptySession(session);
    const actor = this.#actor(agent, { state, epoch: 1, exists: false, grip: null });
    const loaded = Promise.resolve(actor);
    this.#remember(session, loaded);
    try {
      return await make(actor);
    } catch (error) {
      if (!actor.exists) this.#forget(session, loaded);
      throw error;
    }
  }

  /** Whether it is loaded or stored. Somebody may be asking for it at this moment: that is waited for. */
  async #isThere(session: string): Promise<boolean> {
    for (;;) {
      const loading = this.#actors.get(session);
      if (loading !== undefined) {
        const loaded = await Promise.allSettled([loading]);
        if (loaded[0].status === 'fulfilled') return true;
      } else {
        if ((await this.#context.store.load(session)) !== undefined) return true;
        if (!this.#actors.has(session)) return false;
      }
    }
  }

  /** Loads a session with a host after a restart and says what was found. */
  async recover(session: string): Promise<Found | null> {
    let found: Found | null = null;
    await this.#load(session, (what) => (found = what));
    return found;
  }

  async loaded(): Promise<readonly SessionActor[]> {
    const loads = await Promise.allSettled(this.#actors.values());
    return loads.flatMap((load) => (load.status === 'fulfilled' ? [load.value] : []));
  }

  /** Those that are loaded by now. */
  get present(): readonly SessionActor[] {
    return [...this.#present.values()];
  }

  /** How an agent keeps conversations; null where nothing is known of that, or of the agent. */
  memory(agent: string): AgentMemory | null {
    return this.#context.driver(agent).memory ?? null;
  }

  profile(agent: string): AgentProfile {
    return this.#context.driver(agent).profile;
  }

  /** Removes a session for good: its actor takes nothing more, and what it leaves is removed. */
  async drop(session: string, refusal: Refusal, remove: () => Promise<void>): Promise<void> {
    const actor = await this.get(session);
    const loaded = this.#actors.get(session);
    actor.stop(refusal);
    await actor.settled();
    // What could not be removed is still there: the next one loads it.
    await remove().finally(() => this.#forget(session, loaded));
  }

  /** No session takes commands any more. */
  async close(refusal: Refusal): Promise<void> {
    this.#closed = refusal;
    this.#cancelSweep?.();
    const actors = await this.loaded();
    for (const actor of actors) actor.stop(refusal);
    await Promise.all(actors.map((actor) => actor.settled()));
  }

  /** It is shutting down. */
  get closed(): boolean {
    return this.#closed !== null;
  }

  refuseNew(refusal: Refusal): void {
    this.#closed = refusal;
  }

  #load(session: string, found: (what: Found) => void = () => undefined): Promise<SessionActor> {
    const present = this.#actors.get(session);
    if (present !== undefined) return present;
    const loading = this.#read(session, found);
    this.#remember(session, loading);
    loading.catch(() => this.#forget(session, loading));
    return loading;
  }

  async #read(session: string, found: (what: Found) => void): Promise<SessionActor> {
    const { store, supervisor } = this.#context;
    await this.#context.arrivals.ready;
    const loaded = await store.load(session);
    if (loaded === undefined) throw noSession();
    const state = await this.#stateOf(session, loaded);
    const [row] = loaded.hosts;
    await this.#context.budgets.admit(state, row !== undefined);
    const driver = this.#context.driver(state.agent);
    const grip = row === undefined ? null : HostGrip.of(row, driver);
    const actor = this.#actor(state.agent, { state, epoch: loaded.epoch, exists: true, grip });
    try {
      await actor.contents.load(state, store);
      if (grip !== null) {
        found(await supervisor.recover(actor, grip));
        await actor.caughtUp();
      }
      return actor;
    } catch (error) {
      // Nobody gets this actor: it must not go on writing beside the next one.
      actor.stop({ code: 'unavailable', message: 'The session could not be loaded.' });
      await actor.settled();
      grip?.host?.release();
      throw error;
    }
  }

  async #stateOf(session: string, loaded: LoadedSession): Promise<SessionState> {
    if (loaded.stateVersion === stateVersion) return JSON.parse(loaded.state) as SessionState;
    return rebuild(session, this.#context.store);
  }

  #actor(agent: string, loaded: ConstructorParameters<typeof SessionActor>[1]): SessionActor {
    const { store, clock, supervisor, decodeLarge, policies, committed, heard, log } =
      this.#context;
    const { price, budgets, arrivals } = this.#context;
    const { commitHooks, keepsEvents } = this.#context;
    const { id, lastSeq } = loaded.state;
    const hub = new FeedHub(id, lastSeq, { store, clock, budget: this.#budget });
    const perform = (actor: SessionActor, effects: readonly Effect[]): void => {
      for (const effect of effects) {
        supervisor.perform(actor, effect).catch((error: unknown) => {
          log('effect', { session: actor.id, effect: effect.type, message: String(error) });
        });
      }
    };
    const driver = this.#context.driver(agent);
    const folded = (actor: SessionActor): void => supervisor.limitSpool(actor);
    const conclude = (actor: SessionActor): void => supervisor.conclude(actor);
    const fenced = (actor: SessionActor): void => this.#fenced(actor);
    const inputFailed = (grip: HostGrip, message: string): void =>
      supervisor.inputFailed(grip, message);
    const context: ActorContext = {
      clock,
      store,
      driver,
      hub,
      decodeLarge,
      commitHooks,
      keepsEvents,
      policies,
      price,
      accounts: (base, state) => budgets.accounts(base, state),
      arriving: (id) => arrivals.arriving(id),
      perform,
      committed,
      fenced,
      heard,
      folded,
      conclude,
      inputFailed,
      log,
    };
    return new SessionActor(context, loaded);
  }

  #remember(session: string, loading: Promise<SessionActor>): void {
    this.#actors.set(session, loading);
    this.#usedAt.set(session, this.#context.clock.monotonic());
    void loading.then(
      (actor) => this.#actors.get(session) === loading && this.#present.set(session, actor),
      () => undefined,
    );
  }

  /** The next who asks loads what the log says by now; an agent that works is left to whoever has it. */
  #fenced(actor: SessionActor): void {
    if (actor.grip !== null || this.#present.get(actor.id) !== actor) return;
    this.#forget(actor.id, this.#actors.get(actor.id));
  }

  /** Forgets that actor, and not one that has taken its place. */
  #forget(session: string, loading: Promise<SessionActor> | undefined): void {
    if (this.#actors.get(session) !== loading) return;
    this.#actors.delete(session);
    this.#present.delete(session);
    this.#usedAt.delete(session);
  }

  #scheduleUnload(): void {
    if (this.#closed !== null) return;
    this.#cancelSweep = this.#context.clock.after(unloadMs, () => {
      void this.#unload().finally(() => this.#scheduleUnload());
    });
  }

  async #unload(): Promise<void> {
    const before = this.#context.clock.monotonic() - unloadMs;
    for (const actor of await this.loaded()) {
      const used = this.#usedAt.get(actor.id) ?? Number.POSITIVE_INFINITY;
      if (!actor.idle || !actor.exists || actor.context.hub.subscribers > 0 || used >= before)
        continue;
      this.#forget(actor.id, this.#actors.get(actor.id));
    }
    this.#context.budgets.retain(this.#actors.keys());
  }
}

function noSession(): Error {
  return refuse('not_found', 'There is no such session.', { field: 'session' });
}

/** The state of a session from its log, page by page: what a new `stateVersion` asks for. */
export async function rebuild(session: string, store: Store): Promise<SessionState> {
  let state = emptySession(session);
  for (let after: number | null = 0; after !== null;) {
    const page = await store.history({ session, after, ...rebuildPage });
    for (const entry of page.entries) state = evolve(state, entry);
    after = page.next;
  }
  return state;
}
