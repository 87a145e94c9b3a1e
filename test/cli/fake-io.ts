import type { Io } from '../../src/cli/io.ts';

/** What a command of a test prints, and the terminal that it believes to have. */
export class FakeIo {
  out = '';
  err = '';
  readonly #more: Partial<Io>;

  constructor(more: Partial<Io> = {}) {
    this.#more = more;
  }

  get io(): Io {
    return {
      out: (text) => void (this.out += text),
      err: (text) => void (this.err += text),
      env: {},
      script: 'main.ts',
      cwd: '/',
      outIsTty: false,
      inIsTty: false,
      columns: 80,
      rows: 24,
      stdin: process.stdin,
      onInterrupt: () => () => {},
      onResize: () => () => {},
      now: () => Date.parse('2026-01-01T00:01:00Z'),
      ...this.#more,
    };
  }
}
