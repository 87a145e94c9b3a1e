import type { ContentBlock, ToolCall, ToolContent } from '../../domain/content.ts';
import type { Entry } from '../../domain/entry.ts';
import { isObject, type Json, type JsonObject } from '../../domain/json.ts';

/** The whole content of a blob, as text or in base64; null where it cannot be read. */
export interface Blobs {
  text(digest: string): Promise<string | null>;
  base64(digest: string): Promise<string | null>;
}

/** Where an entry stands in a transcript: after which other one, in which session and directory. */
export interface TranscriptPlace {
  parent: string | null;
  session: string;
  cwd: string;
  model: string;
}

/**
 * An entry of ours as Claude Code's transcripts have those of a person and of the agent; null where they
 * have nothing like it. What sub-agents say is in transcripts of their own.
 */
export async function transcriptEntry(
  entry: Entry,
  place: TranscriptPlace,
  blobs: Blobs,
): Promise<JsonObject | null> {
  if (entry.parentCall !== undefined) return null;
  const message = await messageOf(entry, place.model, blobs);
  if (message === null) return null;
  return {
    parentUuid: place.parent,
    isSidechain: false,
    userType: 'external',
    cwd: place.cwd,
    sessionId: place.session,
    type: message['role']!,
    message,
    uuid: entry.id,
    timestamp: entry.at,
  };
}

async function messageOf(entry: Entry, model: string, blobs: Blobs): Promise<JsonObject | null> {
  switch (entry.kind) {
    case 'delivery':
      return { role: 'user', content: await blocksOf(entry.data.content, blobs) };
    case 'message':
      return assistant(entry.id, model, await blocksOf(entry.data.content, blobs));
    case 'tool_call':
      return entry.about === undefined
        ? assistant(entry.id, model, [await toolUse(entry.data, blobs)])
        : toolResult(entry.data, blobs);
    default:
      return null;
  }
}

function assistant(id: string, model: string, content: readonly JsonObject[]): JsonObject {
  const usage = { input_tokens: 0, output_tokens: 0 };
  const named = { id, type: 'message', role: 'assistant', model };
  return { ...named, content, stop_reason: null, stop_sequence: null, usage };
}

async function toolUse(call: ToolCall, blobs: Blobs): Promise<JsonObject> {
  const input = await wholeJson(call.input, blobs);
  const named = isObject(input) ? input : input === undefined ? {} : { input };
  return { type: 'tool_use', id: call.call, name: call.name ?? call.kind, input: named };
}

/** A state in between says nothing that a transcript has. */
async function toolResult(call: ToolCall, blobs: Blobs): Promise<JsonObject | null> {
  if (call.status === 'pending' || call.status === 'in_progress') return null;
  const output = await wholeJson(call.output, blobs);
  const text = typeof output === 'string' ? output : JSON.stringify(output ?? '');
  const content =
    call.content === undefined
      ? [{ type: 'text', text }]
      : (await Promise.all(call.content.map((item) => resultBlocks(item, blobs)))).flat();
  const failed = call.status === 'completed' ? {} : { is_error: true };
  const result = { type: 'tool_result', tool_use_id: call.call, content, ...failed };
  return { role: 'user', content: [result] };
}

async function resultBlocks(item: ToolContent, blobs: Blobs): Promise<readonly JsonObject[]> {
  switch (item.type) {
    case 'content':
      return blocksOf([item.content], blobs);
    case 'diff': {
      const whole = item.newBlob === undefined ? null : await blobs.text(item.newBlob.digest);
      return [{ type: 'text', text: `${item.path}\n${whole ?? item.newText}` }];
    }
    case 'terminal':
      return [];
  }
}

function blocksOf(content: readonly ContentBlock[], blobs: Blobs): Promise<readonly JsonObject[]> {
  return Promise.all(content.map((block) => blockOf(block, blobs)));
}

async function blockOf(block: ContentBlock, blobs: Blobs): Promise<JsonObject> {
  switch (block.type) {
    case 'text': {
      const whole = block.blob === undefined ? null : await blobs.text(block.blob.digest);
      return { type: 'text', text: whole ?? block.text };
    }
    case 'image': {
      const whole = block.blob === undefined ? null : await blobs.base64(block.blob.digest);
      const data = whole ?? block.data;
      if (data === undefined) return { type: 'text', text: `[image ${block.uri ?? ''}]` };
      return { type: 'image', source: { type: 'base64', media_type: block.mimeType, data } };
    }
    case 'audio':
      return { type: 'text', text: `[audio ${block.mimeType}]` };
    case 'resource_link':
      return { type: 'text', text: `[${block.name}] ${block.uri}` };
    case 'resource':
      return { type: 'text', text: JSON.stringify(block.resource) };
  }
}

/** A value that was too large for its entry stands there as `{blob, preview}`. */
async function wholeJson(value: Json | undefined, blobs: Blobs): Promise<Json | undefined> {
  const blob = isObject(value) ? value['blob'] : undefined;
  const digest = isObject(blob) ? blob['digest'] : undefined;
  if (typeof digest !== 'string') return value;
  const text = await blobs.text(digest);
  return text === null ? value : (JSON.parse(text) as Json);
}
