import type { ContentBlock, PlanItem } from '../domain/content.ts';
import {
  preview,
  type PutBlob,
  smallBlocks,
  smallLine,
  smallToolCall,
} from '../domain/externalise.ts';
import type { NativeLine } from '../domain/entry.ts';
import { isObject, type Json, type JsonObject } from '../domain/json.ts';
import { limits } from '../domain/limits.ts';
import type { Shown } from '../domain/native.ts';
import { refuse } from '../domain/refusal.ts';
import type { AgentMemory } from '../ports/agent.ts';
import { blobCollector, type HashBytes } from './decode.ts';
import type { HeldBlob } from './withhold.ts';

/** A line of an agent's memory as somebody gives it: its exact bytes. */
export interface LineBytes {
  /** The agent whose format it is. */
  format: string;
  /** Of a line that does not say of which session it is. */
  session: string;
  file: string;
  bytes: Uint8Array;
}

/** A line as it will stand in the log, without its place there; what is large is in blobs. */
export interface NativeRead {
  name: string | null;
  /** Of the bytes. */
  digest: string;
  line: NativeLine;
  shows: readonly Shown[];
  blobs: readonly HeldBlob[];
  title?: string;
  cwd?: string;
}

/** Reads a line beside the main thread. */
export type ReadLarge = (line: LineBytes) => Promise<NativeRead>;

const sessionChars = 128;
const pathChars = 4096;
const planItems = 100;

/** What is longer than anything of its kind is none. */
function within(text: string | null | undefined, most: number): string | undefined {
  return typeof text === 'string' && text.length <= most ? text : undefined;
}

/** Reads a line; throws `invalid` for what is no JSON object. */
export function readNative(
  memory: AgentMemory,
  { format, session, file, bytes }: LineBytes,
  hash: HashBytes,
): NativeRead {
  const text = textOf(bytes);
  const read = memory.read(objectIn(text));
  const blobs: HeldBlob[] = [];
  const put = blobCollector(blobs, hash);
  const { name, title } = read;
  const cwd = within(read.cwd, pathChars);
  const begunBy = file.length > pathChars ? undefined : within(read.begunBy, sessionChars);
  const line: NativeLine = {
    format,
    session: within(read.session, sessionChars) ?? session,
    file,
    line: text,
    ...(read.boundary ? { boundary: true } : {}),
    ...(begunBy === undefined ? {} : { begunBy }),
  };
  return {
    name,
    digest: hash(bytes),
    line: smallLine(line, put),
    shows: read.shows.slice(0, limits.lineShows).map((shown) => small(shown, put)),
    blobs,
    ...(title === undefined ? {} : { title }),
    ...(cwd === undefined ? {} : { cwd }),
  };
}

function small(shown: Shown, put: PutBlob): Shown {
  switch (shown.kind) {
    case 'delivery':
    case 'message':
    case 'thought':
      return { ...shown, content: smallTogether(shown.content, put) };
    case 'tool_call':
      return { ...shown, toolCall: smallToolCall(shown.toolCall, put) };
    case 'compaction': {
      const { summary } = shown;
      return summary === undefined
        ? shown
        : { ...shown, summary: summary.slice(0, limits.pieceChars) };
    }
    case 'plan':
      return { ...shown, items: shown.items.slice(0, planItems).map(smallItem) };
    case 'usage':
      return shown;
  }
}

/** Texts that are small one by one may be large together. */
function smallTogether(content: readonly ContentBlock[], put: PutBlob): readonly ContentBlock[] {
  let room = limits.inlineBytes;
  return smallBlocks(content.slice(0, limits.contentBlocks), put).map((block) => {
    if (block.type !== 'text') return block;
    room -= block.text.length;
    if (room >= 0 || block.blob !== undefined) return block;
    return { type: 'text', text: preview(block.text), blob: put({ text: block.text }) };
  });
}

function smallItem(item: PlanItem): PlanItem {
  return { ...item, content: item.content.slice(0, limits.previewChars) };
}

/** A mark at the beginning is no part of JSON, and would be one of the line. */
function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw refuse('invalid', 'A line is no UTF-8 text.', { field: 'lines' });
  }
}

function objectIn(text: string): JsonObject {
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    // The message of the parser repeats the text, which may hold a secret.
    throw refuse('invalid', 'A line is no JSON.', { field: 'lines' });
  }
  if (isObject(value)) return value;
  throw refuse('invalid', 'A line is JSON, but no object.', { field: 'lines' });
}
