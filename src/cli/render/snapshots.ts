import type { EntryOf } from '../../domain/entry.ts';
import type { FileSide, RestoredFile } from '../../domain/snapshot.ts';
import type { OutputOf } from '../../protocol/operations.ts';
import { oneLine } from '../clean.ts';
import type { Look } from './look.ts';
import { renderAge } from './measure.ts';
import { renderTable } from './table.ts';

type FileDiff = OutputOf<'snapshots.diff'>['files'][number];

const none: Record<NonNullable<FileDiff['none']>, string> = {
  binary: 'no text',
  large: 'too large to be compared',
  unknown: 'what was there is not known',
  full: 'too long: ask for it alone',
};

/** A file with its changed lines, as `git diff` shows them. */
export function renderFileDiff(file: FileDiff, cwd: string, look: Look): string[] {
  const { style } = look;
  const head = `${style.bold(nameIn(cwd, file.path))}  ${style.dim(file.change)}`;
  if (file.diff === null) {
    const sides = `${sideText(file.before)} → ${sideText(file.after)}`;
    return [
      head,
      `  ${sides}${file.none === undefined ? '' : style.dim(`  (${none[file.none]})`)}`,
    ];
  }
  const text = file.diff.replace(/\n$/, '');
  if (text === '') return [head];
  const [from = '', to = '', ...lines] = text.split('\n');
  return [head, style.dim(from), style.dim(to), ...lines.map((line) => paint(line, look))];
}

function paint(line: string, { style }: Look): string {
  if (line.startsWith('+')) return style.green(line);
  if (line.startsWith('-')) return style.red(line);
  return line.startsWith('@@') ? style.cyan(line) : line;
}

function sideText(side: FileSide): string {
  switch (side.state) {
    case 'file':
      return `${sizeText(side.blob.size)}${side.partial === true ? ' (a part)' : ''}`;
    case 'absent':
      return 'nothing';
    case 'link':
      return `link to ${oneLine(side.target)}`;
    case 'unread':
      return side.reason;
  }
}

function sizeText(bytes: number): string {
  return bytes === 1 ? '1 byte' : `${bytes} bytes`;
}

interface SnapshotsView {
  now: number;
  cwd: string;
  look: Look;
}

export function renderSnapshots(
  entries: readonly EntryOf<'snapshot'>[],
  { now, cwd, look }: SnapshotsView,
): string[] {
  const { style } = look;
  const head = ['SNAPSHOT', 'AGE', 'CHANGE', 'FILE', 'BEFORE', 'KNOWN', 'AFTER'];
  const cells = entries.map(({ id, at, data }) => [
    id,
    renderAge(at, now),
    data.change,
    nameIn(cwd, data.path),
    sideText(data.before),
    data.late === true ? `${data.beforeFrom}, late` : data.beforeFrom,
    data.after === undefined ? '' : sideText(data.after),
  ]);
  const plain = (text: string) => text;
  const paints = { created: style.green, deleted: style.red, edited: style.yellow } as const;
  const paint = entries.map(({ data }) => paints[data.change as keyof typeof paints] ?? plain);
  return renderTable({ head, cells, paint, whole: ['SNAPSHOT'] }, look);
}

interface RestoredView {
  cwd: string;
  dryRun: boolean;
  look: Look;
  /** Files that were not there at the time that is meant. */
  gone: ReadonlySet<string>;
}

export function renderRestored(
  files: readonly RestoredFile[],
  { cwd, dryRun, look, gone }: RestoredView,
): string[] {
  const { style } = look;
  const would = dryRun ? 'would be ' : '';
  const said = {
    restored: style.green(`${would}restored`),
    same: style.dim('is so already'),
    changed: style.red(dryRun ? 'has changed since: only with --force' : 'has changed: left alone'),
    failed: style.red('not restored'),
  } as const;
  return files.map(({ path, outcome, message }) => {
    const why = message === undefined ? '' : `  ${oneLine(message, 200)}`;
    const removed = outcome === 'restored' && gone.has(path);
    const what = removed ? style.yellow(`${would}removed: it was not there`) : said[outcome];
    return `${nameIn(cwd, path)}  ${what}${why}`;
  });
}

function nameIn(cwd: string, path: string): string {
  return oneLine(path.startsWith(`${cwd}/`) ? path.slice(cwd.length + 1) : path, 200);
}
