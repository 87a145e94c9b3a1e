import type { OutputOf } from '../../protocol/operations.ts';
import type { Look } from './look.ts';

type RawLine = OutputOf<'runs.raw'>['lines'][number];

/** One line between daemon and agent on one line of the terminal: which way, when, what it became, the line. */
export function renderRawLine(line: RawLine, look: Look): string {
  const { style } = look;
  const arrow = line.direction === 'in' ? style.cyan('→') : style.green('←');
  const time = (line.at ?? '').slice(11, 23).padEnd(12);
  const seqs = line.entries.map(({ seq }) => `#${seq}`);
  const entries = seqs.length > 2 ? `${seqs[0]} +${seqs.length - 1}` : seqs.join(' ');
  const head = `  ${time} ${entries.padEnd(11)} `;
  const room = Math.max(20, look.columns - 1 - head.length);
  const text = line.text.replaceAll(/\s+/g, ' ');
  const long = text.length > room || line.cut === true;
  return `${arrow}${style.dim(head)}${long ? `${text.slice(0, room - 1)}…` : text}`;
}
