import type { Look } from './look.ts';

export interface Table {
  head: readonly string[];
  cells: readonly (readonly string[])[];
  /** How each row is painted. */
  paint: readonly ((text: string) => string)[];
}

/** Rows under their names, each column as wide as it has to be. */
export function renderTable({ head, cells, paint }: Table, { style }: Look): string[] {
  const widths = head.map((name, at) =>
    Math.max(name.length, ...cells.map((row) => row[at]!.length)),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, at) => cell.padEnd(widths[at]!))
      .join('  ')
      .trimEnd();
  return [style.dim(line(head)), ...cells.map((row, at) => paint[at]!(line(row)))];
}
