import type { FileSide } from '../domain/snapshot.ts';
import type { Store } from '../ports/store.ts';

/** The text of a file; null where it is none, or longer than that. */
export async function fileText(
  store: Pick<Store, 'getBlob'>,
  { blob, binary }: Extract<FileSide, { state: 'file' }>,
  maxBytes: number,
): Promise<string | null> {
  if (binary === true || blob.size > maxBytes) return null;
  const bytes = await store.getBlob(blob.digest);
  return bytes === undefined ? null : new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}
