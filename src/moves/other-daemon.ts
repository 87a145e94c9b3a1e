import { type Client, createClient } from '../client/client.ts';
import type { FetchLike } from '../client/http-call.ts';
import { refuse } from '../domain/refusal.ts';
import type { InputOf, OutputOf } from '../protocol/operations.ts';

/** An answer of the other side is not longer than this, whoever it is. */
const answerBytes = 1024 * 1024;
/** An agent's memory may have to be put in its place meanwhile. */
const activateMs = 120_000;
/** Nothing was taken of what is sent, or no answer came after the last of it, for so long. */
const silentMs = 120_000;
const tries = 3;

/** The daemon to which a session moves, as its source asks it. */
export class OtherDaemon {
  readonly #client: Client;

  /** `token` is one of the other daemon, or the ticket that it has made. */
  constructor(url: string, token: string) {
    this.#client = createClient({ url, token, name: 'turnkeep move', fetch: boundedFetch });
  }

  offer(input: InputOf<'moves.offer'>): Promise<OutputOf<'moves.offer'>> {
    return this.#client.moves.offer(input, { tries });
  }

  /** The log, as fast as the other side stores it. Rejects where it is not stored whole. */
  async take(lines: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void> {
    const silent = new AbortController();
    const watch = silence(silent);
    const source = watched(lines, watch);
    try {
      const { session } = await this.#client.sessions.import(
        source,
        {},
        {
          signal: AbortSignal.any([signal, silent.signal]),
        },
      );
      if (session.writer.state === 'moving') return;
      throw refuse('unavailable', 'The other daemon has taken the log for something else.');
    } catch (error) {
      if (!silent.signal.aborted || signal.aborted) throw error;
      throw refuse('unavailable', `The other daemon was silent for ${silentMs / 1000} s.`);
    } finally {
      watch.stop();
    }
  }

  activate(
    input: InputOf<'moves.activate'>,
    signal: AbortSignal,
  ): Promise<OutputOf<'moves.activate'>> {
    return this.#client.moves.activate(input, { tries: 1, timeoutMs: activateMs, signal });
  }

  async withdraw(session: string): Promise<void> {
    await this.#client.moves.withdraw({ session }, { tries: 1 });
  }
}

interface Silence {
  heard(): void;
  stop(): void;
}

function silence(over: AbortController): Silence {
  const arm = (): NodeJS.Timeout => setTimeout(() => over.abort(), silentMs).unref();
  let timer = arm();
  const stop = (): void => clearTimeout(timer);
  const heard = (): void => {
    stop();
    timer = arm();
  };
  return { heard, stop };
}

/** Asked for the next piece, the other side has taken those before it. */
async function* watched(
  lines: AsyncIterable<Uint8Array>,
  silent: Silence,
): AsyncGenerator<Uint8Array> {
  for await (const piece of lines) {
    silent.heard();
    yield piece;
  }
  silent.heard();
}

/**
 * Goes where it was told to and nowhere else: an address of somebody's is not led on to another one, and
 * whatever answers there is not read without end.
 */
const boundedFetch: FetchLike = async (url, request) => {
  const answer = await fetch(url, { ...request, redirect: 'error' } as RequestInit);
  return {
    status: answer.status,
    headers: answer.headers,
    text: () => textOf(answer.body),
    body: answer.body,
  };
};

async function textOf(body: ReadableStream<Uint8Array> | null): Promise<string> {
  if (body === null) return '';
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of body) {
    size += piece.byteLength;
    if (size > answerBytes) throw refuse('unavailable', 'The answer is too long for a daemon’s.');
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}
