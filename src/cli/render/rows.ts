import type { SessionRow } from '../../domain/row.ts';
import type { SessionStatus } from '../../domain/session-state.ts';
import { oneLine } from '../clean.ts';
import type { Look } from './look.ts';
import { renderAge, renderMoney } from './measure.ts';
import { renderTable } from './table.ts';

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
  const paint: Partial<Record<SessionStatus, (text: string) => string>> = {
    working: style.green,
    starting: style.green,
    waiting: style.yellow,
    stalled: style.red,
    stopping: style.yellow,
  };
  const painted = rows.map((row) => paint[row.status] ?? ((text: string) => text));
  return renderTable({ head, cells, paint: painted }, look);
}

function shortPath(path: string, atMost: number): string {
  return path.length <= atMost ? path : `…${path.slice(1 - atMost)}`;
}
