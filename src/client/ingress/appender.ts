import { refuse } from '../../domain/refusal.ts';
import type { FetchLike } from '../http-call.ts';
import { type Pace, realPace } from '../pace.ts';
import type { IngressAccess, TokenSource } from './access.ts';
import type { AppendResult, Stuck } from './append-result.ts';
import type { OnEvent } from './event.ts';
import { Heads } from './heads.ts';
import { lineOf } from './line.ts';
import { type ConflictPolicy, LogWriter } from './log-writer.ts';
import { MemoryOutbox } from './memory-outbox.ts';
import type { KeptLog, Outbox } from './outbox.ts';

/** How a server of session logs is asked. */
export interface IngressOptions {
  /** Such as `http://127.0.0.1:4545`; asked for again at each attempt where it is a function. */
  url: string | (() => Promise<string>);
  /** Asked for again at each attempt where it is a function. */
  token: string | TokenSource;
  /** Sent as `x-organization-uuid`. */
  organization?: string;
  /** How the client names itself. */
  name?: string;
  fetch?: FetchLike;
  pace?: Pace;
  /** Of each attempt, to its answer and from one piece of it to the next; default 30 s. */
  timeoutMs?: number;
  /** For how long nothing may come of any attempt; default 5 minutes. */
  deadlineMs?: number;
  onEvent?: OnEvent;
}

export interface AppenderOptions extends IngressOptions {
  /** What is done when somebody else has written to the log. */
  onConflict: ConflictPolicy;
  /** Where entries wait; default: in memory, for as long as this process lives. */
  outbox?: Outbox;
  /** Entries and characters of one request, where the server takes several; default 200 and 256 Ki. */
  batch?: { entries?: number; chars?: number };
  /** Logs in which nothing waits whose head is remembered; default 1000. */
  heads?: number;
}

/** An entry that was accepted. */
export interface Receipt {
  /** What becomes of it; it never rejects. */
  readonly settled: Promise<AppendResult>;
}

export interface WaitingLog {
  session: string;
  entries: number;
  /** Why they wait; null while they are being sent. */
  stuck: Stuck | null;
}

/** Writes entries into the logs of sessions: each of a session after the one before. */
export interface Appender {
  /**
   * Answers when the outbox has it; with an outbox on disk it is then never lost. `after`: the head that
   * the caller has seen, null for an empty log; not needed from the second entry on. `file`: of a sub-agent's
   * memory, which Turnkeep keeps apart in the same log.
   * Refused with `invalid` for what is no entry, and with `limited` where the outbox is full.
   */
  append(
    session: string,
    entry: object | string,
    options?: { after?: string | null; file?: string },
  ): Promise<Receipt>;
  /** Tries again what waits; `after`: the head that the caller has seen since. */
  resume(session: string, options?: { after?: string | null }): void;
  /** Gives up what waits for a log that is stuck. */
  discard(session: string): Promise<void>;
  /** The logs for which something waits. */
  waiting(): readonly WaitingLog[];
  /** Resolves when nothing is being sent: all is stored, or stuck. */
  rest(): Promise<void>;
  /** Ends what is under way. What waits stays in an outbox on disk. */
  close(): Promise<void>;
}

/** An appender; it goes on with what its outbox has from before. */
export async function createAppender(options: AppenderOptions): Promise<Appender> {
  const core = new AppenderCore(options);
  await core.open();
  return core;
}

export const usualDeadlineMs = 5 * 60_000;

export function accessOf(options: IngressOptions): IngressAccess {
  const { url, token, organization, name, timeoutMs, onEvent, pace } = options;
  return {
    url: async () => (typeof url === 'string' ? url : await url()).replace(/\/+$/, ''),
    token: typeof token === 'string' ? () => Promise.resolve(token) : token,
    organization: organization ?? null,
    name: name ?? null,
    fetch: options.fetch ?? ((where, request) => fetch(where, request)),
    pace: pace ?? realPace,
    timeoutMs: timeoutMs ?? 30_000,
    onEvent: onEvent ?? (() => undefined),
  };
}

class AppenderCore implements Appender {
  readonly #options: AppenderOptions;
  readonly #access: IngressAccess;
  readonly #outbox: Outbox;
  readonly #heads: Heads;
  readonly #writers = new Map<string, LogWriter>();
  readonly #over = new AbortController();
  #resting: (() => void)[] = [];

  constructor(options: AppenderOptions) {
    this.#options = options;
    this.#access = accessOf(options);
    this.#outbox = options.outbox ?? new MemoryOutbox();
    this.#heads = new Heads(options.heads ?? 1000);
  }

  async open(): Promise<void> {
    for (const kept of await this.#outbox.kept()) this.#continue(kept);
  }

  async append(
    session: string,
    entry: object | string,
    { after, file }: { after?: string | null; file?: string } = {},
  ): Promise<Receipt> {
    if (this.#over.signal.aborted) throw refuse('unavailable', 'The appender was closed.');
    const line = lineOf(entry, file);
    const accepted = await this.#outbox.accept(session, [line]);
    const writer = this.#writer(session);
    const [settled] = writer.add(accepted, after);
    return { settled: settled! };
  }

  resume(session: string, { after }: { after?: string | null } = {}): void {
    this.#writers.get(session)?.resume(after);
  }

  async discard(session: string): Promise<void> {
    await this.#writers.get(session)?.discard();
  }

  waiting(): readonly WaitingLog[] {
    return [...this.#writers.values()]
      .filter(({ waiting }) => waiting > 0)
      .map(({ session, waiting, stuck }) => ({ session, entries: waiting, stuck }));
  }

  rest(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#resting.push(resolve);
    this.#tellResting();
    return promise;
  }

  async close(): Promise<void> {
    this.#over.abort(new Error('The appender was closed.'));
    await this.rest();
    await this.#outbox.close();
  }

  #continue(kept: KeptLog): void {
    this.#writer(kept.session).continue(kept);
  }

  #writer(session: string): LogWriter {
    const there = this.#writers.get(session);
    if (there !== undefined) return there;
    const { onConflict, deadlineMs, batch } = this.#options;
    const writer = new LogWriter(session, this.#heads.take(session), {
      access: this.#access,
      outbox: this.#outbox,
      onConflict,
      deadlineMs: deadlineMs ?? usualDeadlineMs,
      bounds: { entries: batch?.entries ?? 200, chars: batch?.chars ?? 256 * 1024 },
      signal: this.#over.signal,
      rested: (rested) => this.#rested(rested),
    });
    this.#writers.set(session, writer);
    return writer;
  }

  /** Only what waits is kept, and a few heads. */
  #rested(writer: LogWriter): void {
    if (writer.waiting === 0) {
      this.#writers.delete(writer.session);
      this.#heads.put(writer.session, writer.known);
    }
    this.#tellResting();
  }

  #tellResting(): void {
    if (![...this.#writers.values()].every(({ resting }) => resting)) return;
    for (const resolve of this.#resting.splice(0)) resolve();
  }
}
