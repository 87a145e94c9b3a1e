import type { BlobRef } from '../domain/content.ts';
import type { Entry, EntryOf } from '../domain/entry.ts';
import { limits } from '../domain/limits.ts';
import { refuse, RefusalError } from '../domain/refusal.ts';
import type { ImportSink } from '../engine/session-ops.ts';
import type { HeldBlob } from '../engine/withhold.ts';
import type { FormatPorts, LogReader, ReadEntries } from '../formats/format.ts';
import { isDeeper, type Line, LineCutter } from '../formats/lines.ts';
import { readerOf } from '../formats/reader.ts';
import type { OutputOf, ParsedInputOf } from '../protocol/operations.ts';
import { guardedFields } from '../protocol/settings.ts';
import { demandScope } from './caller.ts';
import { formatPorts } from './format-ports.ts';
import type { Context } from './handler.ts';

/**
 * Lines that are read, and about as many bytes, before what came of them is stored. Reading them is one turn
 * of the event loop, and what they come to is another.
 */
const most = { lines: 128, bytes: 128 * 1024 };
/** Nesting of JSON in a line. */
const depth = 256;

/** A file that comes in: lines to entries, entries to the engine, a bounded piece at a time. */
export class LogImport {
  readonly #input: ParsedInputOf<'sessions.import'>;
  readonly #context: Context;
  readonly #arriving: string | undefined;
  readonly #lines = new LineCutter(limits.lineBytes);
  #reader: LogReader | null = null;
  #sink: ImportSink | null = null;
  #waiting: Line[] = [];
  #bytes = 0;
  /** Not put yet: a before-commit hook may take out what names them. */
  #blobs: HeldBlob[] = [];
  #held = 0;

  constructor(
    input: ParsedInputOf<'sessions.import'>,
    context: Context,
    /** The session that moves here, where one does. */
    arriving?: string,
  ) {
    this.#arriving = arriving;
    this.#input = input;
    this.#context = context;
  }

  /** Resolves when there is room for more. What was stored before a refusal stays. */
  async take(chunk: Uint8Array): Promise<void> {
    try {
      for (const line of this.#lines.push(chunk)) await this.#takeLine(line);
    } catch (error) {
      await this.#storeRest(error);
      throw error;
    }
  }

  async end(): Promise<OutputOf<'sessions.import'>> {
    for (const line of this.#lines.end()) await this.#takeLine(line);
    await this.#flush();
    const reader = this.#reader;
    if (reader === null) throw refuse('invalid', 'The file is empty.');
    await this.#store(await reader.end());
    const { row, created, added } = await this.#sink!.end();
    return { session: row, created, added, lines: this.#lines.count };
  }

  async #takeLine(line: Line): Promise<void> {
    if (isDeeper(line.bytes, depth)) {
      const message = `Line ${line.number}: JSON may be nested ${depth} deep.`;
      throw refuse('invalid', message, { data: { line: line.number } });
    }
    if (this.#reader === null) return this.#begin(line);
    this.#waiting.push(line);
    this.#bytes += line.bytes.length;
    if (this.#waiting.length >= most.lines || this.#bytes >= most.bytes) await this.#flush();
  }

  async #begin(line: Line): Promise<void> {
    const { format, id, agent, cwd } = this.#input;
    const { engine } = this.#context;
    const pi = { id, agent: agent ?? engine.agents.default, cwd };
    this.#reader = readerOf(line, { format, pi }, this.#ports());
    const { header } = this.#reader;
    const { by } = this.#context.caller;
    if (this.#arriving !== undefined && this.#arriving !== header.session) {
      throw refuse('forbidden', 'This ticket is for another session.');
    }
    const arriving = this.#arriving === undefined ? {} : ({ arriving: true } as const);
    const wanted = { ...header, session: id ?? header.session, ...arriving };
    this.#sink = await engine.logs.openImport(wanted, by);
  }

  async #flush(): Promise<void> {
    const lines = this.#waiting;
    this.#waiting = [];
    this.#bytes = 0;
    if (lines.length === 0) return;
    const read = await this.#reader!.read(lines);
    await this.#turn();
    await this.#store(read);
  }

  /** Lets everybody else go first. */
  #turn(): Promise<void> {
    return new Promise((resolve) => this.#context.clock.soon(resolve));
  }

  /** A line that is refused does not take the good ones before it along. */
  async #storeRest(error: unknown): Promise<void> {
    if (error instanceof RefusalError && this.#reader !== null) await this.#flush();
  }

  async #store({ entries, lines }: ReadEntries): Promise<void> {
    for (let from = 0; from < entries.length; from += limits.appendEntries) {
      const piece = entries.slice(from, from + limits.appendEntries);
      this.#check(piece, lines[from] ?? 0);
      await this.#sink!.add(piece, this.#takeBlobs(piece)).catch((error: unknown) => {
        throw withLine(error, lines[from] ?? 0);
      });
    }
  }

  /** Those that these entries name; the others wait for theirs. */
  #takeBlobs(entries: readonly Entry[]): readonly HeldBlob[] {
    if (this.#blobs.length === 0) return [];
    const texts = entries.map(({ data }) => JSON.stringify(data));
    const isNamed = ({ ref }: HeldBlob): boolean => texts.some((text) => text.includes(ref.digest));
    const named = this.#blobs.filter(isNamed);
    this.#blobs = this.#blobs.filter((blob) => !named.includes(blob));
    this.#held = this.#blobs.reduce((sum, { ref }) => sum + ref.size, 0);
    return named;
  }

  #hold(blob: HeldBlob): void {
    const { importHeldBytes: most } = limits;
    this.#held += blob.ref.size;
    if (this.#held <= most) return void this.#blobs.push(blob);
    const message = `Before a hook has seen the entry that names them, contents have at most ${most} bytes.`;
    throw refuse('too_large', message);
  }

  #ports(): FormatPorts {
    const ports = formatPorts(this.#context);
    const { engine, clock } = this.#context;
    if (!engine.logs.holdsBlobs) return ports;
    const putBlob = async (bytes: Uint8Array, known?: string): Promise<BlobRef> => {
      const ref = { digest: known ?? clock.sha256(bytes), size: bytes.byteLength };
      this.#hold({ ref, bytes });
      return ref;
    };
    const { store } = ports;
    return {
      ...ports,
      store: {
        historyText: (query) => store.historyText(query),
        getBlob: (digest) => store.getBlob(digest),
        entriesNamed: (session, ids) => store.entriesNamed(session, ids),
        putBlob,
      },
    };
  }

  /** What a log sets is allowed to whoever may set it, and to nobody by way of a file. */
  #check(entries: readonly Entry[], line: number): void {
    const { caller } = this.#context;
    for (const entry of entries) {
      if (entry.kind === 'settings') this.#checkSettings(entry, line);
      if (goesBeyondBudget(entry)) {
        demandScope(
          caller,
          'approve',
          'sessions.import of a log that lets work go on beyond a budget',
        );
      }
    }
  }

  #checkSettings({ data }: EntryOf<'settings'>, line: number): void {
    const { agent } = this.#reader!.header;
    const { changes } = data;
    if (changes.agent !== undefined && changes.agent !== agent) {
      const message = `From line ${line} on the log is of the agent ${changes.agent}, and its header says ${agent}.`;
      throw refuse('invalid', message, { data: { line } });
    }
    for (const [field, scope] of Object.entries(guardedFields)) {
      const given = changes[field as keyof typeof guardedFields];
      const none =
        given === undefined || given === null || ('length' in given && given.length === 0);
      if (!none) {
        demandScope(this.#context.caller, scope, `sessions.import of a log that sets ${field}`);
      }
    }
  }
}

/** What was decided about budgets is remembered by the session, also of those that are not its own. */
function goesBeyondBudget({ kind, data }: Entry): boolean {
  if (kind === 'notice') return data.budget?.some(({ state }) => state === 'allowed') === true;
  return kind === 'approval' && data.budget !== undefined;
}

/** Where in the file it was; the engine knows only the entry. */
function withLine(error: unknown, line: number): unknown {
  if (!(error instanceof RefusalError)) return error;
  const { refusal } = error;
  if (line === 0 || refusal.data?.['line'] !== undefined) return error;
  const message = `From line ${line} on: ${refusal.message}`;
  return new RefusalError({ ...refusal, message, data: { ...refusal.data, line } });
}
