import type { ToolCall } from '../../domain/content.ts';
import type { Entry } from '../../domain/entry.ts';
import { isObject, type JsonObject } from '../../domain/json.ts';
import {
  type Blobs,
  type ImageBlock,
  resultBlocks,
  wholeBlocks,
  wholeJson,
} from '../whole-content.ts';

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
      return { role: 'user', content: await wholeBlocks(entry.data.content, blobs, image) };
    case 'message':
      return assistant(entry.id, model, await wholeBlocks(entry.data.content, blobs, image));
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
      : (await Promise.all(call.content.map((item) => resultBlocks(item, blobs, image)))).flat();
  const failed = call.status === 'completed' ? {} : { is_error: true };
  const result = { type: 'tool_result', tool_use_id: call.call, content, ...failed };
  return { role: 'user', content: [result] };
}

const image: ImageBlock = ({ data, mimeType }) => ({
  type: 'image',
  source: { type: 'base64', media_type: mimeType, data },
});
