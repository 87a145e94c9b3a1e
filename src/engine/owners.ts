import type { Memory } from '../domain/command.ts';
import { demandProof } from '../domain/decide/owner.ts';
import { smallLine } from '../domain/externalise.ts';
import type { By, Entry, EntryOf, Place } from '../domain/entry.ts';
import { refuse } from '../domain/refusal.ts';
import { rowOf, type SessionRow } from '../domain/row.ts';
import type { Clock } from '../ports/clock.ts';
import type { Memories, MemoryLine, NativeSession } from '../ports/memories.ts';
import type { Store } from '../ports/store.ts';
import type { SessionActor } from './actor.ts';
import { lastNode } from './ancestry.ts';
import { blobCollector } from './decode.ts';
import { primerOf } from './primers.ts';
import type { Told } from './prompt-contents.ts';
import type { Registry } from './registry.ts';
import type { OwnerAnswer, OwnerOps, TakeOverInput } from './session-ops.ts';
import type { Supervisor } from './supervisor.ts';
import type { HeldBlob } from './withhold.ts';

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

  constructor(context: OwnersContext) {
    this.#context = context;
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
    const { memory, told } = await this.#remembered(actor, cwd);
    return answerOf(await post(actor, { ...own, cwd, memory }, by, told), memory);
  }

  /** Nobody writes it while `to` gets a copy. */
  async give(session: string, to: Place, by: By): Promise<SessionRow> {
    const actor = await this.#atRest(session);
    await this.#capture(actor, by);
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
    const { server, arrived } = this.#context;
    if (await this.#hasArrived(actor, moved)) return this.#arrivedBefore(actor, moved);
    // Before any file of the agent's is written.
    demandProof(actor.state, moved, server);
    const cwd = await this.#directory(actor, given);
    const { memory, told } = await this.#remembered(actor, cwd);
    const command = { type: 'arrive', moved, here: server, cwd, memory } as const;
    const state = await post(actor, command, by, told);
    arrived(session);
    return answerOf(state, memory);
  }

  async #arrivedBefore(actor: SessionActor, { seq }: Entry): Promise<OwnerAnswer> {
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
    if (known?.digest === moved.digest && known.seq === moved.seq) return true;
    throw refuse('conflict', 'The log of this copy goes on otherwise.', { field: 'moved' });
  }

  /** An agent that is only waiting is ended; one that works is not. */
  async #atRest(session: string): Promise<SessionActor> {
    const { registry, supervisor } = this.#context;
    const actor = await registry.get(session);
    await actor.caughtUp();
    if (actor.state.host !== null && actor.state.run === null) {
      if (!(await supervisor.rest(actor, 'idle'))) {
        const message = 'Something that the agent started still works: sessions.abort ends it.';
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

  /** What the agent tells only in its files goes into the log before it is copied. */
  async #capture(actor: SessionActor, by: By): Promise<void> {
    const { memories, clock } = this.#context;
    const { agent, nativeId, cwd } = actor.state;
    if (nativeId === null) return;
    const captured = await memories.capture({ agent, nativeId, cwd });
    if ('reason' in captured || captured.lines.length === 0) return;
    const blobs: HeldBlob[] = [];
    const put = blobCollector(blobs, (bytes) => clock.sha256(bytes));
    const lines = captured.lines.map(({ file, text }, at) => ({
      id: `n${clock.sha256(JSON.stringify([nativeId, file, at, text])).slice(0, 40)}`,
      node: false,
      line: smallLine({ format: agent, session: nativeId, file, line: text }, put),
      shows: [],
    }));
    const epoch = { inForce: actor.epoch };
    const command = { type: 'append_lines', lines, epoch, captured: true } as const;
    await actor.post({ command, by, ownId: true, blobs });
  }

  /** Puts the agent's own memory in its place; where that cannot be, it is told what was. */
  async #remembered(actor: SessionActor, cwd: string): Promise<{ memory: Memory; told?: Told }> {
    const { memories, store } = this.#context;
    const { agent, id, lastSeq } = actor.state;
    const nativeId = actor.state.nativeId ?? (await this.#lastNative(id));
    const of = nativeId === null ? null : { agent, nativeId, cwd };
    const found = of === null ? noMemory : await memories.restore(of, this.#lines(id, of));
    if (found.restored && nativeId !== null) return { memory: { memory: 'exact', nativeId } };
    const place = { session: id, seq: lastSeq };
    const node = await lastNode(store, place);
    const told = await primerOf(this.#context, { ...place, node });
    if (told === null) return { memory: { memory: 'none' } };
    const reason = found.restored ? '' : found.reason;
    return { memory: { memory: 'primed', reason, primer: told.ref }, told };
  }

  /** The agent's session of the last line that was appended from outside. */
  async #lastNative(session: string): Promise<string | null> {
    const before = Number.MAX_SAFE_INTEGER;
    const query = { session, before, kinds: ['native'], limit: 1, maxBytes: 1024 * 1024 } as const;
    const [entry] = (await this.#context.store.history(query)).entries;
    return entry?.kind === 'native' ? entry.data.session : null;
  }

  async *#lines(session: string, { nativeId }: NativeSession): AsyncIterable<MemoryLine> {
    const { store } = this.#context;
    let after: number | null = 0;
    while (after !== null) {
      const page = await store.history({
        session,
        after,
        kinds: ['native'],
        limit: 500,
        maxBytes: 1024 * 1024,
      });
      for (const entry of page.entries) {
        if (entry.kind !== 'native') continue;
        const { data } = entry;
        if (data.session !== nativeId || data.differs === true) continue;
        yield { file: data.file, text: await this.#text(data) };
      }
      after = page.next;
    }
  }

  async #text({ line, blob }: EntryOf<'native'>['data']): Promise<string> {
    if (blob === undefined) return line;
    const bytes = await this.#context.store.getBlob(blob.digest);
    if (bytes === undefined) {
      throw refuse('unavailable', 'A line of what the agent remembers is not there any more.');
    }
    return new TextDecoder().decode(bytes);
  }
}

const noMemory = { restored: false, reason: 'the agent had said nothing yet' } as const;

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
