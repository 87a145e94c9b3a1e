import type { ToolContent } from '../../domain/content.ts';
import type { Json } from '../../domain/json.ts';
import { memberAt, objectAt, textAt } from '../shape.ts';

type Diff = Extract<ToolContent, { type: 'diff' }>;

/** One file of a change. */
export interface Change {
  type: 'add' | 'delete' | 'update';
  path: string;
  /** Where it goes, if it does. */
  moved: string | null;
  diffs: readonly Diff[];
}

/** A file of `fileChange`; undefined where it has no shape that we know. */
export function changeOf(value: Json): Change | undefined {
  const path = textAt(value, 'path');
  const text = textAt(value, 'diff');
  const kind = objectAt(value, 'kind');
  const type = textAt(kind, 'type');
  if (path === undefined || text === undefined) return undefined;
  switch (type) {
    case 'add': {
      const diff: Diff = { type: 'diff', path, oldText: null, newText: text, whole: true };
      return { type, path, moved: null, diffs: [diff] };
    }
    case 'delete': {
      const diff: Diff = { type: 'diff', path, oldText: text, newText: '', whole: true };
      return { type, path, moved: null, diffs: [diff] };
    }
    case 'update': {
      const told = memberAt(kind, 'move_path') ?? null;
      if (told !== null && typeof told !== 'string') return undefined;
      return { type, path, moved: told, diffs: hunksOf(told ?? path, text) };
    }
    default:
      return undefined;
  }
}

const header = /^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@/;

/** Hunks that are being read: what was there, and what is there now. */
interface Hunk {
  old: string[];
  now: string[];
}

/**
 * The hunks of a unified diff, each with the lines around it. How many lines a hunk has stands at its top:
 * what comes after them is not of the file.
 */
function hunksOf(path: string, text: string): Diff[] {
  const found: Diff[] = [];
  const lines = text.split('\n');
  for (let at = 0; at < lines.length;) {
    const counts = header.exec(lines[at]!);
    at += 1;
    if (counts === null) continue;
    const [olds, news] = [Number(counts[1] ?? 1), Number(counts[2] ?? 1)];
    const hunk: Hunk = { old: [], now: [] };
    const isWhole = (): boolean => hunk.old.length >= olds && hunk.now.length >= news;
    for (; at < lines.length && (!isWhole() || lines[at]!.startsWith('\\')); at += 1) {
      readLine(hunk, lines[at]!, lines[at - 1]!);
    }
    const newText = hunk.now.join('');
    found.push({ type: 'diff', path, oldText: hunk.old.join(''), newText });
  }
  return found;
}

/** `\ No newline at end of file` is about the line before it. */
function readLine({ old, now }: Hunk, line: string, before: string): void {
  if (line.startsWith('\\')) {
    if (!before.startsWith('+')) old.push((old.pop() ?? '').replace(/\n$/, ''));
    if (!before.startsWith('-')) now.push((now.pop() ?? '').replace(/\n$/, ''));
    return;
  }
  if (!line.startsWith('+')) old.push(`${line.slice(1)}\n`);
  if (!line.startsWith('-')) now.push(`${line.slice(1)}\n`);
}
