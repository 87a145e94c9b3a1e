import type { SessionRow } from '../../domain/row.ts';
import type { SessionStatus } from '../../domain/session-state.ts';
import { oneLine } from '../clean.ts';
import type { Look } from './look.ts';
import { renderAge, renderMoney } from './measure.ts';

const glyphs: Record<SessionStatus, string> = {
  draft: '○',
  idle: '○',
  starting: '◔',
  working: '●',
  waiting: '?',
  stopping: '◼',
  stalled: '!',
};

/** Sessions as a table. `now` in milliseconds. */
export function renderRows(rows: readonly SessionRow[], now: number, look: Look): string[] {
  const { style } = look;
  const head = ['', 'SESSION', 'TITLE', 'AGENT', 'DIRECTORY', 'AGE', 'COST'];
  const cells = rows.map((row) => [
    glyphs[row.status],
    row.id.slice(0, 13),
    oneLine(row.title ?? row.key ?? '', 40),
    row.agent,
    shortPath(row.cwd, 32),
    renderAge(row.lastActivityAt, now),
    row.cost === null ? '' : renderMoney(row.cost),
  ]);
  const widths = head.map((name, at) =>
    Math.max(name.length, ...cells.map((row) => row[at]!.length)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, at) => cell.padEnd(widths[at]!))
      .join('  ')
      .trimEnd();
  const paint: Partial<Record<SessionStatus, (text: string) => string>> = {
    working: style.green,
    starting: style.green,
    waiting: style.yellow,
    stalled: style.red,
    stopping: style.yellow,
  };
  const shown = cells.map((row, at) => (paint[rows[at]!.status] ?? ((text) => text))(line(row)));
  return [style.dim(line(head)), ...shown];
}

function shortPath(path: string, atMost: number): string {
  return path.length <= atMost ? path : `…${path.slice(1 - atMost)}`;
}
