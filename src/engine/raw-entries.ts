import { toBase64 } from '../domain/base64.ts';
import { lineId } from '../ports/agent.ts';
import type { EntryMark, Store } from '../ports/store.ts';
import { type MergedLine, type RawFrom, shownOf } from './raw-lines.ts';
import type { RawLineView } from './raw-page.ts';

interface Whose {
  session: string;
  host: string;
  /** Times before which all of the lines were read. */
  before: readonly (string | null)[];
}

/** A line leads to a few entries; a page never asks for more than these. */
const entriesPage = 5000;
/** So many entries after the page are looked at for the time of its last lines. */
const lookAhead = 16;

/**
 * The lines with their entries and times. Ids of entries begin with the id of the line that they begin with,
 * so they are a range of the index on ids, and no line of output needs a record of its own.
 *
 * Where a page has more entries than can be told, its last lines are dropped: from there the next page begins.
 */
export async function entriesOfLines(
  store: Store,
  lines: readonly MergedLine[],
  whose: Whose,
): Promise<{ lines: readonly RawLineView[]; dropped: RawFrom | null }> {
  const out = lines.filter(({ direction }) => direction === 'out').map(({ line }) => line);
  const [first, last] = [out[0], out.at(-1)];
  const { session, host } = whose;
  const between = (from: number, before: string, limit: number): Promise<readonly EntryMark[]> =>
    store.entriesBetween({ session, from: lineId(host, from), before, limit });
  const told = first && last ? await between(first.from, lineId(host, last.to), entriesPage) : [];
  // Behind all digits.
  const beyond = last ? await between(last.to, `${host}-~`, lookAhead) : [];
  const kept = told.length < entriesPage ? lines : upTo(lines, offsetOf(host, told.at(-1)!));
  const carried = await carriedBy(store, session, kept);
  const times = timesOf(lines, { told, beyond, whose });
  const byLine = Map.groupBy(told, (entry) => offsetOf(host, entry));
  const views = kept.map(({ direction, line, mark }, at): RawLineView => {
    const entries = direction === 'in' ? carried.get(mark?.entry ?? '') : byLine.get(line.from);
    return {
      direction,
      host,
      from: line.from,
      to: line.to,
      at: times[at] ?? null,
      ...shown(line.kind === 'oversized', shownOf(line)),
      entries: (entries ?? [])
        .toSorted((a, b) => a.seq - b.seq)
        .map(({ seq, id, kind }) => ({ seq, id, kind })),
    };
  });
  return { lines: views, dropped: kept.length < lines.length ? restOf(lines, kept.length) : null };
}

/** The lines before the one whose entries are not all told; at least one. */
function upTo(lines: readonly MergedLine[], offset: number): readonly MergedLine[] {
  const cut = lines.findIndex(
    ({ direction, line }, at) => at > 0 && direction === 'out' && line.from >= offset,
  );
  return cut === -1 ? lines : lines.slice(0, cut);
}

function restOf(lines: readonly MergedLine[], cut: number): RawFrom {
  const next = (direction: MergedLine['direction']): number => {
    const of = (line: MergedLine): boolean => line.direction === direction;
    return lines.slice(cut).find(of)?.line.from ?? lines.slice(0, cut).findLast(of)?.line.to ?? 0;
  };
  return { out: next('out'), in: next('in') };
}

async function carriedBy(
  store: Store,
  session: string,
  lines: readonly MergedLine[],
): Promise<ReadonlyMap<string, readonly EntryMark[]>> {
  const ids = new Set(lines.flatMap(({ mark }) => mark?.entry ?? []));
  if (ids.size === 0) return new Map();
  return Map.groupBy(await store.entriesNamed(session, [...ids]), ({ id }) => id);
}

/** The offset in an id that begins with that of a line: seven digits after the host's id. */
function offsetOf(host: string, { id }: EntryMark): number {
  return Number.parseInt(id.slice(host.length + 1, host.length + 8), 36);
}

/**
 * A line had been read when anything of a later line became an entry, and before anything was sent that was
 * sent after it: the earliest of these is its time.
 */
function timesOf(
  lines: readonly MergedLine[],
  known: { told: readonly EntryMark[]; beyond: readonly EntryMark[]; whose: Whose },
): readonly (string | null)[] {
  const { told, beyond, whose } = known;
  const times: (string | null)[] = [];
  let time = earliest([...whose.before, ...beyond.map(({ at }) => at)]);
  let next = told.length - 1;
  for (const { direction, line, mark } of lines.toReversed()) {
    if (direction === 'out') {
      while (next >= 0 && offsetOf(whose.host, told[next]!) >= line.from) {
        time = earliest([time, told[next--]!.at]);
      }
    } else {
      time = earliest([time, mark?.at ?? null]);
    }
    times.push(direction === 'in' ? (mark?.at ?? null) : time);
  }
  return times.toReversed();
}

function earliest(times: readonly (string | null)[]): string | null {
  return times.reduce((a, b) => (a === null || (b !== null && b < a) ? b : a), null);
}

function shown(cut: boolean, bytes: Uint8Array): Pick<RawLineView, 'text' | 'cut' | 'base64'> {
  const whole = cut ? bytes.subarray(0, beforeTornCharacter(bytes)) : bytes;
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(whole);
  const more = cut ? { cut: true as const } : {};
  return isUtf8(whole) ? { text, ...more } : { text, ...more, base64: toBase64(whole) };
}

/** A cut may lie in a character of up to four bytes. */
function beforeTornCharacter(bytes: Uint8Array): number {
  for (let back = 1; back <= 4 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back]!;
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    return length > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}
