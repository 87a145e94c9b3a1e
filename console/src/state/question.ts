import { useCallback, useEffect, useState } from 'react';
import { RefusalError } from 'turnkeep/client';
import { Cell, useCell } from './cell.ts';
import { useConsole } from './context.ts';

type Ask<Answer> = (signal: AbortSignal) => Promise<Answer>;

/** What is asked of the daemon again and again: one at a time, and once more where it was wanted meanwhile. */
class Question<Answer> {
  readonly answer = new Cell<Answer | null>(null);
  /** Why there is no newer answer. */
  readonly problem = new Cell<string | null>(null);
  ask: Ask<Answer>;
  #stop = new AbortController();
  #asking = false;
  #wanted = false;

  constructor(ask: Ask<Answer>) {
    this.ask = ask;
  }

  /** The answer ends it. */
  readonly open = (): (() => void) => {
    this.#stop = new AbortController();
    return () => this.#stop.abort();
  };

  readonly want = (): void => {
    this.#wanted = true;
    if (!this.#asking) void this.#run();
  };

  async #run(): Promise<void> {
    this.#asking = true;
    try {
      while (this.#wanted && !this.#stop.signal.aborted) {
        this.#wanted = false;
        await this.#once(this.#stop.signal);
      }
    } finally {
      this.#asking = false;
    }
  }

  async #once(signal: AbortSignal): Promise<void> {
    try {
      const answer = await this.ask(signal);
      if (signal.aborted) return;
      this.answer.set(answer);
      this.problem.set(null);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof RefusalError)) throw error;
      this.problem.set(error.refusal.message);
    }
  }
}

/**
 * The daemon's latest answer for a view: asked for when the view appears, when `change` is another one, and when
 * the daemon is back.
 */
export function useAnswer<Answer>(
  change: string,
  ask: Ask<Answer>,
): { answer: Answer | null; problem: string | null; again: () => void } {
  const live = useCell(useConsole().list.feed) === 'live';
  const [question] = useState(() => new Question(ask));
  useEffect(question.open, [question]);
  useEffect(() => {
    question.ask = ask;
  });
  useEffect(question.want, [question, change, live]);
  return {
    answer: useCell(question.answer),
    problem: useCell(question.problem),
    again: useCallback(() => question.want(), [question]),
  };
}
