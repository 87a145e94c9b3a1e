import { isOneLine, type Line } from './line.ts';

export interface BatchBounds {
  entries: number;
  chars: number;
}

/** The lines from the first on that go in one request: at least one. */
export function batchOf<Each extends Line>(
  lines: readonly Each[],
  { entries, chars }: BatchBounds,
): readonly Each[] {
  let count = 0;
  let size = 0;
  for (const line of lines) {
    size += line.text.length;
    if (count > 0 && (count >= entries || size > chars || !isOneLine(line))) break;
    count += 1;
    if (!isOneLine(line)) break;
  }
  return lines.slice(0, count);
}
