import type * as acp from '@agentclientprotocol/sdk/unstable';
import type { Client } from '../client/client.ts';
import { fromBase64, toBase64 } from '../domain/base64.ts';
import type { BlobRef, ContentBlock } from '../domain/content.ts';
import { limits } from '../domain/limits.ts';
import { refuse } from '../domain/refusal.ts';
import type { InputOf, OutputOf } from '../protocol/operations.ts';
import type { Patiently } from './patience.ts';

type PromptBlock = Exclude<InputOf<'sessions.send'>['content'], string>[number];

type Part = OutputOf<'blobs.get'>;

/** Reads contents that lie beside the entries of one session. */
export interface Blobs {
  bytes(blob: BlobRef): Promise<Uint8Array>;
  text(blob: BlobRef): Promise<string>;
}

export function blobsOf(client: Client, session: string, patiently: Patiently): Blobs {
  const bytes = async (blob: BlobRef): Promise<Uint8Array> => {
    const all = new Uint8Array(blob.size);
    for (let offset: number | null = 0; offset !== null;) {
      const from: number = offset;
      const part: Part = await patiently(() =>
        client.blobs.get({ session, digest: blob.digest, offset: from }),
      );
      const { base64, next } = part;
      all.set(fromBase64(base64), offset);
      offset = next;
    }
    return all;
  };
  return { bytes, text: async (blob) => new TextDecoder().decode(await bytes(blob)) };
}

/** A block of the log as the protocol has it, whole; null for what no editor could show. */
export async function editorBlock(
  block: ContentBlock,
  blobs: Blobs,
): Promise<acp.ContentBlock | null> {
  switch (block.type) {
    case 'text':
      return { type: 'text', text: await wholeText(block, blobs) };
    case 'image':
    case 'audio': {
      const { mimeType, blob } = block;
      const data = block.data ?? (blob === undefined ? null : toBase64(await blobs.bytes(blob)));
      return data === null ? null : { type: block.type, mimeType, data };
    }
    case 'resource_link':
      return block;
    case 'resource':
      return block as unknown as acp.ContentBlock;
  }
}

export async function wholeText(
  { text, blob }: { text: string; blob?: BlobRef },
  blobs: Blobs,
): Promise<string> {
  return blob === undefined ? text : blobs.text(blob);
}

/** Binary content above this is put beside the prompt. */
const inlineChars = 128 * 1024;

/** What an editor sends, as a prompt. */
export function promptOf(
  client: Client,
  blocks: readonly acp.ContentBlock[],
): Promise<PromptBlock[]> {
  if (blocks.length === 0) throw refuse('invalid', 'The prompt is empty.', { field: 'prompt' });
  return Promise.all(blocks.map((block) => promptBlock(client, block)));
}

async function promptBlock(client: Client, block: acp.ContentBlock): Promise<PromptBlock> {
  switch (block.type) {
    case 'text':
      return { type: 'text', text: block.text };
    case 'image':
    case 'audio': {
      const { type, mimeType, data } = block;
      if (data.length <= inlineChars) return { type, mimeType, data };
      const blob = await client.blobs.put(new Blob([decoded(data)]));
      return { type, mimeType, blob };
    }
    case 'resource_link': {
      const { uri, name, mimeType } = block;
      return {
        type: 'resource_link',
        uri,
        name,
        ...(typeof mimeType === 'string' ? { mimeType } : {}),
      };
    }
    case 'resource':
      return resourceBlock(block.resource);
  }
}

function resourceBlock(resource: acp.EmbeddedResourceResource): PromptBlock {
  const { uri, mimeType } = resource;
  if (!('text' in resource)) {
    const message = `${uri.slice(0, 200)} is no text: send an image as an image, all else as a link.`;
    throw refuse('unsupported', message, { field: 'prompt' });
  }
  const { text } = resource;
  // What is longer than an entry keeps in one piece goes as a text of its own.
  if (text.length > limits.pieceChars) return { type: 'text', text: `${uri}:\n\n${text}` };
  const type = typeof mimeType === 'string' ? { mimeType } : {};
  return { type: 'resource', resource: { uri, text, ...type } };
}

function decoded(base64: string): Uint8Array<ArrayBuffer> {
  try {
    return fromBase64(base64) as Uint8Array<ArrayBuffer>;
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    throw refuse('invalid', 'The data of a block is no base64.', { field: 'prompt' });
  }
}
