import type { ContentBlock, ToolContent } from '../domain/content.ts';
import { isObject, type Json, type JsonObject } from '../domain/json.ts';

/** The whole content of a blob, as text or in base64; null where it cannot be read. */
export interface Blobs {
  text(digest: string): Promise<string | null>;
  base64(digest: string): Promise<string | null>;
}

/** How a format writes an image that is there. */
export type ImageBlock = (image: { data: string; mimeType: string }) => JsonObject;

/** Blocks with what is in blobs put back: texts and images, everything else as a text that names it. */
export function wholeBlocks(
  content: readonly ContentBlock[],
  blobs: Blobs,
  image: ImageBlock,
): Promise<JsonObject[]> {
  return Promise.all(content.map((block) => wholeBlock(block, blobs, image)));
}

async function wholeBlock(
  block: ContentBlock,
  blobs: Blobs,
  image: ImageBlock,
): Promise<JsonObject> {
  switch (block.type) {
    case 'text': {
      const whole = block.blob === undefined ? null : await blobs.text(block.blob.digest);
      return { type: 'text', text: whole ?? block.text };
    }
    case 'image': {
      const whole = block.blob === undefined ? null : await blobs.base64(block.blob.digest);
      const data = whole ?? block.data;
      if (data === undefined) return { type: 'text', text: `[image ${block.uri ?? ''}]` };
      return image({ data, mimeType: block.mimeType });
    }
    case 'audio':
      return { type: 'text', text: `[audio ${block.mimeType}]` };
    case 'resource_link':
      return { type: 'text', text: `[${block.name}] ${block.uri}` };
    case 'resource':
      return { type: 'text', text: JSON.stringify(block.resource) };
  }
}

/** What a tool's result shows. */
export async function resultBlocks(
  item: ToolContent,
  blobs: Blobs,
  image: ImageBlock,
): Promise<JsonObject[]> {
  switch (item.type) {
    case 'content':
      return wholeBlocks([item.content], blobs, image);
    case 'diff': {
      const whole = item.newBlob === undefined ? null : await blobs.text(item.newBlob.digest);
      return [{ type: 'text', text: `${item.path}\n${whole ?? item.newText}` }];
    }
    case 'terminal':
      return [];
  }
}

/** A value that was too large for its entry stands there as `{blob, preview}`. */
export async function wholeJson(value: Json | undefined, blobs: Blobs): Promise<Json | undefined> {
  const blob = isObject(value) ? value['blob'] : undefined;
  const digest = isObject(blob) ? blob['digest'] : undefined;
  if (typeof digest !== 'string') return value;
  const text = await blobs.text(digest);
  return text === null ? value : (JSON.parse(text) as Json);
}
