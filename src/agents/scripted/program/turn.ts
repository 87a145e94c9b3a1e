// What a turn can do to its session: speak, report, ask, wait.
import { setImmediate, setTimeout } from 'node:timers/promises';
import type { Answer, Connection, Params } from './connection.ts';
import type { Output } from './output.ts';
import type { Session } from './session.ts';

/** Tokens that this agent says its context holds. */
const contextSize = 200_000;

/** Updates in a row before other events get a chance. */
const burst = 64;

export type Speech = 'agent_message_chunk' | 'agent_thought_chunk';

export interface TurnParts {
  readonly session: Session;
  readonly connection: Connection;
  readonly output: Output;
  readonly signal: AbortSignal;
}

export class Turn {
  readonly session: Session;
  readonly output: Output;
  readonly signal: AbortSignal;
  /** Delay between chunks. */
  paceMs: number;
  /** Characters of a chunk; 0 streams word by word. */
  chunkLength = 0;
  /** Set by a directive; without one, four characters count as a token. */
  usage: { readonly input: number; readonly output: number } | undefined;
  cost = 0;
  /** The response is sent twice. */
  twoTerminals = false;
  /** Updates follow the response. */
  afterTerminal = false;
  /** What the agent says by itself when the turn is over. */
  readonly later: { readonly ms: number; readonly text: string }[] = [];
  readonly #connection: Connection;
  readonly #number: number;
  readonly #heard: number;
  /** Milliseconds after which a question is taken back, by its number in the turn. */
  readonly #withdrawals = new Map<number, number>();
  #questions = 0;
  #items = 0;
  #sent = 0;
  #spoken = 0;

  constructor({ session, connection, output, signal }: TurnParts, promptLength: number) {
    this.session = session;
    this.output = output;
    this.signal = signal;
    this.paceMs = session.model === 'brisk' ? 0 : 15;
    this.#heard = promptLength;
    this.#connection = connection;
    this.#number = session.beginTurn();
  }

  get promptId(): string {
    return `prompt_${this.#number}`;
  }

  /** Ids repeat from run to run of a script, and never within a conversation. */
  nextId(prefix: string): string {
    return `${prefix}_${this.#number}_${++this.#items}`;
  }

  async update(update: Params): Promise<void> {
    await this.#connection.notify('session/update', { sessionId: this.session.id, update });
    if (++this.#sent % burst === 0) await setImmediate();
    this.signal.throwIfAborted();
  }

  /** Reports the last state of a tool call, also when the turn has been cancelled, and remembers it. */
  async settleCall(call: Params): Promise<void> {
    const { id } = this.session;
    this.session.remember({ type: 'update', update: { ...call, sessionUpdate: 'tool_call' } });
    const update = { ...call, sessionUpdate: 'tool_call_update' };
    await this.#connection.notify('session/update', { sessionId: id, update });
  }

  /** Reports an update and remembers it for whoever loads the session. */
  async record(update: Params): Promise<void> {
    this.session.remember({ type: 'update', update });
    await this.update(update);
  }

  /** Streams one message or thought; what was said of it is remembered even when it is cut short. */
  async speak(speech: Speech, pieces: Iterable<string>): Promise<void> {
    const messageId = this.nextId('msg');
    const said: string[] = [];
    try {
      for (const piece of pieces) {
        for (const text of this.#chunks(piece)) {
          if (said.length > 0) await this.rest(this.paceMs);
          said.push(text);
          await this.update(chunk(speech, text, messageId));
        }
      }
    } finally {
      const text = said.join('');
      this.#spoken += text.length;
      if (text !== '') {
        this.session.remember({ type: 'update', update: chunk(speech, text, messageId) });
      }
    }
  }

  say(text: string): Promise<void> {
    return this.speak('agent_message_chunk', [text]);
  }

  /** Says a word whatever the state of the turn. */
  blurt(text: string): Promise<void> {
    const update = chunk('agent_message_chunk', text, this.nextId('msg'));
    return this.#connection.notify('session/update', { sessionId: this.session.id, update });
  }

  /** Of the questions from here on, the n-th is taken back so long after it was asked. */
  withdraw(nth: number, ms: number): void {
    this.#withdrawals.set(this.#questions + nth, ms);
  }

  /** Asks the client; a cancelled turn takes the question back. */
  async ask(method: string, params: Params): Promise<Answer> {
    const ms = this.#withdrawals.get((this.#questions += 1));
    const asked = { sessionId: this.session.id, ...params };
    if (ms === undefined) return this.#connection.request(method, asked, this.signal);
    const patience = AbortSignal.timeout(ms);
    const either = AbortSignal.any([this.signal, patience]);
    return this.#connection.request(method, asked, either).catch((error: unknown): Answer => {
      if (this.signal.aborted || !patience.aborted) throw error;
      return { ok: false, message: 'taken back', takenBack: true };
    });
  }

  async rest(ms: number): Promise<void> {
    if (ms > 0) await setTimeout(ms, undefined, { signal: this.signal });
    this.signal.throwIfAborted();
  }

  /** Reports the context that is used so far and what the session has cost. */
  async reportUsage(): Promise<void> {
    const { input, output } = this.finalUsage();
    const { used, cost } = this.session.spend(input + output, this.cost);
    await this.#connection.notify('session/update', {
      sessionId: this.session.id,
      update: {
        sessionUpdate: 'usage_update',
        used,
        size: contextSize,
        ...(cost > 0 ? { cost: { amount: cost, currency: 'USD' } } : {}),
      },
    });
  }

  finalUsage(): { readonly input: number; readonly output: number } {
    return this.usage ?? { input: Math.ceil(this.#heard / 4), output: Math.ceil(this.#spoken / 4) };
  }

  *#chunks(text: string): Generator<string, void> {
    if (this.chunkLength === 0) {
      for (const [word] of text.matchAll(/\s*\S+\s*|\s+/g)) yield word;
      return;
    }
    // By code points: half a surrogate pair is no character.
    const characters = Array.from(text);
    for (let at = 0; at < characters.length; at += this.chunkLength) {
      yield characters.slice(at, at + this.chunkLength).join('');
    }
  }
}

function chunk(sessionUpdate: string, text: string, messageId: string): Params {
  return { sessionUpdate, content: { type: 'text', text }, messageId };
}
