import { mostBytes } from './content.ts';

/** A picture that goes along with the next message. */
export interface Attached {
  name: string;
  file: File;
  /** Its pixels on this page, until it is taken away. */
  address: string;
}

const types = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];
export const mostPictures = 10;

/** The pictures among what was pasted or dropped; a reason where one cannot go along. */
export function picturesIn(data: DataTransfer): { files: File[]; problem: string | null } {
  const files = [...data.files].filter(({ type }) => type.startsWith('image/'));
  const odd = files.find(({ type }) => !types.includes(type));
  if (odd !== undefined)
    return { files: [], problem: `${odd.type} is no picture that agents read.` };
  const large = files.some(({ size }) => size > mostBytes);
  if (large) return { files: [], problem: 'A picture may have 8 MB at most.' };
  return { files, problem: null };
}
