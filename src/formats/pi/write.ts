import type { Entry, EntryOf } from '../../domain/entry.ts';
import { isNode } from '../../domain/entry.ts';
import { isObject, type Json, type JsonObject } from '../../domain/json.ts';
import { RefusalError } from '../../domain/refusal.ts';
import type { ExportedSession, FormatPorts } from '../format.ts';
import { logPages } from '../log-pages.ts';
import { memberOf, piAuthor, piVersion, rawTypes, textOr } from './format.ts';
import type { Blobs } from '../whole-content.ts';
import { assistantMessage, piBlocks, toolCallBlock, toolResult, userMessage } from './message.ts';

/** Nodes after which something was put in that our tree has not at that place. */
const rememberedTails = 10_000;

/**
 * A session as a file of the pi coding agent, version 3. Lines that came from such a file are written as they
 * were. Of the rest every node becomes one entry with the node's id and parent, so the branches are those of
 * the session; the result of a tool call, which is no node here, stands behind the head of its time.
 */
export async function* writePi(
  session: ExportedSession,
  ports: FormatPorts,
): AsyncGenerator<string> {
  const file = new PiFile(session, ports);
  for await (const page of logPages(ports.store, session)) {
    const entries = page.map(({ json }) => JSON.parse(json) as Entry);
    let piece = file.begun ? '' : await file.begin(entries);
    for (const entry of entries) {
      for (const line of await file.linesOf(entry)) piece += `${JSON.stringify(line)}\n`;
    }
    if (piece !== '') yield piece;
  }
}

class PiFile {
  begun = false;
  readonly #session: ExportedSession;
  readonly #blobs: Blobs;
  /** Of a node: what has to be the parent of those that follow it, where that is not the node. */
  readonly #tails = new Map<string, string>();
  #root: string | null = null;
  #head: string | null = null;
  #model: string;

  constructor(session: ExportedSession, ports: FormatPorts) {
    this.#session = session;
    this.#model = session.model ?? session.agent;
    this.#blobs = blobsOf(ports);
  }

  /** The header, as the file had it from which the session was made. */
  async begin(entries: readonly Entry[]): Promise<string> {
    this.begun = true;
    const { id, cwd, createdAt, title } = this.#session;
    const given = entries.find((entry) => isRaw(entry) && entry.data.type === rawTypes.header);
    if (given?.kind === 'external') return `${JSON.stringify(given.data.raw)}\n`;
    const header = { type: 'session', version: piVersion, id, timestamp: createdAt, cwd };
    if (title === null) return `${JSON.stringify(header)}\n`;
    this.#root = 'turnkeep-title';
    const named = { type: 'session_info', id: this.#root, parentId: null, timestamp: createdAt };
    return `${JSON.stringify(header)}\n${JSON.stringify({ ...named, name: title })}\n`;
  }

  async linesOf(entry: Entry): Promise<JsonObject[]> {
    if (isRaw(entry)) return this.#raw(entry);
    if (isImported(entry)) return entry.kind === 'unrecognized' ? objectsIn(entry.data.raw) : [];
    if (entry.kind === 'settings' && entry.data.changes.modelInForce !== undefined) {
      this.#model = entry.data.changes.modelInForce.id;
    }
    if (isNode(entry)) return this.#node(entry);
    return entry.kind === 'tool_call' ? this.#later(entry) : [];
  }

  async #raw(entry: Entry & EntryOf<'external'>): Promise<JsonObject[]> {
    const { type, raw } = entry.data;
    if (type === rawTypes.header) return [];
    const line = type === rawTypes.blob ? await this.#whole(raw) : raw;
    this.#head = entry.id;
    const own = textOr(memberOf(line, 'id'), null);
    if (own !== null && own !== entry.id) this.#follow(entry.id, own);
    return [line as JsonObject];
  }

  async #whole(raw: Json): Promise<Json> {
    const digest = textOr(memberOf(memberOf(raw, 'blob'), 'digest'), '');
    const text = await this.#blobs.text(digest);
    return text === null
      ? { type: 'custom', customType: 'turnkeep.lost', data: raw }
      : (JSON.parse(text) as Json);
  }

  async #node(entry: Entry): Promise<JsonObject[]> {
    const line = { ...(await this.#said(entry)), ...this.#base(entry, this.#parentOf(entry)) };
    this.#head = entry.id;
    if (entry.kind !== 'tool_call' || !isOver(entry) || entry.parentCall !== undefined)
      return [line];
    return [line, await this.#result(entry)];
  }

  /** A later state of a tool call: its last one is what pi calls the result. */
  async #later(entry: Entry & EntryOf<'tool_call'>): Promise<JsonObject[]> {
    return isOver(entry) && entry.parentCall === undefined ? [await this.#result(entry)] : [];
  }

  async #result(entry: Entry & EntryOf<'tool_call'>): Promise<JsonObject> {
    const head = this.#head;
    const id = `${entry.id}-result`;
    const parent = head === null ? this.#root : (this.#tails.get(head) ?? head);
    if (head !== null) this.#follow(head, id);
    const message = await toolResult(entry.data, entry.at, this.#blobs);
    return { type: 'message', ...this.#base({ id, at: entry.at }, parent), message };
  }

  /** What a node is in pi's words, without its place. */
  async #said(entry: Entry): Promise<JsonObject> {
    const { at } = entry;
    const answer = { model: this.#model, at };
    if (entry.parentCall !== undefined) return this.#custom(entry, 'subagent');
    switch (entry.kind) {
      case 'delivery': {
        const content = await piBlocks(entry.data.content, this.#blobs);
        return { type: 'message', message: userMessage(content, at) };
      }
      case 'message': {
        const content = await piBlocks(entry.data.content, this.#blobs);
        return { type: 'message', message: assistantMessage(content, 'stop', answer) };
      }
      case 'thought': {
        const blocks = await piBlocks(entry.data.content, this.#blobs);
        const content = blocks.map(({ text = '' }) => ({ type: 'thinking', thinking: text }));
        return { type: 'message', message: assistantMessage(content, 'stop', answer) };
      }
      case 'tool_call': {
        const content = [await toolCallBlock(entry.data, this.#blobs)];
        return { type: 'message', message: assistantMessage(content, 'toolUse', answer) };
      }
      case 'compaction': {
        const { summary = '', keep } = entry.data;
        return { type: 'compaction', summary, firstKeptEntryId: keep ?? entry.id, tokensBefore: 0 };
      }
      default:
        return this.#custom(entry, entry.kind);
    }
  }

  /** What pi has no word for: kept, and no part of what its model sees. */
  #custom({ data }: Entry, what: string): JsonObject {
    return { type: 'custom', customType: `turnkeep.${what}`, data: data as unknown as Json };
  }

  /** After a reset the agent remembers nothing: it is another root. */
  #parentOf({ kind, parentId = null }: Entry): string | null {
    if (kind === 'reset') return null;
    return parentId === null ? this.#root : (this.#tails.get(parentId) ?? parentId);
  }

  #base({ id, at }: { id: string; at: string }, parentId: string | null): JsonObject {
    return { id, parentId, timestamp: at };
  }

  #follow(node: string, tail: string): void {
    this.#tails.set(node, tail);
    const [oldest] = this.#tails.keys();
    if (this.#tails.size > rememberedTails && oldest !== undefined) this.#tails.delete(oldest);
  }
}

type Raw = Entry & EntryOf<'external'>;

function isImported({ by }: Entry): boolean {
  return by.type === 'client' && piAuthor.type === 'client' && by.token === piAuthor.token;
}

/** Whether it keeps a line of a pi file. */
function isRaw(entry: Entry): entry is Raw {
  if (entry.kind !== 'external' || !isImported(entry)) return false;
  return Object.values<string | undefined>(rawTypes).includes(entry.data.type);
}

/** A line that was no part of the tree, where it is whole. */
function objectsIn(raw: string): JsonObject[] {
  try {
    const value = JSON.parse(raw) as Json;
    return isObject(value) ? [value] : [];
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}

function isOver({ data }: EntryOf<'tool_call'>): boolean {
  return data.status !== 'pending' && data.status !== 'in_progress';
}

function blobsOf({ store }: FormatPorts): Blobs {
  const bytes = async (digest: string): Promise<Buffer | null> => {
    const found = await store.getBlob(digest).catch((error: unknown) => {
      if (error instanceof RefusalError) return undefined;
      throw error;
    });
    return found === undefined
      ? null
      : Buffer.from(found.buffer, found.byteOffset, found.byteLength);
  };
  return {
    text: async (digest) => (await bytes(digest))?.toString('utf8') ?? null,
    base64: async (digest) => (await bytes(digest))?.toString('base64') ?? null,
  };
}
