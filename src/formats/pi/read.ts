import type { BlobRef, ContentBlock, ToolCall } from '../../domain/content.ts';
import {
  digestText,
  type Entry,
  type EntryDataByKind,
  type EntryKind,
  idPattern,
  type NewEntry,
} from '../../domain/entry.ts';
import { externalise, preview, smallBlocks } from '../../domain/externalise.ts';
import { isObject, type Json } from '../../domain/json.ts';
import { limits } from '../../domain/limits.ts';
import { refuse } from '../../domain/refusal.ts';
import {
  type FormatPorts,
  type LogReader,
  nothingRead,
  type ReadEntries,
  type ReadHeader,
} from '../format.ts';
import type { Line } from '../lines.ts';
import { blocksOf, toolCallOf, toolResultOf, usageOf } from './content.ts';
import { memberOf, numberOr, piAuthor, type PiLine, rawTypes, textOr } from './format.ts';
import { Migration } from './migrate.ts';
import { PiRun } from './run.ts';

/** What the caller says of the session that is made of a pi file. */
export interface PiTarget {
  id: string | undefined;
  agent: string;
  cwd: string | undefined;
}

interface Placement {
  id: string;
  parentId?: string | null;
  runId?: string | undefined;
  about?: string;
}

/** A line with where it stands in the tree: ids as ours. */
interface Placed {
  number: number;
  text: string;
  /** Undefined for what is no object of JSON. */
  line: PiLine | undefined;
  id: string;
  /** As the file says it. */
  parent: string | null;
}

const rememberedCalls = 4096;

/**
 * Makes a session of a file of the pi coding agent. Each line becomes an `external` entry that keeps it, and
 * that is a node: the tree is that of the file. What a person reads (prompts, messages, thoughts, tool
 * calls, runs) is written before it, derived from it, so that the same file gives the same entries.
 */
export class PiReader implements LogReader {
  readonly header: ReadHeader;
  readonly #ports: FormatPorts;
  readonly #migration: Migration;
  #out: { entries: Entry[]; lines: number[] } = { entries: [], lines: [] };
  #seq = 0;
  #at: string;
  #number = 1;
  /** Id of the line before. */
  #last: string | null = null;
  #run: PiRun | null = null;
  readonly #calls = new Map<string, { entry: string; call: ToolCall }>();
  readonly #blobs: { bytes: Uint8Array; digest: string }[] = [];

  constructor(first: Line, target: PiTarget, ports: FormatPorts) {
    this.#ports = ports;
    const line = parsed(decoded(first)) as PiLine;
    const version = numberOr(line['version'], 1);
    this.#migration = new Migration(version, (text) => ports.sha256(text));
    this.#at = timeOf(line['timestamp']) ?? new Date(0).toISOString();
    const named = textOr(line['id'], '');
    const own = idPattern.test(named) ? named : `pi-${ports.sha256(named).slice(0, 32)}`;
    this.header = { session: target.id ?? own, agent: target.agent };
    const cwd = target.cwd ?? textOr(line['cwd'], '');
    if (cwd === '')
      throw refuse('invalid', 'The file names no directory: give one.', { field: 'cwd' });
    this.#number = first.number;
    const changes = { agent: target.agent, cwd };
    this.#write('settings', { from: 'client', changes }, { id: 'pi-settings' });
    const raw = this.#migration.header(line);
    this.#write('external', { type: rawTypes.header, raw }, { id: 'pi-session' });
  }

  async read(lines: readonly Line[]): Promise<ReadEntries> {
    const placed = lines.map((line) => this.#place(line));
    const ids = placed.flatMap(({ id, parent }) => (parent === null ? [id] : [id, parent]));
    const marks = await this.#ports.store.entriesNamed(this.header.session, [...new Set(ids)]);
    const stored = new Map(marks.map(({ id, seq }) => [id, seq]));
    const here = new Set<string>();
    const first = this.#seq;
    for (const one of placed) {
      this.#number = one.number;
      const isKnown = (id: string): boolean =>
        here.has(id) || (stored.get(id) ?? first + 1) <= first;
      this.#take(one, isKnown);
      here.add(one.id);
    }
    return this.#given();
  }

  end(): Promise<ReadEntries> {
    return this.#out.entries.length === 0 ? Promise.resolve(nothingRead) : this.#given();
  }

  async #given(): Promise<ReadEntries> {
    for (const { bytes, digest } of this.#blobs.splice(0)) {
      await this.#ports.store.putBlob(bytes, digest);
    }
    const given = this.#out;
    this.#out = { entries: [], lines: [] };
    return given;
  }

  #place(line: Line): Placed {
    const text = decoded(line);
    const value = parsed(text);
    const { number } = line;
    if (!isObject(value))
      return { number, text, line: undefined, id: this.#idFor(line), parent: null };
    const entry = this.#migration.entry(value);
    const named = textOr(entry['id'], null);
    const parent = textOr(entry['parentId'], null);
    const id = named === null ? this.#idFor(line) : this.#ownId(named);
    return { number, text, line: entry, id, parent: parent === null ? null : this.#ownId(parent) };
  }

  /** The id of a line that has none: of what it says and where it stands. */
  #idFor({ number, bytes }: Line): string {
    return `pi-${this.#ports.sha256(`${number} ${this.#ports.sha256(bytes)}`).slice(0, 32)}`;
  }

  /** An id of the file as ours: the same, unless it cannot be one or looks like one that we derive. */
  #ownId(named: string): string {
    if (idPattern.test(named) && !named.startsWith('pi-')) return named;
    return `pi-${this.#ports.sha256(named).slice(0, 32)}`;
  }

  #take(placed: Placed, isKnown: (id: string) => boolean): void {
    const { line, text, id } = placed;
    if (line === undefined) return this.#odd(placed, 'pi: no JSON object', text);
    if (isKnown(id)) return this.#odd(placed, 'pi: an id that was used before', text);
    this.#at = timeOf(line['timestamp']) ?? this.#at;
    const broken = placed.parent !== null && !isKnown(placed.parent);
    const parent = broken ? null : placed.parent;
    if (broken) {
      const before = textOr(line['parentId'], '');
      const said = `The line before this one in the conversation, ${before}, is not in the file.`;
      this.#write('notice', { code: 'pi.break', text: said }, { id: this.#derived(id, 'b') });
    }
    const node = this.#show(line, { id, parent });
    this.#keep(line, text, { id, parentId: node });
    this.#last = id;
    if (this.#run?.over === true) this.#endRun();
  }

  /** A line that is no part of the tree, with as much of it as an entry holds. */
  #odd({ number }: Placed, reason: string, text: string): void {
    const raw = text.slice(0, limits.unrecognizedBytes / 4);
    const id = `pi-u-${number}-${this.#ports.sha256(text).slice(0, 16)}`;
    this.#write('unrecognized', { reason, raw, count: 1 }, { id });
  }

  /** The line as it was, as a node of the tree. */
  #keep(line: PiLine, text: string, placement: Placement): void {
    if (text.length <= limits.inlineBytes / 2) {
      return this.#write('external', { type: rawTypes.line, raw: line }, placement);
    }
    const { digest, size } = this.#put({ text: JSON.stringify(line) });
    const raw = { blob: { digest, size }, preview: preview(text) };
    this.#write('external', { type: rawTypes.blob, raw }, placement);
  }

  /** Writes what a person reads of a line; answers the node after which the line itself stands. */
  #show(line: PiLine, at: { id: string; parent: string | null }): string | null {
    const { message } = line;
    switch (line['type']) {
      case 'message':
        return isObject(message) ? this.#message(message, at) : at.parent;
      case 'compaction':
      case 'branch_summary':
        this.#note(at.id, `pi.${line['type']}`, textOr(line['summary'], ''));
        return at.parent;
      case 'custom_message':
        if (line['display'] === true) {
          this.#note(at.id, 'pi.custom_message', textsOf(blocksOf(line['content'])));
        }
        return at.parent;
      case 'model_change':
        this.#modelChange(line, at.id);
        return at.parent;
      case 'session_info': {
        const title = textOr(line['name'], '')
          .trim()
          .slice(0, limits.titleBytes / 4);
        const changes = { title: title === '' ? null : title };
        this.#write('settings', { from: 'agent', changes }, { id: this.#derived(at.id, 't') });
        return at.parent;
      }
      default:
        return at.parent;
    }
  }

  #modelChange(line: PiLine, id: string): void {
    const model = textOr(line['modelId'], null);
    if (model === null) return;
    const provider = textOr(line['provider'], null);
    const modelInForce = { id: model, ...(provider === null ? {} : { provider }) };
    const placement = { id: this.#derived(id, 'm') };
    this.#write('settings', { from: 'agent', changes: { modelInForce } }, placement);
  }

  #note(id: string, code: string, text: string): void {
    if (text !== '') {
      this.#write('notice', { code, text: preview(text) }, { id: this.#derived(id, 'n') });
    }
  }

  #message(message: PiLine, at: { id: string; parent: string | null }): string | null {
    switch (message['role']) {
      case 'user':
        return this.#prompt(message, at);
      case 'assistant':
        return this.#answer(message, at);
      case 'toolResult':
        return this.#result(message, at);
      default:
        return at.parent;
    }
  }

  /** A person's word begins a run, or goes into the one that is open where it follows it. */
  #prompt(message: PiLine, at: { id: string; parent: string | null }): string {
    if (this.#run !== null && at.parent !== this.#last) this.#endRun();
    const content = this.#small(blocksOf(message['content']));
    const prompt = this.#derived(at.id, 'p');
    const steered = this.#run !== null;
    const run = (this.#run ??= new PiRun(this.#derived(at.id, 'r'), this.#at));
    const runId = run.id;
    const into = steered ? { runId } : {};
    const delivery = steered ? 'steer' : 'queue';
    this.#write('prompt', { content, delivery }, { id: prompt, ...into });
    if (!steered) {
      const started = { trigger: 'prompt', prompts: [prompt] } as const;
      this.#write('run_started', started, { id: this.#derived(at.id, 's'), runId });
    }
    const id = this.#derived(at.id, 'd');
    this.#write('delivery', { content }, { id, about: prompt, runId, parentId: at.parent });
    return id;
  }

  #answer(message: PiLine, at: { id: string; parent: string | null }): string | null {
    const runId = this.#run?.id;
    let node = at.parent;
    const { content } = message;
    const blocks = Array.isArray(content) ? content : content === undefined ? [] : [content];
    for (const [n, block] of blocks.entries()) {
      const id = this.#derived(at.id, String(n));
      if (this.#piece(block, { id, runId, parentId: node })) node = id;
    }
    const usage = usageOf(at.id, message);
    if (usage !== null) this.#write('usage', usage, { id: this.#derived(at.id, 'u'), runId });
    this.#run?.heard(message, usage);
    return node;
  }

  /** One block of an answer; false for what shows nothing. */
  #piece(block: Json, placement: Placement): boolean {
    const type = memberOf(block, 'type');
    if (type === 'toolCall') {
      const call = this.#smallCall(toolCallOf(block));
      this.#calls.set(call.call, { entry: placement.id, call });
      const [oldest] = this.#calls.keys();
      if (this.#calls.size > rememberedCalls && oldest !== undefined) this.#calls.delete(oldest);
      this.#write('tool_call', call, placement);
      return true;
    }
    const thinking = memberOf(block, 'thinking');
    if (type === 'thinking' && typeof thinking === 'string' && thinking !== '') {
      const content = this.#small([{ type: 'text', text: thinking }]);
      this.#write('thought', { content }, placement);
      return true;
    }
    const content = this.#small(blocksOf(typeof block === 'string' ? block : [block]));
    if (content.every((one) => one.type === 'text' && one.text === '')) return false;
    this.#write('message', { content }, placement);
    this.#run?.said(placement.id, textsOf(content));
    return true;
  }

  /** The last state of a call; where its first one is not known it is a node by itself. */
  #result(message: PiLine, at: { id: string; parent: string | null }): string | null {
    const known = this.#calls.get(textOr(message['toolCallId'], ''));
    const id = this.#derived(at.id, 'o');
    const call = this.#smallCall(toolResultOf(message, known?.call));
    const runId = this.#run?.id;
    const place = known === undefined ? { parentId: at.parent } : { about: known.entry };
    this.#write('tool_call', call, { id, runId, ...place });
    return known === undefined ? id : at.parent;
  }

  #endRun(): void {
    const run = this.#run;
    if (run === null) return;
    this.#run = null;
    this.#write('run_ended', run.ended(this.#at), { id: `${run.id}e`, runId: run.id });
  }

  #small(content: readonly ContentBlock[]): readonly ContentBlock[] {
    return smallBlocks(content, (one) => this.#put(one));
  }

  #smallCall(toolCall: ToolCall): ToolCall {
    const event = externalise({ type: 'tool_call', item: '', toolCall }, (one) => this.#put(one));
    return event.type === 'tool_call' ? event.toolCall : toolCall;
  }

  #put(content: { text: string } | { base64: string }): BlobRef {
    const bytes =
      'text' in content ? Buffer.from(content.text) : Buffer.from(content.base64, 'base64');
    const digest = this.#ports.sha256(bytes);
    this.#blobs.push({ bytes, digest });
    return { digest, size: bytes.byteLength };
  }

  /** Ids of entries that are made of a line begin like no id of a file does. */
  #derived(id: string, what: string): string {
    return `pi-${this.#ports.sha256(id).slice(0, 24)}-${what}`;
  }

  #write<Kind extends EntryKind>(
    kind: Kind,
    data: EntryDataByKind[Kind],
    { id, parentId, runId, about }: Placement,
  ): void {
    const entry = {
      id,
      kind,
      at: this.#at,
      by: piAuthor,
      data,
      ...(parentId === undefined ? {} : { parentId }),
      ...(runId === undefined ? {} : { runId }),
      ...(about === undefined ? {} : { about }),
    } as NewEntry;
    this.#seq += 1;
    const digest = this.#ports.sha256(digestText(entry));
    this.#out.entries.push({ ...entry, seq: this.#seq, digest });
    this.#out.lines.push(this.#number);
  }
}

function textsOf(content: readonly ContentBlock[]): string {
  return content.map((block) => (block.type === 'text' ? block.text : '')).join('\n');
}

function timeOf(value: Json | undefined): string | null {
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? null : new Date(time).toISOString();
}

function decoded({ bytes }: Line): string {
  return new TextDecoder().decode(bytes);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
