import { structuredPatch } from 'diff';
import type { Look } from './look.ts';

const linesAtMost = 40;

/**
 * An edit as a unified diff: its path with the counts, then the changed lines with their surroundings, `atMost`
 * of them.
 */
export function renderDiff(
  edit: { path: string; oldText: string | null; newText: string },
  look: Look,
  atMost = linesAtMost,
): string[] {
  const { style } = look;
  const old = edit.oldText ?? '';
  const { hunks } = structuredPatch(edit.path, edit.path, old, edit.newText, '', '', {
    context: 2,
  });
  const lines = hunks
    .flatMap((hunk, at) => (at === 0 ? hunk.lines : ['…', ...hunk.lines]))
    // That the last line has no newline is seldom news.
    .filter((line) => !line.startsWith('\\'));
  const added = lines.filter((line) => line.startsWith('+')).length;
  const removed = lines.filter((line) => line.startsWith('-')).length;
  const head = `${edit.path}  ${style.green(`+${added}`)} ${style.red(`-${removed}`)}`;
  const shown = lines.slice(0, atMost).map((line) => paint(line, look));
  const left = lines.length - shown.length;
  return [head, ...shown, ...(left > 0 ? [style.dim(`… ${left} more lines`)] : [])];
}

function paint(line: string, { style }: Look): string {
  if (line.startsWith('+')) return style.green(line);
  if (line.startsWith('-')) return style.red(line);
  return style.dim(line);
}
