import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../fixtures/ingress/appender.ts', import.meta.url));

export interface AppenderTask {
  url: string;
  token: string;
  outbox: string;
  session: string;
  who: string;
  from: number;
  to: number;
  nameless?: boolean;
}

interface Told {
  accepted?: number;
  results?: { result: string }[];
  waiting?: unknown[];
}

/** An appender in a process of its own. */
export class AppenderProcess {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #watchers = new Set<() => void>();
  /** The last entry that was accepted. */
  accepted: number;
  end: Told | null = null;
  errors = '';

  constructor({ token, ...task }: AppenderTask) {
    this.accepted = task.from - 1;
    this.#child = spawn(process.execPath, [program, JSON.stringify(task)], {
      env: { PATH: process.env['PATH'], APPENDER_TOKEN: token },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#exited = once(this.#child, 'exit');
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => (this.errors += text));
    createInterface(this.#child.stdout!).on('line', (line) => {
      const told = JSON.parse(line) as Told;
      if (told.accepted === undefined) this.end = told;
      else this.accepted = told.accepted;
      for (const watch of this.#watchers) watch();
    });
  }

  /** Resolves when it has accepted that one, or has ended. */
  async reaches(at: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const watch = (): void => {
      if (this.accepted >= at) resolve();
    };
    this.#watchers.add(watch);
    watch();
    await Promise.race([promise, this.#exited]);
    this.#watchers.delete(watch);
  }

  async ended(): Promise<void> {
    await this.#exited;
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }
}

/**
 * The numbers of a writer without those that it wrote anew after a kill because it had accepted them and not
 * told so yet: without a name such an entry is another one. `from`: where it began anew.
 */
export function withoutUntold(
  numbers: readonly number[] | undefined,
  from: readonly number[],
): number[] | undefined {
  const untold = (at: number): boolean =>
    at % 10 === 9 && from.some((first) => at >= first && at < first + 7);
  return numbers?.filter((at, place) => !untold(at) || numbers.indexOf(at) === place);
}

/** What each writer wrote, in the order of the log. */
export function byWriter(texts: readonly string[]): Record<string, number[]> {
  const all: Record<string, number[]> = {};
  for (const text of texts) {
    const { message, mode } = JSON.parse(text) as { message?: { content: string }; mode?: string };
    const [who = '', at] = (message?.content ?? mode ?? '').split(' ');
    (all[who] ??= []).push(Number(at));
  }
  return all;
}
