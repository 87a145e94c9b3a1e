import type { Deleted } from '../domain/command.ts';
import type { By } from '../domain/entry.ts';
import { limits } from '../domain/limits.ts';
import { refuse, RefusalError } from '../domain/refusal.ts';
import { rowOf, type SessionRow } from '../domain/row.ts';
import type { Clock } from '../ports/clock.ts';
import type { Hosts } from '../ports/hosts.ts';
import type { Store } from '../ports/store.ts';
import type { SessionActor } from './actor.ts';
import type { Log } from './log.ts';
import type { Outcome } from './mailbox.ts';
import type { Registry } from './registry.ts';
import type { LifeOps, StoppedRun } from './session-ops.ts';
import { terminalOf } from './shutdown.ts';
import type { Supervisor } from './supervisor.ts';
import { within } from './within.ts';

export interface LifeContext {
  registry: Registry;
  supervisor: Supervisor;
  store: Store;
  hosts: Hosts;
  clock: Clock;
  log: Log;
}

/** The ladder ends well within it. */
const stopMs = 30_000;
/** A prompt that comes in between begins a run: it is stopped too, so many times. */
const stopTries = 3;
const purgeEveryMs = 3_600_000;

/** Reset, deletion and what comes after it. */
export class Life implements LifeOps {
  readonly #context: LifeContext;
  readonly #purges = new Map<string, Promise<void>>();
  #cancel: () => void = () => undefined;
  #stopped = false;

  constructor(context: LifeContext) {
    this.#context = context;
    this.#schedule(0);
  }

  async reset(session: string, reason: 'new' | 'reset', by: By): Promise<SessionRow> {
    const actor = await this.#context.registry.get(session);
    const { state } = await this.#atRest(actor, by, () => {
      return post(actor, { type: 'reset', reason }, by);
    });
    return rowOf(state);
  }

  async remove(session: string, by: By): Promise<{ deletedAt: string; purgeAt: string }> {
    const { clock, registry } = this.#context;
    const actor = await registry.get(session);
    const { key, agent } = actor.state;
    if (key === `agent:${agent}:main`) {
      const message = 'The main session of an agent cannot be deleted; sessions.reset empties it.';
      throw refuse('invalid', message, { field: 'session' });
    }
    const { deletedAt, purgeAt } = actor.state;
    if (deletedAt !== null && purgeAt !== null) return { deletedAt, purgeAt };
    const until = new Date(clock.now() + limits.retentionMs).toISOString();
    const { answer } = await this.#atRest(actor, by, () => {
      return post(actor, { type: 'delete', purgeAt: until }, by);
    });
    const { type: _, ...times } = answer as Deleted;
    return times;
  }

  async restore(session: string, by: By): Promise<SessionRow> {
    const actor = await this.#context.registry.get(session);
    const { key } = actor.state;
    try {
      return rowOf((await post(actor, { type: 'restore', key }, by)).state);
    } catch (error) {
      // Somebody else has its key by now: it comes back without one.
      const taken = error instanceof RefusalError && error.refusal.code === 'conflict';
      if (!taken || key === null) throw error;
      return rowOf((await post(actor, { type: 'restore', key: null }, by)).state);
    }
  }

  /** Of several at once all have the answer of the first. */
  purge(session: string, by: By): Promise<void> {
    const underWay = this.#purges.get(session);
    if (underWay !== undefined) return underWay;
    const purge = this.#purge(session, by).finally(() => this.#purges.delete(session));
    this.#purges.set(session, purge);
    return purge;
  }

  async #purge(session: string, by: By): Promise<void> {
    const { registry, store } = this.#context;
    // One that a crash has cut off goes on.
    if (await store.purged(session)) return this.#purgeStored(session);
    await this.remove(session, by);
    await registry.drop(session, goneRefusal, () => this.#purgeStored(session));
  }

  async stopAll(sessions: readonly string[] | null, by: By): Promise<readonly StoppedRun[]> {
    const working = this.#context.registry.present.filter(
      ({ state }) => state.run !== null && (sessions === null || sessions.includes(state.id)),
    );
    return Promise.all(working.map((actor) => this.#stopOne(actor, by)));
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  async #stopOne(actor: SessionActor, by: By): Promise<StoppedRun> {
    const run = actor.state.run?.id ?? '';
    await this.#abort(actor, by);
    const ended = await terminalOf(actor.id, run, this.#context.store);
    const proof = ended?.proof === undefined ? {} : { proof: ended.proof };
    return { session: actor.id, run, outcome: ended?.outcome ?? null, ...proof };
  }

  /** Stops the run and the host, then acts; the decision itself refuses where something works again. */
  async #atRest(actor: SessionActor, by: By, act: () => Promise<Outcome>): Promise<Outcome> {
    const { supervisor, clock } = this.#context;
    let run: string | undefined;
    for (let tries = 1; ; tries++) {
      run = actor.state.run?.id ?? run;
      await this.#abort(actor, by);
      await within(supervisor.stopHost(actor, 'stop'), stopMs, clock);
      await within(actor.hostGone(), stopMs, clock);
      if (run !== undefined) await this.#demandGone(actor, run);
      try {
        return await act();
      } catch (error) {
        const again = error instanceof RefusalError && error.refusal.code === 'unavailable';
        if (!again || tries === stopTries) throw error;
      }
    }
  }

  /** Beside processes that nobody could end nothing is begun and nothing is taken away. */
  async #demandGone(actor: SessionActor, run: string): Promise<void> {
    const ended = await terminalOf(actor.id, run, this.#context.store);
    if (ended?.proof?.gone !== false) return;
    const message = 'The run was ended, but processes of its agent could not be; see its proof.';
    throw refuse('unavailable', message, { data: { run } });
  }

  async #abort(actor: SessionActor, by: By): Promise<void> {
    const run = actor.state.run?.id;
    if (run === undefined) return;
    const command = { type: 'abort', run, force: false, reason: 'stop', queue: 'keep' } as const;
    await actor.post({ command, by, ownId: false });
    await within(actor.runEnded(run), stopMs, this.#context.clock);
  }

  async #purgeStored(session: string): Promise<void> {
    const { store, hosts } = this.#context;
    for (const host of await store.purge(session)) await hosts.removeArchive(host);
  }

  #schedule(ms: number): void {
    if (this.#stopped) return;
    this.#cancel = this.#context.clock.after(ms, () => {
      void this.#purgeDue().finally(() => this.#schedule(purgeEveryMs));
    });
  }

  /** What was deleted long enough ago goes, and what was put and never named. */
  async #purgeDue(): Promise<void> {
    const { store, clock, log } = this.#context;
    try {
      await store.removeUploads();
      for (const session of await store.purgeable(new Date(clock.now()).toISOString())) {
        // One that fails keeps no other.
        await this.purge(session, { type: 'server' }).catch((error: unknown) => {
          log('purge', { session, message: String(error) });
        });
      }
    } catch (error) {
      log('purge', { message: String(error) });
    }
  }
}

const goneRefusal = { code: 'not_found', message: 'The session was removed.' } as const;

function post(
  actor: SessionActor,
  command: Parameters<SessionActor['post']>[0]['command'],
  by: By,
): Promise<Outcome> {
  return actor.post({ command, by, ownId: false });
}
