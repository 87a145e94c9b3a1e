import { limits } from '../domain/limits.ts';
import type { Direction, RawReader, SentMark } from '../ports/raw.ts';
import { Framer, type Line } from './spool/framer.ts';

/** Offsets in both files from which to read on. */
export type RawFrom = Readonly<Record<Direction, number>>;

/** The part of a host's files that is asked for. */
export interface RawPart {
  reader: RawReader;
  run: string;
  begin: RawFrom;
  /** Null: to the present end. */
  end: RawFrom | null;
  /** A last line without its LF is a line, too. */
  whole: boolean;
  directions: readonly Direction[];
  /** Marks of the input from an offset on. */
  marks: (offset: number) => Promise<readonly SentMark[]>;
}

/** A line with the place that orders it among those of the other direction. */
export interface MergedLine {
  direction: Direction;
  line: Line;
  /** Of a line that was sent. */
  mark: SentMark | null;
}

const chunkBytes = 256 * 1024;
/** What a line without a byte costs of a page. */
const lineCost = 100;

/**
 * Lines of both files in the order in which they went, bounded in count and bytes; at least one if there is
 * one. `sentAfter` is the time of what was sent next.
 */
export async function mergedLines(
  part: RawPart,
  bounds: { limit: number; maxBytes: number },
): Promise<{ lines: readonly MergedLine[]; next: RawFrom | null; sentAfter: string | null }> {
  const written = new Queue(part.directions.includes('out') ? outLines(part) : none());
  const sent = new Queue(part.directions.includes('in') ? inLines(part) : none());
  const lines: MergedLine[] = [];
  let bytes = 0;
  for (;;) {
    const [out, input] = [await written.first(), await sent.first()];
    // What was sent when so much had been read comes before what was not read by then.
    const known = out === undefined ? Number.POSITIVE_INFINITY : out.line.from;
    const next = input?.mark && input.mark.output <= known ? input : out;
    if (next === undefined) return { lines, next: null, sentAfter: null };
    const cost = lineCost + lengthOf(next.line);
    const full = lines.length >= bounds.limit || bytes + cost > bounds.maxBytes;
    if (full && lines.length > 0) {
      const from = {
        out: out?.line.from ?? written.end(part.begin.out),
        in: input?.line.from ?? sent.end(part.begin.in),
      };
      return { lines, next: from, sentAfter: input?.mark?.at ?? null };
    }
    (next.direction === 'in' ? sent : written).take();
    lines.push(next);
    bytes += cost;
  }
}

export function shownOf(line: Line): Uint8Array {
  return line.kind === 'oversized' ? line.head : line.bytes;
}

function lengthOf(line: Line): number {
  return shownOf(line).length;
}

/** Only the head of a long line is kept while its end is looked for. */
const lineLimits = {
  maxBytes: limits.rawLineBytes,
  headBytes: limits.rawLineBytes,
  lines: 1024,
};

async function* fileLines(
  part: RawPart,
  direction: Direction,
): AsyncGenerator<Line, void, undefined> {
  const { reader, begin } = part;
  const size = await reader.size(direction);
  const end = Math.min(size, part.end?.[direction] ?? size);
  const framer = new Framer(begin[direction], lineLimits);
  while (framer.offset < end) {
    const wanted = Math.min(chunkBytes, end - framer.offset);
    const chunk = await reader.read(direction, framer.offset, wanted);
    if (chunk.length === 0) break;
    yield* framer.push(chunk);
  }
  const rest = framer.end();
  if (rest !== undefined && part.whole) yield rest;
}

async function* outLines(part: RawPart): AsyncGenerator<MergedLine, void, undefined> {
  for await (const line of fileLines(part, 'out')) yield { direction: 'out', line, mark: null };
}

/** Lines of the run alone: what is sent between two runs, or for the next one at once, is not of it. */
async function* inLines(part: RawPart): AsyncGenerator<MergedLine, void, undefined> {
  let marks: readonly SentMark[] = [];
  for await (const line of fileLines(part, 'in')) {
    let mark = markOf(marks, line.from);
    if (mark === undefined) {
      marks = await part.marks(line.from);
      mark = markOf(marks, line.from);
    }
    // Settled in between: the archive has them.
    if (mark === undefined) return;
    if (mark.run === part.run) yield { direction: 'in', line, mark };
  }
}

function markOf(marks: readonly SentMark[], offset: number): SentMark | undefined {
  return marks.find((mark) => mark.offset <= offset && offset < mark.offset + mark.size);
}

async function* none(): AsyncGenerator<MergedLine, void, undefined> {
  yield* [];
}

/** Looks at the next line without taking it. */
class Queue {
  readonly #lines: AsyncGenerator<MergedLine, void, undefined>;
  #first: MergedLine | undefined;
  #over = false;
  #taken: number | undefined;

  constructor(lines: AsyncGenerator<MergedLine, void, undefined>) {
    this.#lines = lines;
  }

  async first(): Promise<MergedLine | undefined> {
    if (this.#first !== undefined || this.#over) return this.#first;
    const next = await this.#lines.next();
    if (next.done === true) this.#over = true;
    else this.#first = next.value;
    return this.#first;
  }

  take(): void {
    this.#taken = this.#first?.line.to;
    this.#first = undefined;
  }

  /** Where to read on when nothing is left here. */
  end(begin: number): number {
    return this.#taken ?? begin;
  }
}
