import { RequestError } from '@agentclientprotocol/sdk/unstable';
import type * as acp from '@agentclientprotocol/sdk/unstable';
import type { Client } from '../client/client.ts';
import { newId } from '../client/new-id.ts';
import type { Entry, EntryOf, RunEnded } from '../domain/entry.ts';
import { isObject } from '../domain/json.ts';
import { RefusalError, refuse } from '../domain/refusal.ts';
import { sumOfTokens, type Tokens } from '../domain/usage.ts';
import { promptOf } from './content.ts';
import type { Patiently } from './patience.ts';
import { failedRun, requestError } from './refusals.ts';

/** A prompt of this editor that has no answer yet. */
interface Pending {
  id: string;
  /** Resolves when the daemon has answered, however. */
  sent: Promise<void>;
  /** Its entry has been seen. */
  seen: boolean;
  run: string | null;
  /** The run that could not send it, until that has ended. */
  sentBack: string | null;
  /** Why it is being taken back, where its person did not ask for that. */
  takenBack: RequestError | null;
  resolve(answer: acp.PromptResponse): void;
  reject(error: Error): void;
}

/** How runs end for who asked for them, where they did not fail. */
const stopReasons: ReadonlySet<string> = new Set<acp.StopReason>([
  'end_turn',
  'max_tokens',
  'max_turn_requests',
  'refusal',
  'cancelled',
]);

/**
 * The prompts that one editor has sent to one session. What becomes of them is read in the log, never
 * guessed: whoever ends the run, and however often the connection to the daemon breaks.
 */
export class Prompts {
  readonly #client: Client;
  readonly #session: string;
  readonly #patiently: Patiently;
  readonly #pending = new Map<string, Pending>();
  /** All that it has sent: it shows them by itself. */
  readonly #own = new Set<string>();
  /** The last one that was sent: the next waits for its answer, or it might come before it. */
  #last: Promise<void> = Promise.resolve();
  /** Open runs that somebody has asked to end. */
  readonly #aborted = new Set<string>();

  constructor(client: Client, session: string, patiently: Patiently) {
    this.#client = client;
    this.#session = session;
    this.#patiently = patiently;
  }

  isOwn(prompt: string): boolean {
    return this.#own.has(prompt);
  }

  /** Sends a prompt; resolves when its run has ended. */
  send(blocks: readonly acp.ContentBlock[], meta: unknown): Promise<acp.PromptResponse> {
    const how = deliveryOf(meta);
    const id = newId();
    const { promise, resolve, reject } = Promise.withResolvers<acp.PromptResponse>();
    this.#own.add(id);
    const asked = this.#last.then(async () => {
      const content = await promptOf(this.#client, blocks);
      return this.#client.sessions.send({ session: this.#session, id, content, ...how });
    });
    const sent = asked.then(
      () => undefined,
      (error: unknown) => this.#notSent(id, error),
    );
    this.#last = sent;
    const unknown = { seen: false, run: null, sentBack: null, takenBack: null };
    this.#pending.set(id, { id, sent, ...unknown, resolve, reject });
    return promise;
  }

  /** The history is read from its beginning again. */
  again(): void {
    for (const prompt of this.#pending.values()) prompt.seen = false;
  }

  /** The person wants it to stop: waiting prompts are withdrawn, then the run is ended; later prompts come after. */
  cancel(): Promise<void> {
    const waiting = [...this.#pending.values()];
    const done = this.#stop(waiting);
    this.#last = done.catch(() => undefined);
    return done;
  }

  async #stop(waiting: readonly Pending[]): Promise<void> {
    await Promise.all(waiting.map(({ sent }) => sent));
    for (const { id, run } of waiting) if (run === null) await this.#withdraw(id);
    await this.#patiently(() => this.#client.sessions.abort({ session: this.#session }));
  }

  /** The session is let go of, or gone: its runs go on, or are over, without this editor. */
  end(error: RequestError): void {
    for (const prompt of this.#pending.values()) prompt.reject(error);
    this.#pending.clear();
  }

  /** Entries in their order, each after its updates were sent. */
  async see(entry: Entry): Promise<void> {
    switch (entry.kind) {
      case 'prompt':
        this.#with(entry.id, (prompt) => (prompt.seen = true));
        break;
      case 'run_started':
        for (const id of entry.data.prompts) this.#takes(id, entry.runId);
        break;
      case 'delivery':
        this.#takes(entry.about, entry.runId);
        break;
      case 'queue':
        this.#queue(entry);
        break;
      case 'abort':
        if (entry.runId !== undefined) this.#aborted.add(entry.runId);
        if (entry.data.queue === 'withdraw') this.#withdrawn();
        break;
      case 'reset':
      case 'deletion':
        this.#withdrawn();
        break;
      case 'run_ended':
        await this.#runEnded(entry);
        break;
      default:
        break;
    }
  }

  #takes(id: string | undefined, run: string | undefined): void {
    this.#with(id, (prompt) => (prompt.run = run ?? prompt.run));
  }

  #with(id: string | undefined, change: (prompt: Pending) => void): void {
    const prompt = this.#pending.get(id ?? '');
    if (prompt !== undefined) change(prompt);
  }

  #notSent(id: string, error: unknown): void {
    // It may have come through without an answer: then it is shown like anybody else's.
    this.#own.delete(id);
    const { refusal } = error as Partial<RefusalError>;
    this.#take(id)?.reject(refusal === undefined ? (error as Error) : requestError(refusal));
  }

  #take(id: string | undefined): Pending | undefined {
    const prompt = this.#pending.get(id ?? '');
    if (prompt !== undefined) this.#pending.delete(prompt.id);
    return prompt;
  }

  #queue({ about, data }: EntryOf<'queue'>): void {
    if (data.change === 'requeued') {
      this.#with(about, (prompt) => {
        prompt.sentBack = prompt.run;
        prompt.run = null;
      });
    }
    if (data.change === 'withdrawn') {
      const prompt = this.#take(about);
      if (prompt?.takenBack) prompt.reject(prompt.takenBack);
      else prompt?.resolve({ stopReason: 'cancelled' });
    }
    if (data.change === 'indeterminate') {
      const message = 'The agent ended while it took this prompt: it may have it, or not.';
      this.#take(about)?.reject(new RequestError(-32_603, message, { code: 'indeterminate' }));
    }
  }

  /** What waited is gone with the queue. */
  #withdrawn(): void {
    for (const prompt of this.#pending.values()) {
      if (!prompt.seen || prompt.run !== null) continue;
      this.#take(prompt.id)?.resolve({ stopReason: 'cancelled' });
    }
  }

  async #runEnded({ runId, data }: EntryOf<'run_ended'>): Promise<void> {
    const aborted = this.#aborted.delete(runId ?? '');
    for (const prompt of this.#pending.values()) {
      if (prompt.run !== runId) continue;
      this.#pending.delete(prompt.id);
      settle(prompt, data, aborted);
    }
    if (data.outcome !== 'completed') await this.#afterFailure(runId, data);
  }

  /** A queue that is held would leave its editor waiting for ever, who has no way to release it. */
  async #afterFailure(run: string | undefined, ended: RunEnded): Promise<void> {
    const waiting = [...this.#pending.values()].filter(({ seen, run }) => seen && run === null);
    if (waiting.length === 0) return;
    const asked = { session: this.#session };
    const { session } = await this.#patiently(() => this.#client.sessions.get(asked));
    if (!session.held) return;
    const message = `The run before it ended as ${ended.outcome}, so it was taken back: send it again.`;
    for (const prompt of waiting) {
      // Its own run could not begin, such as that of an agent that does not start: that is the reason.
      prompt.takenBack =
        prompt.sentBack === run ? failureOf(ended) : requestError({ code: 'conflict', message });
      await this.#withdraw(prompt.id);
    }
  }

  async #withdraw(prompt: string): Promise<void> {
    try {
      const asked = { session: this.#session, prompt };
      await this.#patiently(() => this.#client.queue.withdraw(asked));
    } catch (error) {
      // The agent has it by now, or it is gone: the log says which.
      if (!(error instanceof RefusalError)) throw error;
      const { code } = error.refusal;
      if (code !== 'not_found' && code !== 'conflict') throw error;
    }
  }
}

function settle(prompt: Pending, ended: RunEnded, aborted: boolean): void {
  const { outcome, stopReason, usage } = ended;
  const killed = outcome === 'killed' && aborted;
  const reason = outcome === 'cancelled' || killed ? 'cancelled' : (stopReason ?? 'end_turn');
  const told = stopReasons.has(reason) ? (reason as acp.StopReason) : 'end_turn';
  // The protocol has words for a turn that met a limit or was refused, and none for one that failed.
  const said = told !== 'end_turn' && stopReason === told;
  if (outcome === 'completed' || told === 'cancelled' || (outcome === 'failed' && said)) {
    prompt.resolve({ stopReason: told, usage: usageOf(usage.tokens) });
    return;
  }
  prompt.reject(failureOf(ended));
}

function failureOf({ outcome, error }: RunEnded): RequestError {
  return failedRun(error ?? { category: 'unknown', message: `The run ended as ${outcome}.` });
}

function usageOf(tokens: Tokens): acp.Usage {
  return {
    totalTokens: sumOfTokens(tokens),
    inputTokens: tokens.input,
    outputTokens: tokens.output,
    thoughtTokens: tokens.thought,
    cachedReadTokens: tokens.cacheRead,
    cachedWriteTokens: tokens.cacheWrite,
  };
}

/** Editors that know us say in `_meta.turnkeep.delivery` that a prompt is to steer or to interrupt. */
function deliveryOf(meta: unknown): { delivery?: 'queue' | 'steer' | 'interrupt' } {
  const asked = isObject(meta) && isObject(meta['turnkeep'] ?? null) ? meta['turnkeep'] : {};
  const { delivery } = asked as { delivery?: unknown };
  if (delivery === undefined) return {};
  if (delivery === 'queue' || delivery === 'steer' || delivery === 'interrupt') return { delivery };
  throw refuse('invalid', 'delivery is queue, steer or interrupt.', { field: '_meta' });
}
