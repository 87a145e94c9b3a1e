import type { MemoryFiles } from '../ports/memory-files.ts';
import { linesOf } from './lines.ts';

/**
 * `same`: one is the beginning of the other. `missing` counts named lines of ours that the other lacks, all
 * of them from line `from` on.
 */
export type Compared = { is: 'same'; missing: number; from: number } | { is: 'other' };

/**
 * Compares two files by the names of their lines: those without one are about the session and not in it,
 * and an agent writes some that it does not tell.
 */
export async function compareFiles(
  files: Pick<MemoryFiles, 'nameOf'>,
  { ours, theirs }: { ours: string; theirs: string },
): Promise<Compared> {
  const there = namesOf(theirs, files);
  let next = await there.next();
  let from = 0;
  let missing = 0;
  try {
    for await (const { name, at } of namesOf(ours, files)) {
      if (next.done === true) {
        missing += 1;
        continue;
      }
      if (next.value.name !== name) return { is: 'other' };
      from = at + 1;
      next = await there.next();
    }
  } finally {
    await there.return(undefined);
  }
  return { is: 'same', missing, from };
}

async function* namesOf(
  path: string,
  files: Pick<MemoryFiles, 'nameOf'>,
): AsyncGenerator<{ name: string; at: number }> {
  let at = 0;
  for await (const { json } of linesOf(path)) {
    const name = json === null ? null : files.nameOf(json);
    if (name !== null) yield { name, at };
    at += 1;
  }
}
