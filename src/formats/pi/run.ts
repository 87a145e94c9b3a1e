import type { RunEnded, RunOutcome } from '../../domain/entry.ts';
import { limits } from '../../domain/limits.ts';
import { addReport, noUsage, type Usage, type UsageReport } from '../../domain/usage.ts';
import type { PiLine } from './format.ts';
import { textOr } from './format.ts';

/** How a message of the assistant ends its turn; other reasons do not end it. */
const outcomes: { readonly [reason: string]: RunOutcome } = {
  stop: 'completed',
  length: 'completed',
  error: 'failed',
  aborted: 'cancelled',
};

/** A turn of the agent, as a pi file shows it: from a person's word to the message that ends it. */
export class PiRun {
  readonly id: string;
  readonly #startedAt: string;
  #usage: Usage = noUsage;
  #turns = 0;
  #answer: { entry: string; text: string } | null = null;
  #reason: string | null = null;
  #error: string | null = null;

  constructor(id: string, startedAt: string) {
    this.id = id;
    this.#startedAt = startedAt;
  }

  /** The message that ends it has come. */
  get over(): boolean {
    return this.#reason !== null && Object.hasOwn(outcomes, this.#reason);
  }

  said(entry: string, text: string): void {
    if (text === '') return;
    this.#turns += 1;
    this.#answer = { entry, text: text.slice(0, limits.answerChars) };
  }

  heard(message: PiLine, usage: UsageReport | null): void {
    this.#reason = textOr(message['stopReason'], null);
    this.#error = textOr(message['errorMessage'], null);
    if (usage !== null) this.#usage = addReport(this.#usage, usage, undefined);
  }

  /** Without a message that ends it nobody knows how it ended. */
  ended(at: string): RunEnded {
    const reason = this.#reason ?? '';
    const outcome = this.over ? outcomes[reason]! : 'lost';
    const message = this.#error ?? 'The model service failed.';
    return {
      outcome,
      usage: this.#usage,
      durationMs: Math.max(0, Date.parse(at) - Date.parse(this.#startedAt)),
      turns: this.#turns,
      ...(this.over ? { stopReason: reason } : {}),
      ...(outcome === 'failed' ? { error: { category: 'unknown', message } } : {}),
      ...(this.#answer === null ? {} : { answer: this.#answer }),
    };
  }
}
