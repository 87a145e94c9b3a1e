import type { Look } from './look.ts';
import { cutTo, fillTo, widthOf } from './width.ts';

export interface Table {
  head: readonly string[];
  cells: readonly (readonly string[])[];
  /** Names of columns that are of no use when they are cut. */
  whole?: readonly string[];
  /** How each row is painted. */
  paint: readonly ((text: string) => string)[];
}

const gap = 2;
/** A column is not made narrower than this to make a table fit. */
const leastColumns = 8;

/**
 * Rows under their names, each column as wide as it has to be. Where the terminal is too narrow for that the
 * widest columns give way, and where that does not help each row becomes a few lines.
 */
export function renderTable(table: Table, look: Look): string[] {
  const { head, cells, paint, whole = [] } = table;
  const natural = head.map((name, at) =>
    Math.max(widthOf(name), ...cells.map((row) => widthOf(row[at]!))),
  );
  const least = head.map((name, at) => (whole.includes(name) ? natural[at]! : leastColumns));
  const widths = narrowed(natural, least, look.columns - gap * (head.length - 1));
  if (widths === null) return cells.flatMap((_, at) => block(table, at, look));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, at) => fillTo(cutTo(cell, widths[at]!), widths[at]!))
      .join(' '.repeat(gap))
      .trimEnd();
  return [look.style.dim(line(head)), ...cells.map((row, at) => paint[at]!(line(row)))];
}

/** Widths that come to no more than there is; null where that is too little. */
function narrowed(
  natural: readonly number[],
  least: readonly number[],
  room: number,
): number[] | null {
  const widths = [...natural];
  let over = widths.reduce((sum, width) => sum + width, 0) - room;
  while (over > 0) {
    const spare = widths.map((width, at) => (width > least[at]! ? width : 0));
    const widest = spare.indexOf(Math.max(...spare));
    if (spare[widest] === 0) return null;
    widths[widest]! -= 1;
    over -= 1;
  }
  return widths;
}

/** A row on lines of its own, each with its name. */
function block({ head, cells, paint, whole = [] }: Table, at: number, { columns }: Look): string[] {
  const names = Math.max(...head.map(widthOf));
  const row = cells[at]!;
  const mark = head[0] === '' && row[0]!.trim() !== '' ? row[0]! : ' ';
  const lines = head.flatMap((name, place) => {
    const cell = row[place]!;
    if (name === '' || cell === '') return [];
    const line = `${fillTo(name, names)}  ${cell}`;
    return [whole.includes(name) ? line : cutTo(line, columns - 2)];
  });
  return lines.map((line, place) => (place === 0 ? paint[at]!(`${mark} ${line}`) : `  ${line}`));
}
