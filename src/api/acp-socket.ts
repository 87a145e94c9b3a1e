import { type RawData, WebSocket } from 'ws';
import { refusalIn } from './answer.ts';
import { checkBounds, checkValues, parseJson } from './bounded-json.ts';
import type { Calls } from './calls.ts';
import type { Caller } from './caller.ts';
import type { CutReason, Open } from './live.ts';
import type { ServeEditor } from './options.ts';
import { MessageBudget } from './rpc/message-budget.ts';
import { closings, lingerMs, maxMissedPings, pingMs, textOf } from './rpc/socket.ts';

/** Messages that were read and not taken yet. */
const waitingMessages = 16;
const parseError = -32_700;
const invalidRequest = -32_600;

/**
 * One WebSocket of an editor. The rules of every socket hold: its token is looked at with each message, it ends
 * with its token, and one that asks and never reads holds itself up. What is asked runs as the token's
 * own calls, so there is nothing here that a token could gain.
 */
export class AcpSocket implements Open {
  readonly caller: Caller;
  readonly #socket: WebSocket;
  readonly #calls: Calls;
  readonly #budget: MessageBudget;
  readonly #served: { close(): void };
  #controller!: ReadableStreamDefaultController<object>;
  #ended = false;
  /** Reasons for which nothing is read. */
  #holds = 0;
  #isFull = false;
  #heard = true;
  #missedPings = 0;
  #cancelTimer: () => void;

  constructor(
    socket: WebSocket,
    caller: Caller,
    { calls, secret, serve }: { calls: Calls; secret: string; serve: ServeEditor },
  ) {
    this.caller = caller;
    this.#socket = socket;
    this.#calls = calls;
    this.#budget = new MessageBudget(calls.options.clock);
    this.#cancelTimer = calls.options.clock.after(pingMs, () => this.#ping());
    socket.on('error', () => this.#windDown());
    socket.on('pong', () => (this.#heard = true));
    socket.on('message', (data, isBinary) => this.#message(data, isBinary));
    socket.once('close', () => this.#finish());
    this.#served = serve({ secret, readable: this.#incoming(), writable: this.#outgoing() });
    calls.live.add(this);
    if (!calls.tokens.isCurrent(caller)) this.cut('token');
  }

  cut(reason: CutReason): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    const { code, reason: why } = closings[reason];
    this.#socket.close(code, why);
    this.#windDown();
  }

  #incoming(): ReadableStream<object> {
    return new ReadableStream<object>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => {
          if (!this.#isFull) return;
          this.#isFull = false;
          this.#release();
        },
        cancel: () => this.#socket.close(),
      },
      { highWaterMark: waitingMessages },
    );
  }

  /** A message counts as written when the editor's side of the socket has taken it. */
  #outgoing(): WritableStream<object> {
    return new WritableStream<object>({
      write: (message) =>
        new Promise((resolve, reject) => {
          this.#socket.send(JSON.stringify(message), { binary: false }, (error) => {
            if (error) reject(error);
            else resolve();
          });
        }),
      close: () => this.#socket.close(),
      abort: () => this.#socket.close(),
    });
  }

  #message(data: RawData, isBinary: boolean): void {
    this.#heard = true;
    if (this.#ended) return;
    if (!this.#calls.tokens.isCurrent(this.caller)) return this.cut('token');
    const restMs = this.#budget.take();
    if (restMs !== null) this.#rest(restMs);
    const read = isBinary
      ? { code: invalidRequest, message: 'Send messages in text frames.' }
      : readMessage(textOf(data));
    if ('code' in read) return this.#refuse(read);
    this.#controller.enqueue(read.message);
    if ((this.#controller.desiredSize ?? 0) > 0 || this.#isFull) return;
    this.#isFull = true;
    this.#hold();
  }

  /** Nothing more is read before the answer was taken. */
  #refuse(error: { code: number; message: string }): void {
    this.#hold();
    const text = JSON.stringify({ jsonrpc: '2.0', id: null, error });
    this.#socket.send(text, { binary: false }, () => this.#release());
  }

  #rest(ms: number): void {
    this.#hold();
    this.#calls.options.clock.after(ms, () => this.#release());
  }

  #hold(): void {
    this.#holds += 1;
    this.#socket.pause();
  }

  #release(): void {
    this.#holds -= 1;
    if (this.#holds === 0) this.#socket.resume();
  }

  #ping(): void {
    if (!this.#calls.tokens.isCurrent(this.caller)) return this.cut('token');
    this.#missedPings = this.#heard ? 0 : this.#missedPings + 1;
    if (this.#missedPings >= maxMissedPings) return this.#socket.terminate();
    this.#heard = false;
    this.#socket.ping();
    this.#cancelTimer = this.#calls.options.clock.after(pingMs, () => this.#ping());
  }

  /** The close frame is on its way; a peer that does not answer it is not waited for. */
  #windDown(): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#calls.options.clock.after(lingerMs, () => this.#socket.terminate());
    this.#end();
  }

  #finish(): void {
    this.#cancelTimer();
    this.#end();
    this.#calls.live.remove(this);
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#served.close();
  }
}

/** A JSON object, or why it is none. */
function readMessage(text: string): { message: object } | { code: number; message: string } {
  let code = invalidRequest;
  try {
    checkBounds(text);
    code = parseError;
    const value = parseJson(text);
    code = invalidRequest;
    checkValues(value);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return { message: value };
    }
    return { code, message: 'A message is a JSON object; batches are not taken.' };
  } catch (error) {
    const refusal = refusalIn(error);
    if (refusal === undefined) throw error;
    return { code, message: refusal.message };
  }
}
