import { refuse } from '../domain/refusal.ts';

/** A line without its end. `number` counts from 1, as editors do; lines without a word are not given. */
export interface Line {
  number: number;
  bytes: Uint8Array;
}

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/**
 * Cuts bytes into lines that end with LF or CRLF; the last one may end with the file. Every byte is looked
 * at once. Refuses a line of more than `maxBytes` as soon as that many have come.
 */
export class LineCutter {
  readonly #maxBytes: number;
  #pieces: Uint8Array[] = [];
  #size = 0;
  #number = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Lines that have ended, blank ones too. */
  get count(): number {
    return this.#number;
  }

  /** The lines that the chunk completes; they refer to it. */
  *push(chunk: Uint8Array): Generator<Line> {
    let from = 0;
    for (let end = chunk.indexOf(lineFeed); end !== -1; end = chunk.indexOf(lineFeed, from)) {
      this.#keep(chunk.subarray(from, end));
      from = end + 1;
      yield* this.#take();
    }
    this.#keep(chunk.subarray(from));
  }

  /** What came after the last line feed. */
  *end(): Generator<Line> {
    if (this.#size > 0) yield* this.#take();
  }

  #keep(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.#size += piece.length;
    if (this.#size > this.#maxBytes) {
      const message = `Line ${this.#number + 1} has more than ${this.#maxBytes} bytes.`;
      throw refuse('too_large', message, { data: { line: this.#number + 1 } });
    }
    this.#pieces.push(piece);
  }

  *#take(): Generator<Line> {
    this.#number += 1;
    const [first = new Uint8Array(0)] = this.#pieces;
    const whole = this.#pieces.length > 1 ? joined(this.#pieces, this.#size) : first;
    this.#pieces = [];
    this.#size = 0;
    const bytes = whole.at(-1) === carriageReturn ? whole.subarray(0, -1) : whole;
    if (bytes.some((byte) => byte !== 0x20 && byte !== 0x09)) yield { number: this.#number, bytes };
  }
}

function joined(pieces: readonly Uint8Array[], size: number): Uint8Array {
  const whole = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

const quote = 0x22;
const backslash = 0x5c;

/** Whether JSON is nested deeper than that: it could be read, and then not be written again. */
export function isDeeper(json: Uint8Array, most: number): boolean {
  if (json.length <= most) return false;
  let depth = 0;
  let inText = false;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at];
    if (inText) {
      if (byte === backslash) at += 1;
      else if (byte === quote) inText = false;
    } else if (byte === quote) inText = true;
    else if (byte === 0x7b || byte === 0x5b) {
      depth += 1;
      if (depth > most) return true;
    } else if (byte === 0x7d || byte === 0x5d) depth -= 1;
  }
  return false;
}
