import type { Command } from '../domain/command.ts';
import type { ToolCall } from '../domain/content.ts';
import type { Entry, NativeLine } from '../domain/entry.ts';
import type { AppendedLine, PlacedShown } from '../domain/native.ts';

type AppendLines = Extract<Command, { type: 'append_lines' }>;
type ShownCall = Extract<PlacedShown, { kind: 'tool_call' }>;

/** What lines are compared with: the log, and what is only about to be stored. */
export interface LineLog {
  entryOf: (id: string) => Promise<Entry | undefined>;
  here: (id: string) => Entry | undefined;
  /** What is stored may not be what was sent: the same name is the same line. */
  withholds: boolean;
}

/** What is known under an id: the line, or null for an entry of another kind. */
interface Said {
  line: NativeLine | null;
  /** Null for one that came with the same command. */
  seq: number | null;
}

/** Finds out which lines are in the log already, and what the others continue or contradict there. */
export class KnownLines {
  readonly seqs = new Map<string, number>();
  readonly rest: AppendedLine[] = [];
  readonly #log: LineLog;
  readonly #own = new Map<string, AppendedLine>();
  readonly #begun = new Map<string, ToolCall>();

  private constructor(log: LineLog) {
    this.#log = log;
  }

  static async of({ lines }: AppendLines, log: LineLog): Promise<KnownLines> {
    const known = new KnownLines(log);
    for (const line of lines) await known.#add(line);
    return known;
  }

  /** A line with the name of another one that says something else is kept beside it (L8). */
  async #add(line: AppendedLine): Promise<void> {
    const said = await this.#said(line.id);
    if (said === null) return this.#keep(line);
    const { id, otherwise } = line;
    if (otherwise === undefined || this.#same(said, line)) return this.#found(id, said);
    const other = await this.#said(otherwise);
    if (other !== null) return this.#found(otherwise, other);
    const beside = { ...line.line, differs: true as const };
    await this.#keep({ id: otherwise, node: false, about: id, line: beside, shows: [] });
  }

  #same({ line }: Said, given: AppendedLine): boolean {
    if (line === null) return false;
    if (this.#log.withholds) return true;
    return line.line === given.line.line && line.blob?.digest === given.line.blob?.digest;
  }

  async #said(id: string): Promise<Said | null> {
    const own = this.#own.get(id);
    if (own !== undefined) return { line: own.line, seq: null };
    const entry = await this.#entryOf(id);
    if (entry === undefined) return null;
    return { line: entry.kind === 'native' ? entry.data : null, seq: entry.seq };
  }

  async #entryOf(id: string): Promise<Entry | undefined> {
    return this.#log.here(id) ?? this.#log.entryOf(id);
  }

  #found(id: string, { seq }: Said): void {
    if (seq !== null) this.seqs.set(id, seq);
  }

  async #keep(line: AppendedLine): Promise<void> {
    const shows: PlacedShown[] = [];
    for (const shown of line.shows) {
      shows.push(shown.kind === 'tool_call' ? await this.#call(shown) : shown);
    }
    const kept = { ...line, shows };
    this.#own.set(line.id, kept);
    this.rest.push(kept);
  }

  /** The first state of a call is the one by which it is known; what comes later is about it. */
  async #call(shown: ShownCall): Promise<PlacedShown> {
    const { first } = shown;
    if (first === undefined) return shown;
    const begun = this.#begun.get(first) ?? (await this.#callOf(first));
    if (begun !== undefined) return { ...shown, about: first, toolCall: whole(shown, begun) };
    this.#begun.set(first, shown.toolCall);
    return { ...shown, id: first };
  }

  async #callOf(first: string): Promise<ToolCall | undefined> {
    const entry = await this.#entryOf(first);
    return entry?.kind === 'tool_call' ? entry.data : undefined;
  }
}

/** A result knows its call by name alone: what was called is in the first state. */
function whole({ toolCall, later }: ShownCall, begun: ToolCall): ToolCall {
  if (later !== true) return toolCall;
  const { title, kind, name = toolCall.name } = begun;
  return { ...begun, ...toolCall, title, kind, ...(name === undefined ? {} : { name }) };
}
