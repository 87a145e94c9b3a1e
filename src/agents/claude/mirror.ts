import { isObject, type Json } from '../../domain/json.ts';
import type { NativeLine } from '../../domain/entry.ts';
import { isDeeper, listAt, textAt } from '../shape.ts';
import { isUuid } from './ids.ts';
import type { Reading } from './state.ts';
import { isBoundary } from './transcript.ts';

const nameChars = 256;
/** Lines of the transcript are kept as text, so they may be deeper than what is read. */
const mirroredDepth = 1024;

/**
 * `transcript_mirror`: lines that Claude Code has written to one file of its transcript. Written out again
 * each is what is in the file, to the byte.
 */
export function readMirror(reading: Reading, line: Json): void {
  const place = placeOf(textAt(line, 'filePath') ?? '');
  const entries = listAt(line, 'entries');
  if (place === undefined) return reading.unrecognized('a mirror of an unknown file');
  if (entries === undefined) return reading.unrecognized('a mirror without entries');
  for (const entry of entries) {
    if (!isObject(entry) || isDeeper(entry, mirroredDepth)) {
      reading.unrecognized('a line of a transcript that is no object, or too deep');
      continue;
    }
    const native: NativeLine = { format: 'claude', ...place, line: JSON.stringify(entry) };
    const marked = isBoundary(entry) && place.file === '' ? { boundary: true as const } : {};
    reading.emit({ type: 'native', item: reading.nextItem(), line: { ...native, ...marked } });
  }
}

/**
 * Session and file of a path: `<folder>/<session>.jsonl`, and `<folder>/<session>/<file>.jsonl` of what
 * belongs to it. Never that of our own file system: an agent may name any.
 */
function placeOf(path: string): { session: string; file: string } | undefined {
  const steps = path.split(/[/\\]/);
  const last = steps.pop() ?? '';
  if (!last.endsWith('.jsonl')) return undefined;
  const name = last.slice(0, -'.jsonl'.length);
  if (isUuid(name)) return { session: name, file: '' };
  const at = steps.findLastIndex((step) => isUuid(step));
  const file = [...steps.slice(at + 1), name].join('/');
  if (at < 0 || file.length > nameChars) return undefined;
  return { session: steps[at]!, file };
}
