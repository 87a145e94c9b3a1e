import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'vitest';

/** A command at a terminal of its own, which the system's `script` makes for it. */
export class Terminal {
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | null>;
  #text = '';
  #from = 0;

  constructor(words: readonly string[], env: NodeJS.ProcessEnv, columns = 80) {
    const command = words.map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`).join(' ');
    const sized = `stty rows 24 cols ${columns}; exec ${command}`;
    const options =
      process.platform === 'darwin'
        ? ['-q', '/dev/null', 'sh', '-c', sized]
        : ['-qec', sized, '/dev/null'];
    this.#child = spawn('script', options, {
      env: { ...env, PATH: process.env['PATH'], TERM: 'xterm-256color', SHELL: '/bin/sh' },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => (this.#text += text));
    this.#ended = once(this.#child, 'close').then(([code]) => code as number | null);
  }

  /** All that was written, with its escape sequences. */
  get text(): string {
    return this.#text;
  }

  /** Waits until something is on the terminal that was not there when this was last asked. */
  async shows(wanted: RegExp | string): Promise<void> {
    const news = () => this.#text.slice(this.#from);
    await expect.poll(news, { timeout: 20_000, interval: 20 }).toMatch(wanted);
    this.#from = this.#text.length;
  }

  type(keys: string): void {
    this.#child.stdin!.write(keys);
  }

  /** The exit code of the command. */
  ended(): Promise<number | null> {
    return this.#ended;
  }

  /** Ends it where a test has failed. */
  async kill(): Promise<void> {
    if (this.#child.exitCode === null) this.#child.kill('SIGTERM');
    await this.#ended;
  }
}
