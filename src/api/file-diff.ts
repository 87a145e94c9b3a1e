import { FILE_HEADERS_ONLY, formatPatch, structuredPatch, type StructuredPatch } from 'diff';
import { limits } from '../domain/limits.ts';
import { type FileSide, isKnown } from '../domain/snapshot.ts';
import type { Store } from '../ports/store.ts';
import { fileText } from './file-text.ts';

/** Two files that are so different that it takes longer are not compared. */
const timeout = 2000;

export interface FileDiff {
  diff: string | null;
  none?: 'binary' | 'large' | 'different' | 'unknown';
}

/** A unified diff of a file, where there are two texts; of a link what it says is its text. */
export async function fileDiff(
  store: Pick<Store, 'getBlob'>,
  { path, before, after }: { path: string; before: FileSide; after: FileSide },
): Promise<FileDiff> {
  if (!isKnown(before) || !isKnown(after)) return { diff: null, none: 'unknown' };
  for (const side of [before, after]) {
    if (side.state !== 'file') continue;
    if (side.binary === true) return { diff: null, none: 'binary' };
    if (side.blob.size > limits.diffBytes) return { diff: null, none: 'large' };
  }
  const [one, other] = await Promise.all([textOf(store, before), textOf(store, after)]);
  if (one === null || other === null) return { diff: null, none: 'unknown' };
  if (one === other && before.state === after.state) return { diff: '' };
  const names = [before, after].map((side) => (side.state === 'absent' ? '/dev/null' : path));
  const patch = await patchOf(names as [string, string], one, other);
  return patch === undefined
    ? { diff: null, none: 'different' }
    : { diff: formatPatch(patch, FILE_HEADERS_ONLY) };
}

async function textOf(store: Pick<Store, 'getBlob'>, side: FileSide): Promise<string | null> {
  if (side.state === 'link') return side.target;
  return side.state === 'file' ? fileText(store, side, limits.diffBytes) : '';
}

/** It gives way to others between its steps. */
function patchOf(
  [from, to]: [string, string],
  one: string,
  other: string,
): Promise<StructuredPatch | undefined> {
  return new Promise((resolve) => {
    structuredPatch(from, to, one, other, undefined, undefined, {
      context: 3,
      timeout,
      callback: resolve,
    });
  });
}
