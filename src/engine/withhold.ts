import { toBase64 } from '../domain/base64.ts';
import type { BlobRef, ContentBlock, ToolCall } from '../domain/content.ts';
import {
  type By,
  digestText,
  type Entry,
  type EntryDataByKind,
  type EntryKind,
  type NewEntry,
} from '../domain/entry.ts';
import { evolve } from '../domain/evolve.ts';
import { externalise, type PutBlob, smallBlocks, smallLine } from '../domain/externalise.ts';
import { canonicalJson, isObject, type Json } from '../domain/json.ts';
import { limits } from '../domain/limits.ts';
import { isRedactable, redactedData, withheldData } from '../domain/redact.ts';
import { emptySession, type SessionState } from '../domain/session-state.ts';
import type { CommitHook, CommitVerdict } from '../ports/hooks.ts';
import { blobCollector } from './decode.ts';
import type { PromptContent } from './prompt-contents.ts';

export interface Written {
  entry: NewEntry;
  digest: string;
}
export interface HeldBlob {
  ref: BlobRef;
  bytes: Uint8Array;
}

/** What a batch was about to store. */
export interface Unseen {
  /** The state before the first of the entries. */
  first: SessionState;
  entries: readonly Written[];
  /** Not put yet. */
  blobs: readonly HeldBlob[];
  /** Ids of those that the hook has seen already. */
  asked: ReadonlySet<string>;
  /** Of prompts, as their entries have it and whole. */
  contentOf(prompt: string): PromptContent | null;
  sha256(content: string | Uint8Array): string;
}

/** What is left of it. */
export interface Seen {
  state: SessionState;
  entries: readonly Written[];
  blobs: readonly HeldBlob[];
  /** Prompts that say something else now. */
  contents: ReadonlyMap<string, PromptContent>;
  /** The states in which hosts are launched, by their ids. */
  launched: ReadonlyMap<string, SessionState>;
}

const server: By = { type: 'server' };
/** Characters of an entry's JSON about which a hook is asked; more is withheld unasked. */
const askedChars = 8 * 1024 * 1024;
const reasonChars = 200;

/**
 * Has a hook see entries before they are stored. What it takes out is replaced, a notice says so, and the
 * state is folded again from what is left. What an entry repeats of others in the batch (the content of a
 * prompt, the answer of a run) is taken from what is left of those.
 */
export async function seenBy(hook: CommitHook, unseen: Unseen): Promise<Seen> {
  const sight = new Sight(hook, unseen);
  for (const written of unseen.entries) await sight.see(written);
  return sight.end();
}

/**
 * Has a hook see entries of an import before they are compared with what is there and stored. Their seqs are
 * fixed, so that no notice comes between them: `changed` says how many of these ids are not as they were.
 */
export async function seenImport(
  hook: CommitHook,
  unseen: Omit<Unseen, 'entries' | 'asked' | 'contentOf'> & { entries: readonly Entry[] },
): Promise<{
  entries: readonly Entry[];
  blobs: readonly HeldBlob[];
  changed: ReadonlySet<string>;
}> {
  const changed = new Set<string>();
  const entries: Entry[] = [];
  const blobs: HeldBlob[] = [];
  for (const { seq, digest, ...entry } of unseen.entries) {
    // Each by itself, over no state: what it repeats of others the hook sees in it.
    const first = emptySession(unseen.first.id);
    const contentOf = (): null => null;
    const alone = { ...unseen, first, asked: new Set<string>(), entries: [], contentOf };
    const sight = new Sight(hook, alone, false);
    await sight.see({ entry: entry as NewEntry, digest });
    const seen = sight.end();
    const [left] = seen.entries;
    if (seen.entries.length > 1) changed.add(entry.id);
    entries.push({ ...left!.entry, seq, digest: left!.digest });
    blobs.push(...seen.blobs);
  }
  return { entries, blobs, changed };
}

/** What is left of a summary; null where it is withheld. */
export async function seenSummary(
  hook: CommitHook,
  session: string,
  summary: string,
): Promise<string | null> {
  const data = { keep: null, keepSeq: 0, summary };
  const verdict = await hook.ask({ id: 'summary', session, kind: 'compaction', data });
  if (verdict.action === 'keep') return summary;
  if (verdict.action === 'withhold') return null;
  const given = redactedData('compaction', data, verdict.data);
  const left = given !== null && isObject(given) ? given['summary'] : undefined;
  return typeof left === 'string' ? left : null;
}

class Sight {
  readonly #hook: CommitHook;
  readonly #unseen: Unseen;
  readonly #held: ReadonlyMap<string, Uint8Array>;
  readonly #entries: Written[] = [];
  readonly #notices: NewEntry[] = [];
  readonly #blobs: HeldBlob[];
  readonly #contents = new Map<string, PromptContent>();
  readonly #launched = new Map<string, SessionState>();
  readonly #put: PutBlob;
  readonly #derives: boolean;
  #state: SessionState;

  constructor(hook: CommitHook, unseen: Unseen, derives = true) {
    this.#hook = hook;
    this.#derives = derives;
    this.#unseen = unseen;
    this.#state = unseen.first;
    this.#blobs = [...unseen.blobs];
    this.#held = new Map(unseen.blobs.map(({ ref, bytes }) => [ref.digest, bytes]));
    this.#put = blobCollector(this.#blobs, (bytes) => unseen.sha256(bytes));
  }

  async see(written: Written): Promise<void> {
    const entry = this.#derived(written.entry);
    const asked = this.#unseen.asked.has(entry.id);
    if (asked || !isRedactable(entry.kind)) return this.#keep(entry, written);
    const whole = this.#wholeData(entry);
    const size = JSON.stringify(whole).length;
    const verdict = await this.#ask(entry, whole, size);
    switch (verdict.action) {
      case 'keep':
        return this.#keep(entry, written);
      case 'withhold':
        return this.#withhold(entry, verdict.reason);
      case 'redact': {
        const given = redactedData(entry.kind, whole, verdict.data);
        const fits = given !== null && JSON.stringify(given).length <= size + limits.inlineBytes;
        if (!fits) return this.#withhold(entry, 'the hook changed more than it may');
        return this.#redact(entry, given, verdict.reason);
      }
    }
  }

  end(): Seen {
    for (const notice of this.#notices) this.#write(notice);
    const texts = this.#entries.map(({ entry }) => JSON.stringify(entry.data));
    const named = ({ ref }: HeldBlob): boolean => texts.some((text) => text.includes(ref.digest));
    return {
      state: this.#state,
      entries: this.#entries,
      blobs: this.#blobs.filter(named),
      contents: this.#contents,
      launched: this.#launched,
    };
  }

  /** What is large in its place; blobs that a client has put and named, too. */
  #wholeData(entry: NewEntry): Json {
    if (entry.kind === 'native') return readableLine(entry.data, this.#held);
    const data = wholeJson(entry.data as unknown as Json, this.#held);
    const prompt = entry.kind === 'prompt' ? entry.id : entry.about;
    if (!['prompt', 'delivery', 'queue'].includes(entry.kind) || prompt === undefined) return data;
    const content = this.#contents.get(prompt) ?? this.#unseen.contentOf(prompt);
    const stored = contentIn(entry.data as unknown as Json);
    if (content === null || stored === null || !isObject(data)) return data;
    const primer = entry.kind === 'delivery' && entry.data.primed === true ? 1 : 0;
    if (canonicalJson(stored.slice(primer)) !== canonicalJson(content.stored)) return data;
    const told = (data['content'] as readonly Json[]).slice(0, primer);
    return { ...data, content: [...told, ...(content.whole as unknown as readonly Json[])] };
  }

  async #ask({ id, kind }: NewEntry, data: Json, size: number): Promise<CommitVerdict> {
    if (size > askedChars) return { action: 'withhold', reason: 'it is too large for the hook' };
    return this.#hook.ask({ id, session: this.#unseen.first.id, kind, data });
  }

  #keep(entry: NewEntry, written: Written): void {
    if (entry === written.entry) this.#write(entry, written.digest);
    else this.#write(entry);
  }

  #redact(entry: NewEntry, given: Json, reason: string | undefined): void {
    const small = smallData(entry.kind, given, this.#put);
    this.#replace(entry, small, given);
    this.#note(entry, 'redacted', reason);
  }

  #withhold(entry: NewEntry, reason: string | undefined): void {
    const empty = withheldData(entry.kind, entry.data as unknown as Json);
    this.#replace(entry, empty, empty);
    this.#note(entry, 'withheld', reason);
  }

  /** `whole` is the data with its texts in their places. */
  #replace(entry: NewEntry, data: Json, whole: Json): void {
    const left = { ...entry, data } as unknown as NewEntry;
    const prompt =
      left.kind === 'prompt' ? left.id : left.kind === 'queue' ? left.about : undefined;
    const stored = contentIn(data);
    if (prompt !== undefined && stored !== null) {
      this.#contents.set(prompt, { stored, whole: contentIn(whole) ?? stored });
    }
    this.#write(left);
  }

  #write(entry: NewEntry, digest = this.#unseen.sha256(digestText(entry))): void {
    this.#entries.push({ entry, digest });
    this.#state = evolve(this.#state, { ...entry, seq: this.#state.lastSeq + 1 });
    if (entry.kind === 'host' && entry.data.state === 'launched') {
      this.#launched.set(entry.data.host, this.#state);
    }
  }

  /** After all others: no entry of the batch moves. It is of no run, which may be over. */
  #note({ id, kind, at }: NewEntry, code: 'redacted' | 'withheld', reason?: string): void {
    const why = reason === undefined || reason === '' ? '' : `: ${reason.slice(0, reasonChars)}`;
    const text = `Before it was stored, this ${kind} was ${code}${why}.`;
    this.#notices.push({
      id: `w${this.#unseen.sha256(`withheld ${id}`).slice(0, 40)}`,
      kind: 'notice',
      at,
      by: server,
      about: id,
      data: { code, text },
    });
  }

  /** What an entry repeats of others, as it is left of those. */
  #derived(entry: NewEntry): NewEntry {
    if (!this.#derives) return entry;
    switch (entry.kind) {
      case 'delivery': {
        const now = this.#contents.get(entry.about ?? '');
        if (now === undefined) return entry;
        const { content, primed } = entry.data;
        const primer = primed === true ? content.slice(0, 1) : [];
        return { ...entry, data: { ...entry.data, content: [...primer, ...now.stored] } };
      }
      case 'run_ended': {
        const answer = this.#state.run?.answer ?? null;
        const { answer: said, ...data } = entry.data;
        if (said === undefined || (said.text === answer?.text && said.entry === answer.entry)) {
          return entry;
        }
        return { ...entry, data: answer === null ? data : { ...data, answer } };
      }
      case 'tool_call': {
        const open = this.#state.run?.toolCalls.find((call) => call.entry === entry.about);
        // That it was cancelled is told by us, with the title that was known.
        if (entry.data.status !== 'cancelled' || open === undefined) return entry;
        if (open.title === entry.data.title) return entry;
        return { ...entry, data: { ...entry.data, title: open.title } };
      }
      default:
        return entry;
    }
  }
}

function contentIn(data: Json): readonly ContentBlock[] | null {
  const content = isObject(data) ? data['content'] : undefined;
  return Array.isArray(content) ? (content as unknown as readonly ContentBlock[]) : null;
}

/** The data with what lies in these blobs in its place. */
function wholeJson(value: Json, held: ReadonlyMap<string, Uint8Array>): Json {
  if (held.size === 0 || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item: Json) => wholeJson(item, held));
  const members = value as { readonly [name: string]: Json };
  const bytes = bytesOf(members['blob'], held);
  if (bytes !== undefined) {
    const { blob: _, ...rest } = members;
    const { type } = rest;
    if (type === 'text') return { ...rest, text: new TextDecoder().decode(bytes) };
    if (type === 'image' || type === 'audio') return { ...rest, data: toBase64(bytes) };
    const json = rest['preview'] === undefined ? undefined : parsed(bytes);
    if (json !== undefined) return json;
  }
  const whole = Object.entries(members).map(([name, member]) => [name, wholeJson(member, held)]);
  return wholeDiff(Object.fromEntries(whole) as { readonly [name: string]: Json }, held);
}

function wholeDiff(
  members: { readonly [name: string]: Json },
  held: ReadonlyMap<string, Uint8Array>,
): Json {
  if (members['type'] !== 'diff') return members;
  const { oldBlob, newBlob, ...rest } = members;
  const before = bytesOf(oldBlob, held);
  const after = bytesOf(newBlob, held);
  return {
    ...rest,
    ...(before === undefined ? kept('oldBlob', oldBlob) : { oldText: textIn(before) }),
    ...(after === undefined ? kept('newBlob', newBlob) : { newText: textIn(after) }),
  };
}

function kept(name: string, value: Json | undefined): { readonly [name: string]: Json } {
  return value === undefined ? {} : { [name]: value };
}

function bytesOf(
  ref: Json | undefined,
  held: ReadonlyMap<string, Uint8Array>,
): Uint8Array | undefined {
  const digest = ref !== undefined && isObject(ref) ? ref['digest'] : undefined;
  return typeof digest === 'string' ? held.get(digest) : undefined;
}

function textIn(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function parsed(bytes: Uint8Array): Json | undefined {
  try {
    return JSON.parse(textIn(bytes)) as Json;
  } catch {
    // No JSON: then it is something that only looks like ours, and stays as it is.
    return undefined;
  }
}

/** What is too large for an entry goes to blobs again. */
function smallData(kind: EntryKind, data: Json, put: PutBlob): Json {
  const small = smallTyped(kind, data as never, put);
  return small as unknown as Json;
}

function smallTyped<Kind extends EntryKind>(
  kind: Kind,
  data: EntryDataByKind[Kind],
  put: PutBlob,
): unknown {
  switch (kind) {
    case 'prompt':
    case 'delivery':
    case 'message':
    case 'thought':
    case 'queue': {
      const { content } = data as { content?: readonly ContentBlock[] };
      return content === undefined ? data : { ...data, content: smallBlocks(content, put) };
    }
    case 'tool_call':
      return smallCall(data as ToolCall, put);
    case 'native':
      return smallLine(storedLine(data as EntryDataByKind['native']), put);
    case 'approval': {
      const { toolCall } = data as EntryDataByKind['approval'];
      return toolCall === undefined ? data : { ...data, toolCall: smallCall(toolCall, put) };
    }
    default:
      return data;
  }
}

/** A line as what it says, so that a text in it stands there as it is and not as it is written in JSON. */
function readableLine(
  { line, blob, ...native }: EntryDataByKind['native'],
  held: ReadonlyMap<string, Uint8Array>,
): Json {
  const bytes = blob === undefined ? undefined : held.get(blob.digest);
  const text = bytes === undefined ? line : textIn(bytes);
  const kept = bytes === undefined && blob !== undefined ? { blob: { ...blob } } : {};
  return { ...native, line: parsed(new TextEncoder().encode(text)) ?? text, ...kept };
}

/** The line of what a hook has left of it. */
function storedLine({
  line,
  ...native
}: Omit<EntryDataByKind['native'], 'line'> & { line: Json }): EntryDataByKind['native'] {
  return { ...native, line: typeof line === 'string' ? line : JSON.stringify(line) };
}

function smallCall(toolCall: ToolCall, put: PutBlob): ToolCall {
  const small = externalise({ type: 'tool_call', item: '', toolCall }, put);
  return small.type === 'tool_call' ? small.toolCall : toolCall;
}
