import type { Json } from '../../domain/json.ts';

/** What comes is not the JSON that was asked for. */
export class NotThatJson extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'NotThatJson';
  }
}

const space = /\s/;
type Place =
  | 'begin'
  | 'name'
  | 'colon'
  | 'value'
  | 'member'
  | 'first element'
  | 'element'
  | 'after element'
  | 'end';

/**
 * Cuts the elements of one array out of a JSON object that comes in pieces, each as its very text. It holds
 * the element that is under way and nothing else. That an element is JSON is for its reader to find out.
 */
export class JsonCutter {
  readonly #array: string;
  readonly #maxChars: number;
  /** Members beside the array. */
  readonly #others = new Map<string, string>();
  #place: Place = 'begin';
  #name = '';
  #found = false;
  /** Of the value under way: its text in earlier pieces, how deep it is, whether in a string, after a backslash. */
  #held = '';
  #depth = 0;
  #quoted = false;
  #escaped = false;

  constructor(array: string, maxChars: number) {
    this.#array = array;
    this.#maxChars = maxChars;
  }

  /** The object is whole, and the array was in it. */
  get whole(): boolean {
    return this.#place === 'end' && this.#found;
  }

  /** The other members, each as its very text. */
  get others(): ReadonlyMap<string, string> {
    return this.#others;
  }

  /** The elements that end in this piece. */
  *push(piece: string): Generator<string, void, undefined> {
    let at = 0;
    while (at < piece.length) {
      if (!this.#captures()) {
        this.#step(piece[at]!);
        // A value has begun with this very character.
        if (!this.#captures()) at += 1;
        continue;
      }
      const end = this.#endOfValue(piece, at);
      this.#held += piece.slice(at, end ?? piece.length);
      if (this.#held.length > this.#maxChars) throw new NotThatJson('It has an endless value.');
      if (end === null) return;
      at = end;
      const text = this.#held;
      this.#held = '';
      if (this.#place === 'element') {
        this.#place = 'after element';
        yield text;
      } else this.#member(text);
    }
  }

  #captures(): boolean {
    return this.#place === 'name' || this.#place === 'member' || this.#place === 'element';
  }

  #member(text: string): void {
    if (this.#place === 'name') {
      this.#name = parsedJson(text) as string;
      this.#place = 'colon';
      return;
    }
    this.#others.set(this.#name, text);
    this.#place = 'begin';
  }

  /** One character between values. */
  #step(char: string): void {
    if (space.test(char) || (char === '\ufeff' && this.#name === '')) return;
    switch (this.#place) {
      case 'begin':
        if (char === '"') this.#place = 'name';
        else if (char === '}') this.#place = 'end';
        else if (char !== '{' && char !== ',') throw new NotThatJson('It is no object.');
        return;
      case 'colon':
        if (char !== ':') throw new NotThatJson('A name has no value.');
        this.#place = 'value';
        return;
      case 'value':
        if (this.#name === this.#array && char === '[') {
          this.#found = true;
          this.#place = 'first element';
        } else this.#place = 'member';
        return;
      case 'first element':
        this.#place = char === ']' ? 'begin' : 'element';
        return;
      case 'after element':
        if (char === ']') this.#place = 'begin';
        else if (char === ',') this.#place = 'first element';
        else throw new NotThatJson('Elements are not told apart.');
        return;
      case 'end':
        throw new NotThatJson('Something follows it.');
      case 'name':
      case 'member':
      case 'element':
        return;
    }
  }

  /** Where the value that is under way ends in this piece; null where it does not. */
  #endOfValue(piece: string, from: number): number | null {
    for (let at = from; at < piece.length; at += 1) {
      const char = piece.charCodeAt(at);
      if (this.#quoted) {
        if (this.#escaped) this.#escaped = false;
        else if (char === 0x5c) this.#escaped = true;
        else if (char === 0x22) {
          this.#quoted = false;
          if (this.#depth === 0) return at + 1;
        }
        continue;
      }
      if (char === 0x22) this.#quoted = true;
      else if (char === 0x7b || char === 0x5b) this.#depth += 1;
      else if (char === 0x7d || char === 0x5d) {
        // Of a bare number or word, this is its holder's.
        if (this.#depth === 0) return at;
        this.#depth -= 1;
        if (this.#depth === 0) return at + 1;
      } else if (this.#depth === 0 && (char === 0x2c || char <= 0x20)) return at;
    }
    return null;
  }
}

/** Throws `NotThatJson` for what is none. */
export function parsedJson(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw new NotThatJson('A value is no JSON.');
  }
}
