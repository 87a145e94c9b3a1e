import type { ContentBlock, ToolCall } from '../../domain/content.ts';
import { isObject, type JsonObject } from '../../domain/json.ts';
import {
  type Blobs,
  type ImageBlock,
  resultBlocks,
  wholeBlocks,
  wholeJson,
} from '../whole-content.ts';

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
export function piBlocks(content: readonly ContentBlock[], blobs: Blobs): Promise<JsonObject[]> {
  return wholeBlocks(content, blobs, image);
}

const image: ImageBlock = ({ data, mimeType }) => ({ type: 'image', data, mimeType });

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
  const told = await Promise.all(
    (call.content ?? []).map((item) => resultBlocks(item, blobs, image)),
  );
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
