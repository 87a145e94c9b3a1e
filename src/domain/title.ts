import { wholeUnits } from './externalise.ts';
import { limits } from './limits.ts';

/** A title out of a prompt: its first line with text, cut at a word. */
export function titleFrom(text: string): string | null {
  const line = text
    .split('\n')
    .find((candidate) => candidate.trim() !== '')
    ?.trim();
  if (line === undefined) return null;
  if (line.length <= limits.titleChars) return line;
  const cut = line.slice(0, wholeUnits(line, limits.titleChars - 1));
  const space = line.lastIndexOf(' ', limits.titleChars - 1);
  return `${space > limits.titleChars / 2 ? cut.slice(0, space) : cut}…`;
}
