/**
 * Cuts a spool into whole lines. Pure and O(n): every byte is looked at once, pieces of a line that spans
 * chunks are joined once.
 *
 * Only the byte LF ends a line. Line readers that also split on U+2028 or on CR break JSON strings.
 *
 *   bytes ──▶ pending pieces ──LF──▶ line (to 1 MiB)
 *                  │            └──▶ line, large: decode it off the main thread (to 64 MiB)
 *                  └── over 64 MiB ──▶ oversized: only its head is kept, the rest is counted
 */
export const lineLimits: LineLimits = {
  largeBytes: 1024 * 1024,
  maxBytes: 64 * 1024 * 1024,
  headBytes: 64 * 1024,
};

export interface LineLimits {
  /** A line of more bytes is marked `large`. */
  readonly largeBytes: number;
  /** A line of more bytes is not kept. */
  readonly maxBytes: number;
  /** So much is kept of a line that is not. */
  readonly headBytes: number;
}

/**
 * `from` is the offset of the line's first byte in the spool and `to` the offset after its LF, so the `to`
 * of one line is the `from` of the next and the place to read on from. `bytes` are without the LF; a CR
 * before it is content.
 */
export type Line =
  | { kind: 'line'; from: number; to: number; bytes: Uint8Array; large: boolean }
  | { kind: 'oversized'; from: number; to: number; head: Uint8Array };

const lineFeed = 0x0a;

export class Framer {
  readonly #limits: LineLimits;
  #from: number;
  #pieces: Uint8Array[] = [];
  /** Bytes of the unfinished line, also where they are no longer kept. */
  #length = 0;
  #oversized = false;

  constructor(startOffset: number, limits: LineLimits = lineLimits) {
    this.#from = startOffset;
    this.#limits = limits;
  }

  /** Where the unfinished line begins: all before it has been given out. */
  get pendingFrom(): number {
    return this.#from;
  }

  /** The offset of the next byte that `push` expects. */
  get offset(): number {
    return this.#from + this.#length;
  }

  /** The lines that `chunk` completes. Lines refer to it: the caller does not write to it again. */
  push(chunk: Uint8Array): Line[] {
    const lines: Line[] = [];
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(lineFeed, start);
      if (end === -1) break;
      this.#keep(chunk.subarray(start, end));
      lines.push(this.#take(1));
      start = end + 1;
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
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
      : {
          kind: 'line',
          from,
          to,
          bytes: join(this.#pieces, this.#length),
          large: this.#length > this.#limits.largeBytes,
        };
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

/** A line as text, or, where it is not UTF-8, its first bytes as Latin-1: one character for each byte. */
export type LineText = { valid: true; text: string } | { valid: false; latin1: string };

/** A byte order mark is content: offsets and digests are those of the bytes. */
const strict = (): TextDecoder => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function lineText(bytes: Uint8Array, headBytes: number = lineLimits.headBytes): LineText {
  try {
    return { valid: true, text: strict().decode(bytes) };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return { valid: false, latin1: latin1(bytes.subarray(0, headBytes)) };
  }
}

/** Not by TextDecoder: its `latin1` is windows-1252, which gives other characters for 0x80 to 0x9f. */
function latin1(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 8192) {
    text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  }
  return text;
}
