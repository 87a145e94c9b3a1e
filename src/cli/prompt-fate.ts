import type { Entry, RunOutcome } from '../domain/entry.ts';

/** How a prompt ended: with its run, or without one. */
export type Fate = RunOutcome | 'withdrawn' | 'indeterminate';

/** Follows one prompt through the log to the end of the run that took it. */
export class PromptFate {
  readonly #prompt: string;
  #run: string | null = null;
  /** The run that could not send it, until that has ended. */
  #sentBack: string | null = null;

  constructor(prompt: string) {
    this.#prompt = prompt;
  }

  get run(): string | null {
    return this.#run;
  }

  /** The fate once the entry decides it, null before. */
  see(entry: Entry): Fate | null {
    if (entry.kind === 'run_started' && entry.data.prompts.includes(this.#prompt)) {
      this.#run = entry.runId ?? null;
    }
    if (entry.kind === 'delivery' && entry.about === this.#prompt) this.#run = entry.runId ?? null;
    if (entry.kind === 'queue' && entry.about === this.#prompt) {
      const { change } = entry.data;
      if (change === 'withdrawn') return change;
      // Its run, where there is one, ends too and says more.
      if (change === 'indeterminate' && this.#run === null) return change;
      if (change === 'requeued') {
        this.#sentBack = this.#run;
        this.#run = null;
      }
    }
    if (entry.kind !== 'run_ended' || entry.runId === undefined) return null;
    const { outcome } = entry.data;
    if (entry.runId === this.#run) return outcome;
    // What goes back to the queue waits there for somebody, and its run says why; a lost one may go on by itself.
    return entry.runId === this.#sentBack && outcome !== 'lost' ? outcome : null;
  }
}
