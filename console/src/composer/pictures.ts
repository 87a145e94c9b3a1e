import type { Client } from 'turnkeep/client';

/** A picture that goes along with the next message. */
export interface Attached {
  name: string;
  file: File;
  /** Its pixels on this page, until it is taken away. */
  address: string;
}

const types = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];
export const mostPictures = 10;
const mostBytes = 10 * 1024 * 1024;
/** Larger ones are put beside the message. */
const inlineBytes = 64 * 1024;

/** The pictures among what was pasted or dropped; a reason where one cannot go along. */
export function picturesIn(data: DataTransfer): { files: File[]; problem: string | null } {
  const files = [...data.files].filter(({ type }) => type.startsWith('image/'));
  const odd = files.find(({ type }) => !types.includes(type));
  if (odd !== undefined)
    return { files: [], problem: `${odd.type} is no picture that agents read.` };
  const large = files.some(({ size }) => size > mostBytes);
  if (large) return { files: [], problem: 'A picture may have 10 MB at most.' };
  return { files, problem: null };
}

/** The block of a message that is the picture: itself, or the name of bytes that were put. */
export async function blockOf(client: Client, { file }: Attached) {
  if (file.size > inlineBytes) {
    const blob = await client.blobs.put(file);
    return { type: 'image' as const, mimeType: file.type, blob };
  }
  const bytes = new Uint8Array(await file.arrayBuffer());
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  return { type: 'image' as const, mimeType: file.type, data: btoa(binary) };
}
