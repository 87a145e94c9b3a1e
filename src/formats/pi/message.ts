import type { ContentBlock, ToolCall, ToolContent } from '../../domain/content.ts';
import { isObject, type Json, type JsonObject } from '../../domain/json.ts';

/** The whole content of a blob, as text or in base64; null where it cannot be read. */
export interface Blobs {
  text(digest: string): Promise<string | null>;
  base64(digest: string): Promise<string | null>;
}

const nothing = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, total: 0 };
const noUsage = {
  input: 0,
  output: 0,
  cacheRead: 0,
  cacheWrite: 0,
  totalTokens: 0,
  cost: nothing,
};

/** Blocks as pi has them: texts and images, everything else as a text that names it. */
export async function piBlocks(
  content: readonly ContentBlock[],
  blobs: Blobs,
): Promise<JsonObject[]> {
  return Promise.all(content.map((block) => piBlock(block, blobs)));
}

async function piBlock(block: ContentBlock, blobs: Blobs): Promise<JsonObject> {
  switch (block.type) {
    case 'text': {
      const whole = block.blob === undefined ? null : await blobs.text(block.blob.digest);
      return { type: 'text', text: whole ?? block.text };
    }
    case 'image': {
      const whole = block.blob === undefined ? null : await blobs.base64(block.blob.digest);
      const data = whole ?? block.data;
      if (data === undefined) return { type: 'text', text: `[image ${block.uri ?? ''}]` };
      return { type: 'image', data, mimeType: block.mimeType };
    }
    case 'audio':
      return { type: 'text', text: `[audio ${block.mimeType}]` };
    case 'resource_link':
      return { type: 'text', text: `[${block.name}] ${block.uri}` };
    case 'resource':
      return { type: 'text', text: JSON.stringify(block.resource) };
  }
}

export function assistantMessage(
  content: readonly JsonObject[],
  stopReason: 'stop' | 'toolUse',
  { model, at }: { model: string; at: string },
): JsonObject {
  return {
    role: 'assistant',
    content,
    api: 'turnkeep',
    provider: 'turnkeep',
    model,
    usage: noUsage,
    stopReason,
    timestamp: Date.parse(at),
  };
}

export function userMessage(content: readonly JsonObject[], at: string): JsonObject {
  return { role: 'user', content, timestamp: Date.parse(at) };
}

export async function toolCallBlock(call: ToolCall, blobs: Blobs): Promise<JsonObject> {
  const input = await wholeJson(call.input, blobs);
  return {
    type: 'toolCall',
    id: call.call,
    name: call.name ?? call.kind,
    arguments: isObject(input) ? input : input === undefined ? {} : { input },
  };
}

export async function toolResult(call: ToolCall, at: string, blobs: Blobs): Promise<JsonObject> {
  const told = await Promise.all((call.content ?? []).map((item) => resultBlocks(item, blobs)));
  const output = await wholeJson(call.output, blobs);
  const text = typeof output === 'string' ? output : JSON.stringify(output);
  const content =
    call.content === undefined && text !== undefined ? [{ type: 'text', text }] : told.flat();
  return {
    role: 'toolResult',
    toolCallId: call.call,
    toolName: call.name ?? call.kind,
    content,
    isError: call.status !== 'completed',
    timestamp: Date.parse(at),
  };
}

async function resultBlocks(item: ToolContent, blobs: Blobs): Promise<JsonObject[]> {
  switch (item.type) {
    case 'content':
      return piBlocks([item.content], blobs);
    case 'diff': {
      const whole = item.newBlob === undefined ? null : await blobs.text(item.newBlob.digest);
      return [{ type: 'text', text: `${item.path}\n${whole ?? item.newText}` }];
    }
    case 'terminal':
      return [];
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
