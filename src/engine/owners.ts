import type { Memory } from '../domain/command.ts';
import { demandProof, isGivenTo } from '../domain/decide/owner.ts';
import type { By, Entry, Place } from '../domain/entry.ts';
import { refuse, RefusalError } from '../domain/refusal.ts';
import { rowOf, type SessionRow } from '../domain/row.ts';
import type { Clock } from '../ports/clock.ts';
import type { Memories } from '../ports/memories.ts';
import type { Store } from '../ports/store.ts';
import type { SessionActor } from './actor.ts';
import { OwnMemory } from './own-memory.ts';
import type { Told } from './prompt-contents.ts';
import type { Registry } from './registry.ts';
import type { OwnerAnswer, OwnerOps, TakeOverInput } from './session-ops.ts';
import type { Supervisor } from './supervisor.ts';

type OwnerEntry = Extract<Entry, { kind: 'owner' }>;

export interface OwnersContext {
  registry: Registry;
  supervisor: Supervisor;
  store: Store;
  clock: Clock;
  memories: Memories;
  checkDirectory(path: string): Promise<string>;
  /** Id of this daemon's state directory. */
  server: string;
  /** The session has moved here. */
  arrived(session: string): void;
}

/** Who writes sessions: agents here, somebody outside, a copy on another machine. */
export class Owners implements OwnerOps {
  readonly #context: OwnersContext;
  readonly #memory: OwnMemory;

  constructor(context: OwnersContext) {
    this.#context = context;
    this.#memory = new OwnMemory(context);
  }

  /** A new writer: those before it are fenced. */
  async takeOver(session: string, input: TakeOverInput, by: By): Promise<OwnerAnswer> {
    const { writer, epoch } = input;
    const actor = await this.#atRest(session);
    const at = epoch ?? actor.state.writer.epoch;
    const own = { type: 'own', to: { state: writer }, here: this.#context.server, at } as const;
    // Given back by a move that is not done: nobody else has written meanwhile.
    if (writer === 'external' || actor.state.writer.state !== 'external') {
      return answerOf(await post(actor, own, by), null);
    }
    const cwd = await this.#directory(actor, input.cwd);
    for (let tries = 1; ; tries += 1) {
      const upTo = actor.state.lastSeq;
      const { memory, told } = await this.#memory.restore(actor, cwd);
      try {
        return answerOf(await post(actor, { ...own, cwd, memory, upTo }, by, told), memory);
      } catch (error) {
        if (!hasGoneOn(error)) throw error;
        if (tries === mostTries) throw stillWritten();
      }
    }
  }

  /** Nobody writes it while `to` gets a copy. */
  async give(session: string, to: Place, by: By): Promise<SessionRow> {
    const actor = await this.#atRest(session);
    // What the agent has only in its files goes along.
    await this.#memory.capture(actor, by);
    const command = {
      type: 'own',
      to: { state: 'moving', to },
      here: this.#context.server,
    } as const;
    return rowOf(await post(actor, command, by));
  }

  /** It goes on at the copy: from this commit on the other side may prove it. */
  async moved(session: string, to: Place, by: By): Promise<Entry> {
    const { registry, server } = this.#context;
    const actor = await registry.get(session);
    const { writer } = actor.state;
    const done = writer.state === 'moved' && writer.to?.server === to.server;
    const command = { type: 'own', to: { state: 'moved', to }, here: server } as const;
    if (!done) await post(actor, command, by);
    const entry = await this.#ownerEntry({ session, before: Number.MAX_SAFE_INTEGER });
    if (entry?.data.state === 'moved') return entry;
    throw new Error('The entry that was stored is not there.');
  }

  /** It moves nowhere: the copy was not given up to. */
  async keep(session: string, by: By): Promise<SessionRow> {
    const actor = await this.#context.registry.get(session);
    const command = { type: 'own', to: { state: 'host' }, here: this.#context.server } as const;
    return rowOf(await post(actor, command, by));
  }

  /** This copy is the session from now on. A repeated proof answers as the first. */
  async arrive(
    session: string,
    { moved, cwd: given }: { moved: Entry; cwd?: string },
    by: By,
  ): Promise<OwnerAnswer> {
    const actor = await this.#context.registry.get(session);
    const { server } = this.#context;
    if (await this.#hasArrived(actor, moved)) return this.#arrivedBefore(actor, moved);
    // Before any file of the agent's is written.
    demandProof(actor.state, moved, server);
    const cwd = await this.#directory(actor, given);
    const { memory, told } = await this.#memory.restore(actor, cwd);
    const command = { type: 'arrive', moved, here: server, cwd, memory } as const;
    try {
      const state = await post(actor, command, by, told);
      this.#context.arrived(session);
      return answerOf(state, memory);
    } catch (error) {
      // The same proof, given twice at once, or one that was stored although nobody was told.
      const after = await this.#context.registry.get(session);
      if (!(await this.#hasArrived(after, moved))) throw error;
      return this.#arrivedBefore(after, moved);
    }
  }

  async #arrivedBefore(actor: SessionActor, { seq }: Entry): Promise<OwnerAnswer> {
    this.#context.arrived(actor.id);
    const entry = await this.#ownerEntry({ session: actor.id, after: seq });
    const { memory = null, reason = null } = entry?.data ?? {};
    return { row: rowOf(actor.state), memory, reason };
  }

  async #ownerEntry(
    place: { session: string } & ({ after: number } | { before: number }),
  ): Promise<OwnerEntry | undefined> {
    const query = { ...place, kinds: ['owner'], limit: 1, maxBytes: 1024 * 1024 } as const;
    const [entry] = (await this.#context.store.history(query)).entries;
    return entry?.kind === 'owner' ? entry : undefined;
  }

  async #hasArrived(actor: SessionActor, moved: Entry): Promise<boolean> {
    if (actor.state.lastSeq < moved.seq) return false;
    const known = await this.#context.store.entry(actor.id, moved.id);
    const same = known?.digest === moved.digest && known.seq === moved.seq;
    if (same && isGivenTo(known, this.#context.server)) return true;
    throw refuse('conflict', 'The log of this copy goes on otherwise.', { field: 'moved' });
  }

  /** An agent that is only waiting is ended; one that works is not. */
  async #atRest(session: string): Promise<SessionActor> {
    const { registry, supervisor } = this.#context;
    const actor = await registry.get(session);
    await actor.caughtUp();
    if (actor.state.host !== null && actor.state.run === null) {
      if (!(await supervisor.rest(actor, 'idle'))) {
        const message = 'Something that the agent started still works: end that first.';
        throw refuse('busy', message, { field: 'session' });
      }
      await actor.hostGone();
    }
    return registry.get(session);
  }

  async #directory(actor: SessionActor, given: string | undefined): Promise<string> {
    const cwd = given ?? actor.state.cwd;
    if (cwd === '') {
      const message = 'Say in which directory of this machine it goes on.';
      throw refuse('invalid', message, { field: 'cwd' });
    }
    return this.#context.checkDirectory(cwd);
  }
}

/** Of a session that somebody goes on writing to while its agent's files are made. */
const mostTries = 8;

function hasGoneOn(error: unknown): boolean {
  return error instanceof RefusalError && error.refusal.field === 'expect';
}

function stillWritten(): Error {
  const message =
    'It is being written to all the time: take it over as external first, which ends what others write.';
  return refuse('busy', message, { field: 'session' });
}

async function post(
  actor: SessionActor,
  command: Parameters<SessionActor['post']>[0]['command'],
  by: By,
  told?: Told,
): Promise<SessionActor['state']> {
  const letter = { command, by, ownId: false };
  return (await actor.post(told === undefined ? letter : { ...letter, primer: told })).state;
}

function answerOf(state: SessionActor['state'], memory: Memory | null): OwnerAnswer {
  const reason = memory?.reason ?? null;
  return { row: rowOf(state), memory: memory?.memory ?? null, reason };
}
