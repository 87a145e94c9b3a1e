import Anser from 'anser';
import { harmless } from './harmless.ts';
import type { Span } from './spans.tsx';

/** A flood of colours is shown without them: each is an element. */
const mostSpans = 2000;

/** What a program printed, as a terminal would show it at the end: colours are kept, all else that controls one is not. */
export function ansiSpans(output: string): readonly Span[] {
  const text = settled(output);
  const colours = text.split('\u001B[', mostSpans + 2).length - 1;
  if (colours === 0 || colours > mostSpans) return [[harmless(text), '']];
  return Anser.ansiToJson(onlyColours(text), {
    json: true,
    use_classes: true,
    remove_empty: true,
  }).map((piece): Span => [harmless(piece.content), classOf(piece)]);
}

/** Lines that were written again and again, as progress bars are, as they were left. */
function settled(text: string): string {
  const lines = text.replaceAll('\r\n', '\n');
  if (!lines.includes('\r')) return lines;
  return lines
    .split('\n')
    .map((line) => line.replace(/\r+$/, '').split('\r').at(-1)!)
    .join('\n');
}

/** Every other sequence goes here, so that the parser sees nothing but colours. */
function onlyColours(text: string): string {
  return text
    .split(colour)
    .map((piece, at) => (at % 2 === 1 ? piece : harmless(piece)))
    .join('');
}
// oxlint-disable-next-line no-control-regex -- control characters are what this is about
const colour = /(\u001B\[[0-9;]{0,40}m)/;

const colours: ReadonlySet<string> = new Set(
  ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'].flatMap((name) => [
    `ansi-${name}`,
    `ansi-bright-${name}`,
  ]),
);
const decorations: ReadonlySet<string> = new Set([
  'bold',
  'dim',
  'italic',
  'underline',
  'strikethrough',
]);

/** The sixteen colours, which are those of the theme; of the many others the text is plain. */
function classOf(piece: { fg: string; bg: string; decorations: readonly string[] }): string {
  const reverse = piece.decorations.includes('reverse');
  const [ink, ground] = reverse ? [piece.bg, piece.fg] : [piece.fg, piece.bg];
  return [
    colours.has(ink) ? ink : '',
    colours.has(ground) ? `${ground}-bg` : '',
    reverse && !colours.has(ground) ? 'ansi-reverse' : '',
    ...piece.decorations.filter((one) => decorations.has(one)).map((one) => `ansi-${one}`),
  ]
    .filter((name) => name !== '')
    .join(' ');
}
