import { FILE_HEADERS_ONLY, formatPatch, structuredPatch, type StructuredPatch } from 'diff';
import { limits } from '../domain/limits.ts';
import { type FileSide, isKnown } from '../domain/snapshot.ts';
import type { Store } from '../ports/store.ts';
import { fileText } from './file-text.ts';

/** Texts with more changed lines than that are shown as replaced: to find the least change takes its square. */
const maxEditLength = 400;
const context = 3;
const lineEnds = /[^\n]*\n|[^\n]+$/g;

export interface FileDiff {
  diff: string | null;
  none?: 'binary' | 'large' | 'unknown';
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
  const [from, to] = names as [string, string];
  const options = { context, maxEditLength };
  const patch =
    structuredPatch(from, to, one, other, undefined, undefined, options) ??
    replaced(from, to, [one, other]);
  return { diff: formatPatch(patch, FILE_HEADERS_ONLY) };
}

async function textOf(store: Pick<Store, 'getBlob'>, side: FileSide): Promise<string | null> {
  if (side.state === 'link') return side.target;
  return side.state === 'file' ? fileText(store, side, limits.diffBytes) : '';
}

/** All between the lines that both texts begin and end with is taken out, and the new one put in. */
function replaced(from: string, to: string, texts: readonly [string, string]): StructuredPatch {
  const old: readonly string[] = texts[0].match(lineEnds) ?? [];
  const now: readonly string[] = texts[1].match(lineEnds) ?? [];
  const least = Math.min(old.length, now.length);
  let begin = 0;
  while (begin < least && old[begin] === now[begin]) begin += 1;
  let end = 0;
  while (end < least - begin && old.at(-1 - end) === now.at(-1 - end)) end += 1;
  const first = Math.max(0, begin - context);
  const before = old.slice(first, begin);
  const after = old.slice(old.length - end, old.length - end + context);
  const gone = old.slice(begin, old.length - end);
  const come = now.slice(begin, now.length - end);
  const around = before.length + after.length;
  const hunk = {
    oldStart: first + 1,
    oldLines: gone.length + around,
    newStart: first + 1,
    newLines: come.length + around,
    lines: [
      ...before.flatMap((line) => marked(' ', line)),
      ...gone.flatMap((line) => marked('-', line)),
      ...come.flatMap((line) => marked('+', line)),
      ...after.flatMap((line) => marked(' ', line)),
    ],
  };
  return {
    oldFileName: from,
    newFileName: to,
    oldHeader: undefined,
    newHeader: undefined,
    hunks: [hunk],
  };
}

function marked(mark: string, line: string): string[] {
  if (line.endsWith('\n')) return [mark + line.slice(0, -1)];
  return [mark + line, '\\ No newline at end of file'];
}
