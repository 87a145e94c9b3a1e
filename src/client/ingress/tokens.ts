import type { IngressAccess } from './access.ts';

/** How many tokens are tried before the log counts as closed to us. */
const most = 3;

/** The token of each attempt at one thing. One that was refused is not shown again. */
export class Tokens {
  readonly #access: IngressAccess;
  readonly #refused: string[] = [];

  constructor(access: IngressAccess) {
    this.#access = access;
  }

  /** `none`: there is no other to try. `failed`: whoever gives tokens could not, which may pass. */
  async next(signal: AbortSignal): Promise<{ token: string } | 'none' | 'failed'> {
    const refused = this.#refused.at(-1) ?? null;
    let token: string | null;
    try {
      token = await within(signal, this.#access.token({ refused }));
    } catch {
      // Told by the caller, as an event without content: the message may hold a secret.
      return 'failed';
    }
    if (token === null || token === '' || this.#refused.includes(token)) return 'none';
    return this.#refused.length >= most ? 'none' : { token };
  }

  refuse(token: string): void {
    this.#refused.push(token);
  }
}

/** What does not heed a signal is left to itself when it comes. */
async function within<Value>(signal: AbortSignal, promise: Promise<Value>): Promise<Value> {
  signal.throwIfAborted();
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const stop = (): void => reject(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([promise, ended]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
