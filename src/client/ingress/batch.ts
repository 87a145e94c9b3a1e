import { isOneLine, type Line } from './line.ts';

export interface BatchBounds {
  entries: number;
  chars: number;
}

/** The lines from the first on that go in one request: at least one, and none of them twice. */
export function batchOf<Each extends Line>(
  lines: readonly Each[],
  { entries, chars }: BatchBounds,
): readonly Each[] {
  const names = new Set<string>();
  let size = 0;
  let count = 0;
  for (const line of lines) {
    const name = line.uuid ?? line.text;
    size += line.text.length;
    const fits = count < entries && size <= chars && isOneLine(line) && !names.has(name);
    if (count > 0 && (!fits || line.file !== lines[0]!.file)) break;
    names.add(name);
    count += 1;
    if (!fits) break;
  }
  return lines.slice(0, count);
}
