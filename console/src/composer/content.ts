import type { Client, InputOf } from 'turnkeep/client';
import type { Attached } from './pictures.ts';

export type Content = InputOf<'sessions.send'>['content'];

/** Longer texts are put beside the message, as the daemon would keep them; larger pictures, too. */
const inlineChars = 16 * 1024;
const inlineBytes = 64 * 1024;
/** All that is put beside a message may have so much. */
export const mostBytes = 8 * 1024 * 1024;

interface Message {
  text: string;
  pictures: readonly Pick<Attached, 'file'>[];
}

/** Why a message is too large to be sent; null where it is not. */
export function tooLarge({ text, pictures }: Message): string | null {
  const sizes = pictures.map(({ file }) => (file.size > inlineBytes ? file.size : 0));
  const bytes = sizes.reduce((sum, size) => sum + size, bytesBeside(text));
  if (bytes <= mostBytes) return null;
  return `This message has ${megabytes(bytes)} MB; it may have ${megabytes(mostBytes)} MB at most.`;
}

/** A message as it is sent: what is large is put first, and named by it. */
export async function contentOf(client: Client, { text, pictures }: Message): Promise<Content> {
  const blocks = await Promise.all(pictures.map(({ file }) => pictureBlock(client, file)));
  if (blocks.length === 0 && text.length <= inlineChars) return text;
  return text.trim() === '' ? blocks : [await textBlock(client, text), ...blocks];
}

export async function textBlock(client: Client, text: string) {
  if (text.length <= inlineChars) return { type: 'text' as const, text };
  return { type: 'text' as const, blob: await client.blobs.put(new Blob([text])) };
}

async function pictureBlock(client: Client, file: File) {
  if (file.size > inlineBytes) {
    const blob = await client.blobs.put(file);
    return { type: 'image' as const, mimeType: file.type, blob };
  }
  const bytes = new Uint8Array(await file.arrayBuffer());
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  return { type: 'image' as const, mimeType: file.type, data: btoa(binary) };
}

function bytesBeside(text: string): number {
  if (text.length <= inlineChars) return 0;
  // No unit has more than three bytes: most texts need not be looked at.
  return text.length * 3 <= mostBytes ? text.length : new Blob([text]).size;
}

function megabytes(bytes: number): string {
  return (Math.ceil((bytes / 1024 / 1024) * 10) / 10).toString();
}
