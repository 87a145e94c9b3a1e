import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { digestText, type Entry } from '../domain/entry.ts';

/**
 * A sealed entry with the text that the subscriber holds put back into its empty text block, or null
 * where the digest shows that this is not the text.
 */
export function unseal(entry: Entry, text: string): Entry | null {
  if (entry.kind !== 'message' && entry.kind !== 'thought') return null;
  const [block, ...others] = entry.data.content;
  if (block?.type !== 'text' || block.text !== '' || others.length > 0) return null;
  const whole = {
    ...entry,
    data: { ...entry.data, content: [{ ...block, text }] },
  } as Entry;
  return digestOf(whole) === entry.digest ? whole : null;
}

/** The lower-case hex SHA-256 that an entry must carry as its `digest`. */
export function digestOf(entry: Entry): string {
  return bytesToHex(sha256(utf8ToBytes(digestText(entry))));
}
