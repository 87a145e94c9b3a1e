import { limits } from '../domain/limits.ts';
import type { ArchiveFile } from '../ports/raw.ts';

/** The archives that are not kept any more at this time, oldest first: too old, or too much with all newer ones. */
export function expired(archives: readonly ArchiveFile[], now: number): readonly ArchiveFile[] {
  let bytes = 0;
  const newestFirst = archives.toSorted((a, b) => b.at - a.at);
  const first = newestFirst.findIndex((archive) => {
    bytes += archive.bytes;
    return now - archive.at > limits.archiveMs || bytes > limits.archiveBytes;
  });
  return first === -1 ? [] : newestFirst.slice(first).toReversed();
}
