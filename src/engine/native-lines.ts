import { smallBlocks, smallLine, smallToolCall, type PutBlob } from '../domain/externalise.ts';
import type { ToolCall } from '../domain/content.ts';
import type { By, NativeLine } from '../domain/entry.ts';
import { isObject, type Json } from '../domain/json.ts';
import { limits } from '../domain/limits.ts';
import type { AppendedLine, PlacedShown, ReadLine, Shown } from '../domain/native.ts';
import { idPattern } from '../domain/entry.ts';
import { refuse } from '../domain/refusal.ts';
import type { Clock } from '../ports/clock.ts';
import type { Store } from '../ports/store.ts';
import type { SessionActor } from './actor.ts';
import { blobCollector } from './decode.ts';
import type { Registry } from './registry.ts';
import type { AppendLinesAnswer, AppendLinesInput } from './session-ops.ts';
import type { HeldBlob } from './withhold.ts';

export interface NativeLinesContext {
  registry: Registry;
  store: Store;
  clock: Clock;
}

/** Appends lines of an agent's memory that are written elsewhere, and what they show. */
export async function appendLines(
  context: NativeLinesContext,
  session: string,
  given: AppendLinesInput & { by: By },
): Promise<AppendLinesAnswer> {
  const memory = context.registry.memory(given.format);
  if (memory === null) {
    const message = `Nothing is known of how ${JSON.stringify(given.format)} keeps conversations.`;
    throw refuse('unsupported', message, { field: 'format' });
  }
  const lines = given.lines.map(({ text, file = '' }, at) => ({
    file,
    text,
    read: memory.read(parsed(text, at)),
  }));
  const { store, registry } = context;
  const reading = new Lines(context, session, { format: given.format, head: given.expect?.head });
  const there = (await store.load(session)) !== undefined;
  if (!there) {
    const command = { ...given, ...(await reading.placed(lines)), begins: beginning(lines, given) };
    const made = await registry.create(session, given.format, (actor) => append(actor, command));
    if (made !== null) return { ...made, created: true };
  }
  // Asked for last: between this and the post it cannot be unloaded.
  const placed = await reading.placed(lines);
  const actor = await registry.get(session);
  if (actor.state.agent !== given.format) {
    const message = `This is a session of ${actor.state.agent}, whose lines are others.`;
    throw refuse('conflict', message, { field: 'format' });
  }
  return { ...(await append(actor, { ...given, ...placed })), created: false };
}

interface GivenLine {
  file: string;
  text: string;
  read: ReadLine;
}

interface Placed {
  lines: readonly (AppendedLine & { duplicate?: true })[];
  blobs: readonly HeldBlob[];
}

function parsed(text: string, at: number): ReturnType<typeof asObject> {
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    throw refuse('invalid', `Line ${at + 1} is not JSON.`, { field: 'lines', data: { at } });
  }
  return asObject(value, at);
}

function asObject(value: Json, at: number): Extract<Json, { [key: string]: Json }> {
  if (isObject(value)) return value;
  throw refuse('invalid', `Line ${at + 1} is JSON, but not an object.`, {
    field: 'lines',
    data: { at },
  });
}

function beginning(
  lines: readonly GivenLine[],
  { format }: { format: string },
): { agent: string; originCwd?: string } {
  const originCwd = lines.map(({ read }) => read.cwd).find((cwd) => cwd !== undefined);
  return { agent: format, ...(originCwd === undefined ? {} : { originCwd }) };
}

async function append(
  actor: SessionActor,
  given: Pick<AppendLinesInput, 'expect' | 'epoch'> &
    Placed & { by: By; begins?: { agent: string; originCwd?: string } },
): Promise<Omit<AppendLinesAnswer, 'created'>> {
  const { expect, epoch, begins, blobs, by } = given;
  const command = {
    type: 'append_lines' as const,
    lines: given.lines,
    epoch: { inForce: actor.epoch, ...(epoch === undefined ? {} : { expected: epoch }) },
    ...(expect === undefined ? {} : { expect }),
    ...(begins === undefined ? {} : { begins }),
  };
  const { duplicates, seqOf, state } = await actor.post({ command, by, ownId: true, blobs });
  const known = new Set(duplicates);
  const lines = given.lines.map(({ id, line }) => ({
    id,
    seq: seqOf(id),
    duplicate: known.has(id),
    differs: line.differs === true,
  }));
  const { key, head, lastSeq, writer } = state;
  return { key, lines, head, lastSeq, epoch: writer.epoch };
}

/** Gives lines, and what they show, the ids under which they are known again. */
class Lines {
  readonly #context: NativeLinesContext;
  readonly #session: string;
  readonly #format: string;
  #head: string | null | undefined;

  constructor(
    context: NativeLinesContext,
    session: string,
    { format, head }: { format: string; head: string | null | undefined },
  ) {
    this.#context = context;
    this.#session = session;
    this.#format = format;
    this.#head = head;
  }

  async placed(lines: readonly GivenLine[]): Promise<Placed> {
    const blobs: HeldBlob[] = [];
    const put = blobCollector(blobs, (bytes) => this.#context.clock.sha256(bytes));
    const begun = await this.#begunCalls(lines);
    const placed: AppendedLine[] = [];
    let head = this.#head ?? null;
    for (const given of lines) {
      const line = await this.#place(given, { head, begun, put });
      placed.push(line);
      if (line.node) head = line.id;
    }
    return { lines: placed, blobs };
  }

  async #place(
    given: GivenLine,
    about: { head: string | null; begun: Map<string, ToolCall>; put: PutBlob },
  ): Promise<AppendedLine> {
    const { file, text, read } = given;
    const { name } = read;
    if (name !== null && !idPattern.test(name)) {
      throw refuse('invalid', 'A uuid is 1 to 64 letters, digits, - and _.', { field: 'uuid' });
    }
    const session = read.session ?? this.#session;
    const plain: NativeLine = { format: this.#format, session, file, line: text };
    const marked = read.boundary ? { ...plain, boundary: true as const } : plain;
    const line = smallLine(marked, about.put);
    // The same bytes at the same place are the same line.
    if (name === null) {
      const id = this.#id('n', [about.head ?? '', file, text]);
      return { id, node: false, line, shows: [], ...entitled(read) };
    }
    if (await this.#differs(name, line)) {
      const id = this.#id('x', [name, file, text]);
      return { id, node: false, about: name, line: { ...line, differs: true }, shows: [] };
    }
    const shows = read.shows.map((shown, at) => this.#shown(shown, { ...about, name, at }));
    return { id: name, node: true, line, shows, ...entitled(read) };
  }

  async #differs(name: string, { line, blob }: NativeLine): Promise<boolean> {
    const entry = await this.#context.store.entry(this.#session, name);
    if (entry === undefined || entry.kind !== 'native') return entry !== undefined;
    return entry.data.line !== line || entry.data.blob?.digest !== blob?.digest;
  }

  #shown(
    shown: Shown,
    {
      name,
      at,
      begun,
      put,
    }: { name: string; at: number; begun: Map<string, ToolCall>; put: PutBlob },
  ): PlacedShown {
    const id = this.#id('v', [name, String(at)]);
    switch (shown.kind) {
      case 'delivery':
      case 'message':
      case 'thought':
        return { ...shown, id, content: smallBlocks(shown.content, put) };
      case 'tool_call': {
        const first = this.#id('c', [shown.toolCall.call]);
        const known = begun.get(first);
        const toolCall = smallToolCall(whole(shown, known), put);
        if (known !== undefined) return { ...shown, id, about: first, toolCall };
        begun.set(first, toolCall);
        return { ...shown, id: first, toolCall };
      }
      case 'plan':
        return { ...shown, id };
      case 'compaction':
        return { ...shown, id, ...short(shown.summary) };
      case 'usage':
        return { ...shown, id };
    }
  }

  /** First states of tool calls that are in the log already. */
  async #begunCalls(lines: readonly GivenLine[]): Promise<Map<string, ToolCall>> {
    const calls = lines.flatMap(({ read }) =>
      read.shows.flatMap((shown) =>
        shown.kind === 'tool_call' ? [this.#id('c', [shown.toolCall.call])] : [],
      ),
    );
    const { store } = this.#context;
    const begun = await store.entriesNamed(this.#session, [...new Set(calls)]);
    const known = await Promise.all(begun.map(({ id }) => store.entry(this.#session, id)));
    return new Map(
      known.flatMap((entry) =>
        entry?.kind === 'tool_call' ? [[entry.id, entry.data] as const] : [],
      ),
    );
  }

  #id(kind: 'n' | 'x' | 'v' | 'c', parts: readonly string[]): string {
    return kind + this.#context.clock.sha256(JSON.stringify(parts)).slice(0, 40);
  }
}

function entitled({ title }: ReadLine): { title?: string } {
  return title === undefined ? {} : { title };
}

/** A result knows its call by name alone: what was called is in the first state. */
function whole(
  { toolCall, later }: Extract<Shown, { kind: 'tool_call' }>,
  known: ToolCall | undefined,
): ToolCall {
  if (later !== true || known === undefined) return toolCall;
  const { title, kind, name = toolCall.name } = known;
  return { ...known, ...toolCall, title, kind, ...(name === undefined ? {} : { name }) };
}

function short(summary: string | undefined): { summary?: string } {
  return summary === undefined ? {} : { summary: summary.slice(0, limits.pieceChars) };
}
