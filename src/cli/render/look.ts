import picocolors from 'picocolors';

/** How things are shown: colours, or plain text without escapes. */
export interface Look {
  readonly colour: boolean;
  readonly columns: number;
  readonly style: Style;
}

type StyleName =
  | 'bold'
  | 'dim'
  | 'italic'
  | 'underline'
  | 'red'
  | 'green'
  | 'yellow'
  | 'blue'
  | 'magenta'
  | 'cyan';
export type Style = Readonly<Record<StyleName, (text: string) => string>>;

export function makeLook(colour: boolean, columns: number): Look {
  return { colour, columns, style: picocolors.createColors(colour) };
}

/** The lines with something in front: `first` before the first, as much room before the others. */
export function indent(
  lines: readonly string[],
  first: string,
  rest = ' '.repeat(first.length),
): string[] {
  return lines.map((line, at) => (at === 0 ? first : rest) + line);
}
