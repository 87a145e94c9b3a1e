import { jsonLine } from './clean.ts';
import type { Io } from './io.ts';

/** Prints what a command answers: one line of JSON, or lines for people, which have to be clean. */
export function answer(
  io: Io,
  options: { json?: boolean },
  { value, lines }: { value: unknown; lines: readonly string[] },
): void {
  if (options.json === true) io.out(`${jsonLine(value)}\n`);
  else for (const line of lines) io.out(`${line}\n`);
}
