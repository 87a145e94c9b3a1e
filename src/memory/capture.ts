import { findFiles, type FoundFile } from './folder.ts';
import { linesOf, objectOf } from './lines.ts';
import type { MemoryFiles } from '../ports/memory-files.ts';
import type { MemoryLine } from '../ports/memories.ts';
import type { Whereabouts } from './whereabouts.ts';

/**
 * What the files of a session go on with after the last line that is known of each. Where that is not in
 * the file it is another one's, or older: then there is nothing to be had from it.
 */
export async function* captured(
  at: Whereabouts,
  known: AsyncIterable<MemoryLine>,
): AsyncGenerator<MemoryLine> {
  const last = await lastNames(at, known);
  for (const { file, path } of await filesOf(at)) {
    yield* linesAfter(at, { file, path, from: last.get(file) });
  }
}

async function lastNames(
  { files }: Whereabouts,
  known: AsyncIterable<MemoryLine>,
): Promise<ReadonlyMap<string, string>> {
  const last = new Map<string, string>();
  for await (const { file, text } of known) {
    const json = objectOf(text);
    const name = json === null ? null : files.nameOf(json);
    if (name !== null) last.set(file, name);
  }
  return last;
}

/** One for each name: that which the agent would open, else the one that was written last. */
async function filesOf(at: Whereabouts): Promise<readonly FoundFile[]> {
  const { files, folder, nativeId } = at;
  const chosen = new Map<string, FoundFile>();
  for (const found of await findFiles(folder, files, nativeId)) {
    const other = chosen.get(found.file);
    if (other === undefined || isBetter(at, found, other)) chosen.set(found.file, found);
  }
  return [...chosen.values()].toSorted((a, b) => (a.file < b.file ? -1 : 1));
}

function isBetter({ files, folder, ...session }: Whereabouts, a: FoundFile, b: FoundFile): boolean {
  const place = files.placeOf(session, a.file);
  const own = place === null ? '' : `${folder}/${place}`;
  if (a.path === own || b.path === own) return a.path === own;
  return a.changedAt > b.changedAt;
}

/** All of them where none is known yet. */
async function* linesAfter(
  { files }: Whereabouts,
  { file, path, from }: { file: string; path: string; from: string | undefined },
): AsyncGenerator<MemoryLine> {
  if (from !== undefined && !(await holds(files, path, from))) return;
  let after = from === undefined;
  for await (const { text, name } of namedLines(files, path)) {
    if (after && name !== from) yield { file, text };
    after ||= name === from;
  }
}

async function holds(files: MemoryFiles, path: string, name: string): Promise<boolean> {
  for await (const line of namedLines(files, path)) if (line.name === name) return true;
  return false;
}

/** Those of the conversation; one that was cut off says nothing. */
async function* namedLines(
  files: MemoryFiles,
  path: string,
): AsyncGenerator<{ text: string; name: string }> {
  for await (const { text, json } of linesOf(path)) {
    const name = json === null ? null : files.nameOf(json);
    if (name !== null) yield { text, name };
  }
}
