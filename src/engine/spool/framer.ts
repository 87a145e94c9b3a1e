import { limits } from '../../domain/limits.ts';

/**
 * Cuts a spool into whole lines. Pure and O(n): every byte is looked at once, pieces of a line that spans
 * chunks are joined once.
 *
 * Only the byte LF ends a line. Line readers that also split on U+2028 or on CR break JSON strings.
 *
 *   bytes ──▶ pending pieces ──LF──▶ line
 *                  └── over 64 MiB ──▶ oversized: only its head is kept, the rest is counted
 */
export interface LineLimits {
  /** A line of more bytes is not kept. */
  readonly maxBytes: number;
  /** So much is kept of a line that is not. */
  readonly headBytes: number;
  /** One push gives at most so many lines: a chunk of nothing but newlines is a line for each byte. */
  readonly lines: number;
}

const usual: LineLimits = {
  maxBytes: limits.lineBytes,
  headBytes: limits.unrecognizedBytes,
  lines: 4096,
};

/**
 * `from` is the offset of the line's first byte in the spool and `to` the offset after its LF, so the `to`
 * of one line is the `from` of the next and the place to read on from. `bytes` are without the LF; a CR
 * before it is content.
 */
export type Line =
  | { kind: 'line'; from: number; to: number; bytes: Uint8Array }
  | { kind: 'oversized'; from: number; to: number; head: Uint8Array };

const lineFeed = 0x0a;

export class Framer {
  readonly #limits: LineLimits;
  #from: number;
  #pieces: Uint8Array[] = [];
  /** Bytes of the unfinished line, also where they are no longer kept. */
  #length = 0;
  #oversized = false;

  constructor(startOffset: number, lineLimits: LineLimits = usual) {
    this.#from = startOffset;
    this.#limits = lineLimits;
  }

  /** The offset of the next byte that `push` expects. */
  get offset(): number {
    return this.#from + this.#length;
  }

  /**
   * The lines that `chunk` completes. It may leave the end of it untaken where that is many lines: then
   * `offset` is within the chunk, and the next push goes on from there. Lines refer to the chunk: the caller
   * does not write to it again.
   */
  push(chunk: Uint8Array): Line[] {
    const lines: Line[] = [];
    let start = 0;
    while (lines.length < this.#limits.lines) {
      const end = chunk.indexOf(lineFeed, start);
      if (end === -1) {
        if (start < chunk.length) this.#keep(chunk.subarray(start));
        break;
      }
      this.#keep(chunk.subarray(start, end));
      lines.push(this.#take(1));
      start = end + 1;
    }
    return lines;
  }

  /** The torn rest after the last LF, which will never be completed; nothing where there is none. */
  end(): Line | undefined {
    return this.#length === 0 ? undefined : this.#take(0);
  }

  #keep(piece: Uint8Array): void {
    this.#length += piece.length;
    if (this.#oversized) return;
    this.#pieces.push(piece);
    if (this.#length <= this.#limits.maxBytes) return;
    this.#oversized = true;
    this.#pieces = [join(this.#pieces, this.#limits.headBytes)];
  }

  #take(terminator: 0 | 1): Line {
    const from = this.#from;
    const to = from + this.#length + terminator;
    const line: Line = this.#oversized
      ? { kind: 'oversized', from, to, head: join(this.#pieces, this.#limits.headBytes) }
      : { kind: 'line', from, to, bytes: join(this.#pieces, this.#length) };
    this.#from = to;
    this.#pieces = [];
    this.#length = 0;
    this.#oversized = false;
    return line;
  }
}

/** The first `length` bytes of the pieces, copied only where there is more than one piece. */
function join(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const [only] = pieces;
  if (only !== undefined && only.length === length && pieces.length === 1) return only;
  const joined = new Uint8Array(length);
  let filled = 0;
  for (const piece of pieces) {
    const part = piece.subarray(0, length - filled);
    joined.set(part, filled);
    filled += part.length;
    if (filled === length) break;
  }
  return joined;
}
