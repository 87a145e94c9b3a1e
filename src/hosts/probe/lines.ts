const lf = 0x0a;

/** Whole lines of a program's output, as long as it prints no more than it may. */
export class Lines {
  readonly #atMost: number;
  #taken = 0;
  #rest: Buffer[] = [];

  constructor(atMost: number) {
    this.#atMost = atMost;
  }

  /** It has printed more than it may; what came after that is not taken. */
  get full(): boolean {
    return this.#taken > this.#atMost;
  }

  take(chunk: Buffer): string[] {
    const room = this.#atMost - this.#taken;
    this.#taken += chunk.length;
    const lines: string[] = [];
    let at = 0;
    const bytes = chunk.subarray(0, Math.max(0, room));
    for (let end = bytes.indexOf(lf); end >= 0; end = bytes.indexOf(lf, at)) {
      this.#rest.push(bytes.subarray(at, end));
      lines.push(this.rest());
      at = end + 1;
    }
    if (at < bytes.length) this.#rest.push(bytes.subarray(at));
    return lines;
  }

  /** A last line without its end. */
  rest(): string {
    const text = Buffer.concat(this.#rest).toString('utf8');
    this.#rest = [];
    return text;
  }
}
