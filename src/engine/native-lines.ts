import type { By } from '../domain/entry.ts';
import { idPattern } from '../domain/entry.ts';
import { limits } from '../domain/limits.ts';
import type { AppendedLine, PlacedShown, Shown } from '../domain/native.ts';
import { refuse, RefusalError } from '../domain/refusal.ts';
import type { AgentMemory } from '../ports/agent.ts';
import type { Clock } from '../ports/clock.ts';
import type { Store } from '../ports/store.ts';
import type { SessionActor } from './actor.ts';
import { type NativeRead, type ReadLarge, readNative } from './read-line.ts';
import type { Registry } from './registry.ts';
import type { AppendLinesAnswer, AppendLinesInput } from './session-ops.ts';
import type { HeldBlob } from './withhold.ts';

export interface NativeLinesContext {
  registry: Registry;
  store: Store;
  clock: Clock;
  readLarge: ReadLarge;
}

type Given = AppendLinesInput & { by: By };

/** Appends lines of an agent's memory that are written elsewhere, and what they show. */
export async function appendLines(
  context: NativeLinesContext,
  session: string,
  given: Given,
): Promise<AppendLinesAnswer> {
  const { registry } = context;
  const { format } = given;
  const memory = registry.memory(format);
  if (memory === null) {
    const message = `Nothing is known of how ${JSON.stringify(format)} keeps conversations.`;
    throw refuse('unsupported', message, { field: 'format' });
  }
  const reads = await readAll(context, memory, { ...given, session });
  const placed = new Places(context, given).all(reads);
  const present = await actorOf(registry, session);
  if (present === null) {
    await demandNew(context, session);
    const begins = beginning(reads, format);
    const made = await registry.create(session, format, (actor) =>
      append(actor, { ...given, ...placed, begins }),
    );
    if (made !== null) return { ...made, created: true };
  }
  // Asked for last: between this and the post it cannot be unloaded.
  const actor = present ?? (await registry.get(session));
  if (actor.state.agent !== format) {
    const message = `This is a session of ${actor.state.agent}, whose lines are others.`;
    throw refuse('unsupported', message, { field: 'format' });
  }
  return { ...(await append(actor, { ...given, ...placed })), created: false };
}

async function actorOf(registry: Registry, session: string): Promise<SessionActor | null> {
  try {
    return await registry.get(session);
  } catch (error) {
    if (error instanceof RefusalError && error.refusal.code === 'not_found') return null;
    throw error;
  }
}

async function demandNew({ store }: NativeLinesContext, session: string): Promise<void> {
  if (!idPattern.test(session)) {
    const message = 'The id of a new session is 1 to 64 letters, digits, - and _.';
    throw refuse('invalid', message, { field: 'session' });
  }
  if (!(await store.purged(session))) return;
  throw refuse('id_reused', 'A session with this id was removed for good.', { field: 'session' });
}

/** Small lines at once; what would hold up others beside them. */
async function readAll(
  { clock, readLarge }: NativeLinesContext,
  memory: AgentMemory,
  { session, format, lines }: AppendLinesInput & { session: string },
): Promise<readonly NativeRead[]> {
  const given = lines.map(({ text, file = '' }) => {
    const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
    return { format, session, file, bytes };
  });
  const size = given.reduce((sum, { bytes }) => sum + bytes.length, 0);
  if (size > limits.besideBytes) return Promise.all(given.map((line) => readLarge(line)));
  return given.map((line) => readNative(memory, line, (content) => clock.sha256(content)));
}

type Begins = { agent: string; originCwd?: string };

function beginning(reads: readonly NativeRead[], agent: string): Begins {
  const originCwd = reads.map(({ cwd }) => cwd).find((cwd) => cwd !== undefined);
  return { agent, ...(originCwd === undefined ? {} : { originCwd }) };
}

async function append(
  actor: SessionActor,
  given: Given & Placed & { begins?: Begins },
): Promise<Omit<AppendLinesAnswer, 'created'>> {
  const { expect, epoch, begins, blobs, placed, by } = given;
  const command = {
    type: 'append_lines' as const,
    lines: placed,
    epoch: { inForce: actor.epoch, ...(epoch === undefined ? {} : { expected: epoch }) },
    ...(expect === undefined ? {} : { expect }),
    ...(begins === undefined ? {} : { begins }),
  };
  const outcome = await actor.post({ command, by, ownId: true, blobs });
  const known = new Set(outcome.duplicates);
  const lines = placed.map(({ id: name, otherwise }) => {
    const differs = otherwise !== undefined && outcome.seqOf(otherwise) > 0;
    const id = differs ? otherwise : name;
    const duplicate = known.has(id);
    // What comes twice in one batch is stored by the first of the two.
    known.add(id);
    return { id, seq: outcome.seqOf(id), duplicate, differs };
  });
  const { key, head, lastSeq, writer } = outcome.state;
  return { key, lines, head, lastSeq, epoch: writer.epoch };
}

interface Placed {
  placed: readonly AppendedLine[];
  blobs: readonly HeldBlob[];
}

/** Gives lines, and what they show, the ids under which they are known again. */
class Places {
  readonly #clock: Clock;
  #head: string;

  constructor({ clock }: NativeLinesContext, { expect }: Given) {
    this.#clock = clock;
    this.#head = expect?.head ?? '';
  }

  all(reads: readonly NativeRead[]): Placed {
    return {
      placed: reads.map((one) => this.#place(one)),
      blobs: reads.flatMap(({ blobs }) => blobs),
    };
  }

  #place({ name, digest, line, shows, title, cwd }: NativeRead): AppendedLine {
    const says = {
      ...(title === undefined ? {} : { title }),
      ...(cwd === undefined ? {} : { cwd }),
    };
    if (name === null) {
      // The same bytes at the same place are the same line. It is no step of the conversation: it shows nothing.
      const id = this.#id('n', [this.#head, line.file, digest]);
      return { ...says, line, shows: [], id, node: false };
    }
    if (!idPattern.test(name)) {
      throw refuse('invalid', 'A uuid is 1 to 64 letters, digits, - and _.', { field: 'uuid' });
    }
    this.#head = name;
    const placed = shows.map((shown, at) => this.#shown(shown, [name, String(at)]));
    const otherwise = this.#id('x', [name, line.file, digest]);
    return { ...says, line, shows: placed, id: name, otherwise, node: true };
  }

  #shown(shown: Shown, of: readonly [string, string]): PlacedShown {
    const id = this.#id('v', of);
    if (shown.kind !== 'tool_call') return { ...shown, id };
    return { ...shown, id, first: this.#id('c', [shown.toolCall.call]) };
  }

  #id(kind: 'n' | 'x' | 'v' | 'c', parts: readonly string[]): string {
    return kind + this.#clock.sha256(JSON.stringify(parts)).slice(0, 40);
  }
}
