import { isDormant } from '../domain/decide/owner.ts';
import type { Arriving } from '../domain/draft.ts';
import { refuse, RefusalError } from '../domain/refusal.ts';
import { stateVersion } from '../domain/session-state.ts';
import type { Clock } from '../ports/clock.ts';
import type { Arrival } from '../ports/moves.ts';
import type { Store } from '../ports/store.ts';
import type { Agents } from './agents.ts';
import type { Registry } from './registry.ts';
import type { ArrivalOps, ExpectAnswer, ExpectInput } from './session-ops.ts';

export interface ArrivalsContext {
  store: Store;
  clock: Clock;
  agents: Agents;
  /** Which is made with this. */
  registry: () => Registry;
  checkDirectory(path: string): Promise<string>;
  /** Id of this daemon's state directory. */
  server: string;
}

/**
 * Sessions that are on their way here. A log that is not whole says what was so at its source in the middle
 * of it, so a session is among these before its first entry comes in, and until its source has given it up.
 */
export class Arrivals implements ArrivalOps {
  readonly #context: ArrivalsContext;
  readonly #rows = new Map<string, Arrival>();
  /** Resolves when those of an earlier daemon are known: before that no session is loaded. */
  readonly ready: Promise<void>;

  constructor(context: ArrivalsContext) {
    this.#context = context;
    this.ready = this.#load();
    // Whoever needs it is told; that nobody did yet is no reason to end.
    this.ready.catch(() => undefined);
  }

  get list(): readonly Arrival[] {
    return [...this.#rows.values()];
  }

  arriving(session: string): Arriving | null {
    const row = this.#rows.get(session);
    if (row === undefined) return null;
    const over = row.withdrawn || Date.parse(row.expiresAt) <= this.#context.clock.now();
    return over ? 'withdrawn' : 'expected';
  }

  async expect(session: string, input: ExpectInput): Promise<ExpectAnswer> {
    await this.ready;
    await this.#check(session, input);
    const { from, token, expiresAt } = input;
    const before = this.#rows.get(session);
    // At once: from here on nothing is added to what is here.
    const row = { session, from, token, expiresAt, withdrawn: false, known: before?.known ?? 0 };
    this.#rows.set(session, row);
    try {
      const found = await this.#found(session, input, before !== undefined);
      const known = before?.known ?? found.lastSeq;
      await this.#context.store.moves.expect({ ...row, known });
      this.#rows.set(session, { ...row, known });
      return found;
    } catch (error) {
      if (before === undefined) this.#rows.delete(session);
      else this.#rows.set(session, before);
      throw error;
    }
  }

  /** Nothing more comes. What came of it stays; where nothing did, all is as it was. */
  async withdraw(session: string): Promise<void> {
    await this.ready;
    const row = this.#rows.get(session);
    if (row === undefined) return;
    const { store } = this.#context;
    this.#rows.set(session, { ...row, withdrawn: true });
    await store.moves.withdraw(session);
    const { lastSeq } = await this.#lastOf(session);
    if (lastSeq !== row.known || this.#rows.get(session)?.withdrawn !== true) return;
    await store.moves.endArrival(session);
    this.#rows.delete(session);
  }

  /** It is here; the store has forgotten it in the same transaction. */
  arrived(session: string): void {
    this.#rows.delete(session);
  }

  async #load(): Promise<void> {
    for (const row of await this.#context.store.moves.arrivals()) this.#rows.set(row.session, row);
  }

  async #check(session: string, input: ExpectInput): Promise<void> {
    const { store, agents, server } = this.#context;
    if (input.from === server) {
      throw refuse('conflict', 'It is here already: this is the daemon that it is to leave.', {
        field: 'server',
      });
    }
    if (input.stateVersion > stateVersion) {
      const message = 'The daemon of the session is newer than this one: update this one first.';
      throw refuse('unsupported', message, { field: 'stateVersion' });
    }
    agents.driver(input.agent);
    await this.#context.checkDirectory(input.cwd);
    if (await store.purged(session)) {
      const message = 'A session with this id was removed here for good.';
      throw refuse('id_reused', message, { field: 'session' });
    }
    await this.#checkKey(session, input.key);
  }

  async #checkKey(session: string, key: string | null): Promise<void> {
    if (key === null) return;
    const rows = await this.#context.store.resolve(key);
    const taken = rows.some(
      (found) =>
        found.session !== session && (JSON.parse(found.row) as { key: unknown }).key === key,
    );
    if (!taken) return;
    const message = `Another session here has the key ${key}: change one of the two.`;
    throw refuse('conflict', message, { field: 'key' });
  }

  /** How far the log is here; refuses what is no copy that is only read here. */
  async #found(
    session: string,
    { agent, lastSeq }: ExpectInput,
    expected: boolean,
  ): Promise<ExpectAnswer> {
    const found = await this.#lastOf(session);
    if (found.lastSeq === 0) return found;
    const { state } = await this.#context.registry().get(session);
    if (state.deletedAt !== null) {
      const message = 'A session with this id was deleted here: sessions.restore brings it back.';
      throw refuse('conflict', message, { field: 'session' });
    }
    if (state.agent !== agent) {
      throw refuse('conflict', `Here it is a session of ${state.agent}.`, { field: 'agent' });
    }
    const { writer } = state;
    const { server } = this.#context;
    const copy = expected || writer.state === 'moved' || isDormant(writer, server);
    if (!copy || found.lastSeq > lastSeq) {
      const message = 'A session with this id is here already, and goes on.';
      throw refuse('conflict', message, { field: 'session', data: { seq: found.lastSeq } });
    }
    return found;
  }

  async #lastOf(session: string): Promise<ExpectAnswer> {
    const { store, registry } = this.#context;
    try {
      const actor = await registry().get(session);
      // What was on its way into its log is in it, or refused.
      await actor.caughtUp();
      const { lastSeq } = actor.state;
      const query = { session, after: lastSeq - 1, limit: 1, maxBytes: 1024 * 1024 };
      const [last] = (await store.history(query)).entries;
      return { lastSeq, id: last?.id ?? null, digest: last?.digest ?? null };
    } catch (error) {
      const none = error instanceof RefusalError && error.refusal.code === 'not_found';
      if (none) return { lastSeq: 0, id: null, digest: null };
      throw error;
    }
  }
}
