import type { Memory } from '../domain/command.ts';
import { smallLine } from '../domain/externalise.ts';
import { type By, type Entry, type EntryOf, isNode } from '../domain/entry.ts';
import { refuse } from '../domain/refusal.ts';
import type { Clock } from '../ports/clock.ts';
import type { Memories, MemoryLine, NativeSession } from '../ports/memories.ts';
import type { Store } from '../ports/store.ts';
import type { SessionActor } from './actor.ts';
import { lastNode } from './ancestry.ts';
import { blobCollector } from './decode.ts';
import { primerOf } from './primers.ts';
import type { Told } from './prompt-contents.ts';
import { variablesOf } from './supervisor.ts';
import type { HeldBlob } from './withhold.ts';

export interface OwnMemoryContext {
  store: Store;
  clock: Clock;
  memories: Memories;
}

/** What an agent is to remember, as an entry says it and as the agent is told it. */
export interface Remembered {
  memory: Memory;
  told?: Told;
}

const pageBytes = 1024 * 1024;
/** Lines that go into the log in one transaction. */
const capturedLines = 100;

/** The agents' own memory between their files and the log. */
export class OwnMemory {
  readonly #context: OwnMemoryContext;

  constructor(context: OwnMemoryContext) {
    this.#context = context;
  }

  /** What the agent has only in its files goes into the log. Repeatable: a line is the same for ever. */
  async capture(actor: SessionActor, by: By): Promise<void> {
    const { memories } = this.#context;
    const of = await this.#of(actor.state, actor.state.nativeId, actor.state.cwd);
    if (of === null) return;
    let lines: MemoryLine[] = [];
    let chars = 0;
    for await (const line of memories.capture(of, this.#lines(actor.id, of))) {
      lines.push(line);
      chars += line.text.length;
      if (lines.length < capturedLines && chars < pageBytes) continue;
      await this.#append(actor, { lines, of, by });
      lines = [];
      chars = 0;
    }
    if (lines.length > 0) await this.#append(actor, { lines, of, by });
  }

  async #append(
    actor: SessionActor,
    { lines, of, by }: { lines: readonly MemoryLine[]; of: NativeSession; by: By },
  ): Promise<void> {
    const { clock } = this.#context;
    const { agent: format, nativeId: session } = of;
    const blobs: HeldBlob[] = [];
    const put = blobCollector(blobs, (bytes) => clock.sha256(bytes));
    const captured = lines.map(({ file, text }) => ({
      id: `n${clock.sha256(JSON.stringify([session, file, text])).slice(0, 40)}`,
      node: false,
      line: smallLine({ format, session, file, line: text }, put),
      shows: [],
    }));
    const epoch = { inForce: actor.epoch };
    const command = { type: 'append_lines', lines: captured, epoch, captured: true } as const;
    await actor.post({ command, by, ownId: true, blobs });
  }

  /** Puts the agent's own memory in its place; where that cannot be, it is told what was. */
  async restore(actor: SessionActor, cwd: string): Promise<Remembered> {
    const { memories, store } = this.#context;
    const { id, lastSeq } = actor.state;
    const of = await this.#of(actor.state, await this.#nativeOf(actor.state), cwd);
    const found = of === null ? noMemory : await memories.restore(of, this.#lines(id, of));
    if (found.restored && of !== null)
      return { memory: { memory: 'exact', nativeId: of.nativeId } };
    const place = { session: id, seq: lastSeq };
    const node = await lastNode(store, place);
    const told = await primerOf(this.#context, { ...place, node });
    if (told === null) return { memory: { memory: 'none' } };
    const reason = found.restored ? '' : found.reason;
    return { memory: { memory: 'primed', reason, primer: told.ref }, told };
  }

  async #of(
    { id, agent, env }: SessionActor['state'],
    nativeId: string | null,
    cwd: string,
  ): Promise<NativeSession | null> {
    if (nativeId === null) return null;
    const secrets = await this.#context.store.secrets(id);
    return { agent, nativeId, cwd, env: variablesOf(env, secrets) };
  }

  /**
   * The native session that goes on: that of the last line which was appended from outside, if any was since
   * the agents here have written. Lines that these tell of themselves are no nodes.
   */
  async #nativeOf({ id, writer, nativeId }: SessionActor['state']): Promise<string | null> {
    if (writer.state !== 'external' && nativeId !== null) return nativeId;
    for await (const entry of this.#backwards(id)) {
      if (entry.kind === 'reset') return nativeId;
      if (entry.kind === 'native' && isNode(entry)) return entry.data.session;
      const since = entry.kind === 'owner' && entry.data.state === 'external';
      if (since && nativeId !== null) return nativeId;
    }
    return nativeId;
  }

  async *#backwards(session: string): AsyncGenerator<Entry> {
    const kinds = ['native', 'owner', 'reset'] as const;
    let before: number | null = Number.MAX_SAFE_INTEGER;
    while (before !== null) {
      const query = { session, before, kinds, limit: 100, maxBytes: pageBytes };
      const page = await this.#context.store.history(query);
      yield* page.entries;
      before = page.next;
    }
  }

  /** All lines of a native session, in the order in which they were written. */
  async *#lines(session: string, { nativeId }: NativeSession): AsyncGenerator<MemoryLine> {
    let after: number | null = 0;
    while (after !== null) {
      const query = { session, after, kinds: ['native'], limit: 500, maxBytes: pageBytes } as const;
      const page = await this.#context.store.history(query);
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
