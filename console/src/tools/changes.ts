import { diffWordsWithSpace, structuredPatch } from 'diff';
import type { Span } from '../text/spans.tsx';
import { exact } from '../text/harmless.ts';

/** A line of a diff; `from` and `to` are its numbers before and after. */
export interface ChangedLine {
  type: 'same' | 'added' | 'removed' | 'gap';
  from: number | null;
  to: number | null;
  spans: readonly Span[];
}
export interface Changes {
  lines: readonly ChangedLine[];
  added: number;
  removed: number;
}

/** Two texts that are so large, or differ in so much, are shown beside each other and not compared. */
const mostChars = 1_000_000;
const patienceMs = 120;
/** Longer lines are compared as wholes. */
const wordChars = 600;

/** What is new in a text, by lines and within them by words; null where comparing takes too long. */
export function changesOf(before: string, after: string): Changes | null {
  if (before.length + after.length > mostChars) return null;
  const patch = structuredPatch('', '', before, after, '', '', { context: 3, timeout: patienceMs });
  if (patch === undefined) return null;
  const lines: ChangedLine[] = [];
  for (const hunk of patch.hunks) {
    if (lines.length > 0 || hunk.oldStart > 1)
      lines.push({ type: 'gap', from: null, to: null, spans: [] });
    let [from, to] = [hunk.oldStart, hunk.newStart];
    for (const line of hunk.lines) {
      const text: readonly Span[] = [[exact(line.slice(1)), '']];
      if (line.startsWith('+')) lines.push({ type: 'added', from: null, to: to++, spans: text });
      else if (line.startsWith('-'))
        lines.push({ type: 'removed', from: from++, to: null, spans: text });
      else if (!line.startsWith('\\'))
        lines.push({ type: 'same', from: from++, to: to++, spans: text });
    }
  }
  const count = (type: ChangedLine['type']) => lines.filter((line) => line.type === type).length;
  return { lines: withWords(lines), added: count('added'), removed: count('removed') };
}

/** Lines that were replaced show which of their words are others. */
function withWords(lines: readonly ChangedLine[]): ChangedLine[] {
  const marked = [...lines];
  for (let at = 0; at < lines.length;) {
    const removed = runOf(lines, at, 'removed');
    const added = runOf(lines, at + removed, 'added');
    for (let pair = 0; pair < Math.min(removed, added); pair++) {
      const [old, fresh] = [lines[at + pair]!, lines[at + removed + pair]!];
      const words = wordsOf(old.spans[0]![0], fresh.spans[0]![0]);
      if (words === null) continue;
      marked[at + pair] = { ...old, spans: words.before };
      marked[at + removed + pair] = { ...fresh, spans: words.after };
    }
    at += Math.max(1, removed + added);
  }
  return marked;
}

function runOf(lines: readonly ChangedLine[], from: number, type: ChangedLine['type']): number {
  let length = 0;
  while (lines[from + length]?.type === type) length += 1;
  return length;
}

/** Null where hardly a word is the same: marks would be all over. */
function wordsOf(before: string, after: string): { before: Span[]; after: Span[] } | null {
  if (before.length > wordChars || after.length > wordChars) return null;
  const parts = diffWordsWithSpace(before, after);
  const same = parts.reduce(
    (sum, one) => sum + (one.added || one.removed ? 0 : one.value.length),
    0,
  );
  if (same * 3 < Math.max(before.length, after.length)) return null;
  const side = (other: 'added' | 'removed') =>
    parts
      .filter((one) => !one[other])
      .map((one): Span => [one.value, one.added || one.removed ? 'changed' : '']);
  return { before: side('added'), after: side('removed') };
}
