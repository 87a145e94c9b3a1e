import type { Look } from './look.ts';

/**
 * Styles Markdown while it arrives, character by character and without ever going back: what has been
 * written stays as it is. Knows what can be known by then: headings, lists, quotes, fences, code, strong.
 */
export class MarkdownStream {
  readonly #look: Look;
  #fence = false;
  /** The line so far; null once its kind is known and it is being written. */
  #start: string | null = '';
  #heading = false;
  #strong = false;
  #code = false;
  /** A star that may be the first of two. */
  #star = false;

  constructor(look: Look) {
    this.#look = look;
  }

  /** What to write for more text. Without colours the text itself. */
  write(text: string): string {
    if (!this.#look.colour) return text;
    let out = '';
    for (const character of text) {
      out += character === '\n' ? this.#newline() : this.#put(character);
    }
    return joined(out);
  }

  /** What was held back, at the end. */
  end(): string {
    if (!this.#look.colour) return '';
    return this.#flush();
  }

  #put(character: string): string {
    if (this.#start === null) return this.#styled(character);
    this.#start += character;
    if (couldBegin.test(this.#start)) return '';
    return this.#begin();
  }

  #newline(): string {
    const fence = this.#start !== null && /^ {0,3}(```|~~~)/.test(this.#start);
    const out = fence ? this.#look.style.dim(this.#start ?? '') : this.#flush();
    if (fence) this.#fence = !this.#fence;
    this.#start = '';
    this.#heading = false;
    this.#strong = false;
    this.#code = false;
    return `${out}\n`;
  }

  #flush(): string {
    const begun = this.#start === null ? '' : this.#begin();
    const star = this.#star ? '*' : '';
    this.#star = false;
    return begun + star;
  }

  /** The line's kind is known: its marker, and what came after it. */
  #begin(): string {
    const start = this.#start ?? '';
    this.#start = null;
    if (this.#fence) return this.#styled(start);
    const [, space = '', mark = '', rest = ''] =
      /^(\s*)(#{1,6} |[-*+] |> )?(.*)$/.exec(start) ?? [];
    const { style } = this.#look;
    this.#heading = mark.startsWith('#');
    const shown = this.#heading
      ? ''
      : mark.startsWith('>')
        ? style.dim('│ ')
        : mark === ''
          ? ''
          : '• ';
    let out = space + shown;
    for (const character of rest) out += this.#styled(character);
    return out;
  }

  #styled(character: string): string {
    const { style } = this.#look;
    if (this.#fence) return style.cyan(character);
    if (character === '`') {
      this.#code = !this.#code;
      return this.#release();
    }
    if (character === '*' && !this.#code) {
      if (!this.#star) {
        this.#star = true;
        return '';
      }
      this.#star = false;
      this.#strong = !this.#strong;
      return '';
    }
    const shown = this.#code ? style.cyan(character) : character;
    return this.#release() + (this.#strong || this.#heading ? style.bold(shown) : shown);
  }

  #release(): string {
    const star = this.#star ? '*' : '';
    this.#star = false;
    return star;
  }
}

/** Beginnings of lines of which more must be seen. */
const couldBegin = /^\s*(#{0,6}|[-*+]|>|`{1,3}|~{1,3}|(```|~~~).*)$/;

/** Neighbours of one style as one: `[1ma[22m[1mb[22m` becomes `[1mab[22m`. */
function joined(text: string): string {
  return text.replaceAll('\u001B[22m\u001B[1m', '').replaceAll('\u001B[39m\u001B[36m', '');
}
