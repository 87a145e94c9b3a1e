import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** What an attempt came to. `lost`: no answer, so nobody knows whether it was done. */
export type Told =
  | { type: 'done'; output: Record<string, unknown> }
  | { type: 'refused'; code: string; data: Record<string, unknown> }
  | { type: 'lost' };

/** Answers that say nothing final: the same call is made again. */
const passing: ReadonlySet<string> = new Set(['unavailable', 'busy']);
const retryMs = 25;

/** Bare calls over HTTP, with nothing of the product's client in between. */
export class Calls {
  readonly #url: string;
  readonly #state: string;
  #token: string | null = null;
  #order = 0;
  #stopped = false;

  constructor(url: string, state: string) {
    this.#url = url;
    this.#state = state;
  }

  /** Rises with every answer: the order in which clients were told. */
  get order(): number {
    return (this.#order += 1);
  }

  get token(): string {
    this.#token ??= readFileSync(path.join(this.#state, 'token'), 'utf8').trim();
    return this.#token;
  }

  get url(): string {
    return this.#url;
  }

  /** No call is made again from here on. */
  stop(): void {
    this.#stopped = true;
  }

  /** One attempt. */
  async once(operation: string, input: object, timeoutMs = 20_000): Promise<Told> {
    try {
      const answer = await fetch(`${this.#url}/v1/${operation}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${this.token}` },
        body: JSON.stringify(input),
        signal: AbortSignal.timeout(timeoutMs),
      });
      const body = (await answer.json()) as Record<string, unknown>;
      if (answer.ok) return { type: 'done', output: body };
      const error = (body['error'] ?? {}) as { code?: string; data?: Record<string, unknown> };
      return { type: 'refused', code: error.code ?? 'unknown', data: error.data ?? {} };
    } catch {
      // The daemon is down, or was killed before it answered: which of them is not to be known.
      return { type: 'lost' };
    }
  }

  /** Again and again, until there is a final answer; `lost` only when the run is over. */
  async until(operation: string, input: object): Promise<Told> {
    for (;;) {
      const told = await this.once(operation, input);
      const again = told.type === 'lost' || (told.type === 'refused' && passing.has(told.code));
      if (!again || this.#stopped) return told;
      await sleep(retryMs);
    }
  }
}
