import type { Clock } from '../ports/clock.ts';
import type { CommitHook, CommitQuestion, CommitVerdict, CommitView } from '../ports/hooks.ts';
import { verdictIn } from './answer.ts';
import { type Child, type Program, startChild } from './child.ts';

export interface CommitProcessOptions {
  command: Program;
  /** Real path. */
  directory: string;
  /** For one entry, in milliseconds. */
  deadlineMs: number;
  env: { readonly [name: string]: string };
  clock: Clock;
  log: (event: string, data: object) => void;
}

type Failure = 'late' | 'dead' | 'garbled';

/** Bytes of one line of its answers. */
const lineBytes = 64 * 1024 * 1024;
const firstPauseMs = 100;
const longestPauseMs = 30_000;

const said: Record<Failure, string> = {
  late: 'the hook did not answer in time',
  dead: 'the hook does not run',
  garbled: 'the answer of the hook makes no sense',
};

/**
 * A long-lived program that is asked about one entry after another, each with a deadline.
 *
 *   running ──late, ended, garbled──▶ down ──after a pause that grows──▶ running
 *
 * A failure withholds the entry that was asked about, and those that are asked about while it is down.
 */
export class CommitProcess implements CommitHook {
  readonly #options: CommitProcessOptions;
  readonly #tally = { kept: 0, redacted: 0, withheld: 0, failed: 0 };
  #lastFailure: string | null = null;
  #child: Child | null = null;
  #failures = 0;
  #cancelStart: (() => void) | null = null;
  #closed = false;
  #last: Promise<unknown> = Promise.resolve();
  /** The entry that is asked about. */
  #asked: { id: string; settle: (verdict: CommitVerdict | Failure) => void } | null = null;

  constructor(options: CommitProcessOptions) {
    this.#options = options;
    this.#start();
  }

  get options(): CommitProcessOptions {
    return this.#options;
  }

  get view(): CommitView {
    const { directory, command, deadlineMs } = this.#options;
    return {
      directory,
      program: command[0],
      deadlineMs,
      running: this.#child !== null,
      ...this.#tally,
      lastFailure: this.#lastFailure,
    };
  }

  ask(question: CommitQuestion): Promise<CommitVerdict> {
    const asked = this.#last.then(() => this.#ask(question));
    this.#last = asked;
    return asked;
  }

  /** Ends the program. */
  close(): void {
    this.#closed = true;
    this.#cancelStart?.();
    this.#child?.kill();
    this.#child = null;
    this.#asked?.settle('dead');
  }

  async #ask(question: CommitQuestion): Promise<CommitVerdict> {
    const verdict = await this.#verdict(question);
    if (typeof verdict !== 'string') {
      this.#failures = 0;
      const counts = { keep: 'kept', redact: 'redacted', withhold: 'withheld' } as const;
      this.#tally[counts[verdict.action]] += 1;
      return verdict;
    }
    this.#tally.withheld += 1;
    this.#tally.failed += 1;
    const { session, id, kind } = question;
    this.#options.log('hook.withheld', { session, entry: id, kind, reason: said[verdict] });
    return { action: 'withhold', reason: said[verdict], failed: true };
  }

  #verdict(question: CommitQuestion): Promise<CommitVerdict | Failure> {
    const child = this.#child;
    if (child === null) return Promise.resolve('dead');
    const { clock, deadlineMs } = this.#options;
    return new Promise((resolve) => {
      const settle = (verdict: CommitVerdict | Failure): void => {
        cancel();
        this.#asked = null;
        resolve(verdict);
      };
      const cancel = clock.after(deadlineMs, () => this.#fail(child, 'late'));
      this.#asked = { id: question.id, settle };
      child.process.stdin?.write(`${JSON.stringify(question)}\n`);
    });
  }

  #start(): void {
    this.#cancelStart = null;
    if (this.#closed) return;
    const { command, env } = this.#options;
    // Its stderr is its own affair: what it says there may be what it is to take out.
    const child = startChild({ command, env, stderr: 'ignore' });
    this.#child = child;
    child.process.on('error', (error) => this.#fail(child, 'dead', error.message));
    child.process.on('exit', (code, signal) => this.#fail(child, 'dead', String(code ?? signal)));
    const lines = new AnswerLines();
    child.process.stdout?.on('data', (chunk: Buffer) => {
      for (const line of lines.push(chunk)) this.#heard(child, line);
      if (lines.flooded) this.#fail(child, 'garbled');
    });
    child.process.stdout?.on('error', () => this.#fail(child, 'dead'));
  }

  #heard(child: Child, line: string): void {
    if (this.#child !== child) return;
    const asked = this.#asked;
    const verdict = asked === null ? null : verdictIn(line, asked.id);
    if (asked === null || verdict === null) this.#fail(child, 'garbled');
    else asked.settle(verdict);
  }

  #fail(child: Child, failure: Failure, detail?: string): void {
    if (this.#child !== child) return;
    this.#child = null;
    child.kill();
    this.#failures += 1;
    this.#lastFailure = said[failure];
    const { clock, directory, log } = this.#options;
    const ms = pauseMs(this.#failures);
    const more = detail === undefined ? {} : { detail };
    log('hook.failed', { directory, reason: said[failure], ...more, againInMs: ms });
    if (this.#closed) return;
    if (ms === 0) this.#start();
    else this.#cancelStart = clock.after(ms, () => this.#start());
    this.#asked?.settle(failure);
  }
}

/** The first time it is started again at once. */
function pauseMs(failures: number): number {
  return failures === 1 ? 0 : Math.min(longestPauseMs, firstPauseMs * 2 ** (failures - 2));
}

/** Whole lines of a program's output, each of bounded length. */
class AnswerLines {
  #rest: Buffer[] = [];
  #size = 0;

  get flooded(): boolean {
    return this.#size > lineBytes;
  }

  push(chunk: Buffer): string[] {
    const lines: string[] = [];
    let at = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, at)) {
      lines.push(Buffer.concat([...this.#rest, chunk.subarray(at, end)]).toString('utf8'));
      this.#rest = [];
      this.#size = 0;
      at = end + 1;
    }
    const rest = chunk.subarray(at);
    if (rest.length > 0) this.#rest.push(rest);
    this.#size += rest.length;
    return lines;
  }
}
