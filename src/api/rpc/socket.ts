import { WebSocket, type RawData } from 'ws';
import { limits } from '../../domain/limits.ts';
import { refuse, type Refusal } from '../../domain/refusal.ts';
import { operations } from '../../protocol/operations.ts';
import type { Calls } from '../calls.ts';
import type { Caller } from '../caller.ts';
import type { FrameBytes } from '../frame-bytes.ts';
import type { FeedName, UnaryName } from '../handler.ts';
import { operationNamed } from '../input.ts';
import type { CutReason, Open } from '../live.ts';
import { DrainWaiters, type Outlet } from '../outlet.ts';
import { MessageBudget } from './message-budget.ts';
import { binaryFrame, readRequest, refusalText, resultText, type RequestRead } from './request.ts';
import { SocketFeeds } from './socket-feeds.ts';

export const pingMs = 15_000;
export const maxMissedPings = 2;
export const lingerMs = 2000;
/**
 * 4401 tells a client that coming back with this token is of no use; 1001 that the server may
 * return.
 */
export const closings: Readonly<Record<CutReason, { code: number; reason: string }>> = {
  token: { code: 4401, reason: 'The token has ended.' },
  server: { code: 1001, reason: 'The server goes away.' },
};

type Request = Exclude<RequestRead, { error: string }>;

/**
 * One WebSocket: JSON-RPC requests in, answers and notifications out. While more than
 * `limits.socketBytes` wait to be taken nothing further is read from it, so that a caller that asks
 * and never reads holds its own requests up and no memory.
 */
export class RpcSocket implements Outlet, Open {
  readonly caller: Caller;
  #socket: WebSocket;
  #calls: Calls;
  #feeds: SocketFeeds;
  #waiters = new DrainWaiters(this);
  #budget: MessageBudget;
  /** Reasons for which nothing is read. */
  #holds = 0;
  #draining = false;
  #openAnswers = 0;
  #heard = true;
  #missedPings = 0;
  #cancelTimer: () => void;
  #cancelRest: (() => void) | undefined;

  constructor(socket: WebSocket, caller: Caller, parts: { calls: Calls; bytes: FrameBytes }) {
    this.caller = caller;
    this.#socket = socket;
    this.#calls = parts.calls;
    this.#budget = new MessageBudget(this.#calls.options.clock);
    this.#feeds = new SocketFeeds(parts.calls, caller, { outlet: this, bytes: parts.bytes });
    this.#cancelTimer = this.#calls.options.clock.after(pingMs, () => this.#ping());
    // A bad frame is an error of the socket, which closes it; unheard it would end the process.
    socket.on('error', () => this.#windDown());
    socket.on('pong', () => (this.#heard = true));
    socket.on('message', (data, isBinary) => this.#message(data, isBinary));
    socket.once('close', () => this.#finish());
    this.#calls.live.add(this);
    if (!this.#calls.tokens.isCurrent(caller)) this.cut('token');
  }

  get closed(): boolean {
    return this.#socket.readyState !== WebSocket.OPEN;
  }

  write(bytes: Uint8Array): void {
    this.#send(bytes);
  }

  buffered(): number {
    return this.#socket.bufferedAmount;
  }

  room(): Promise<() => void> {
    return this.#waiters.room();
  }

  cut(reason: CutReason): void {
    if (this.closed) return;
    const closing = closings[reason];
    this.#socket.close(closing.code, closing.reason);
    this.#windDown();
  }

  /** The close frame is on its way; a peer that does not answer it is not waited for. */
  #windDown(): void {
    this.#cancelTimer();
    this.#feeds.closeAll();
    this.#cancelTimer = this.#calls.options.clock.after(lingerMs, () => this.#socket.terminate());
    this.#waiters.check();
  }

  #send(data: Uint8Array | string, left?: () => void): void {
    if (this.closed) {
      left?.();
      return;
    }
    this.#socket.send(data, { binary: false }, () => {
      left?.();
      this.#waiters.check();
    });
    if (this.buffered() > limits.socketBytes) void this.#untilTaken();
  }

  async #untilTaken(): Promise<void> {
    if (this.#draining) return;
    this.#draining = true;
    this.#hold();
    await this.#waiters.wait();
    this.#draining = false;
    this.#release();
  }

  #hold(): void {
    this.#holds += 1;
    this.#socket.pause();
  }

  #release(): void {
    this.#holds -= 1;
    if (this.#holds === 0) this.#socket.resume();
  }

  #message(data: RawData, isBinary: boolean): void {
    this.#heard = true;
    if (this.closed) return;
    if (!this.#calls.tokens.isCurrent(this.caller)) return this.cut('token');
    const read = isBinary ? binaryFrame() : readRequest(textOf(data));
    const restMs = this.#budget.take();
    if (restMs !== null) this.#rest(restMs);
    if ('error' in read) this.#send(read.error);
    else if (restMs !== null) this.#send(refusalText(read.id, tooMany(restMs)));
    else void this.#answer(read);
  }

  /** What was read already is answered; what comes after it waits. */
  #rest(ms: number): void {
    if (this.#cancelRest !== undefined) return;
    this.#hold();
    this.#cancelRest = this.#calls.options.clock.after(ms, () => {
      this.#cancelRest = undefined;
      this.#release();
    });
  }

  /** An answer is open until the reader's side has taken it: asking without reading ends here. */
  async #answer(request: Request): Promise<void> {
    if (this.#openAnswers >= limits.socketAnswers) {
      const message = `At most ${limits.socketAnswers} answers may be open; wait for one.`;
      this.#send(refusalText(request.id, refuse('limited', message).refusal));
      return;
    }
    this.#openAnswers += 1;
    try {
      await this.#run(request);
    } catch (error) {
      const where = {
        request: this.#calls.options.clock.newId(),
        operation: request.method.slice(0, 100),
      };
      const refusal = this.#calls.refusalOf(error, where);
      this.#send(refusalText(request.id, refusal), () => (this.#openAnswers -= 1));
    }
  }

  async #run({ id, method, params }: Request): Promise<void> {
    const name = operationNamed(method);
    const done = () => (this.#openAnswers -= 1);
    if (operations[name].shape === 'feed') {
      const { output, sent } = await this.#feeds.run(name as FeedName, params);
      this.#send(resultText(id, JSON.stringify(output)), done);
      sent();
      return;
    }
    if (operations[name].shape !== 'unary') {
      throw refuse('unsupported', `${name} is a stream: ask it over HTTP, POST /v1/${name}.`);
    }
    const { text, left } = await this.#calls.run(name as UnaryName, params, this.caller);
    this.#send(resultText(id, text), () => {
      done();
      left();
    });
  }

  #ping(): void {
    if (!this.#calls.tokens.isCurrent(this.caller)) return this.cut('token');
    this.#missedPings = this.#heard ? 0 : this.#missedPings + 1;
    if (this.#missedPings >= maxMissedPings) return this.#socket.terminate();
    this.#heard = false;
    this.#socket.ping();
    this.#cancelTimer = this.#calls.options.clock.after(pingMs, () => this.#ping());
  }

  #finish(): void {
    this.#cancelTimer();
    this.#cancelRest?.();
    this.#feeds.closeAll();
    this.#calls.live.remove(this);
    this.#waiters.check();
  }
}

function tooMany(ms: number): Refusal {
  const { messagesPerSecond: most } = limits;
  return {
    code: 'limited',
    message: `A socket may send ${most} messages in a second: wait for answers.`,
    data: { retryAfter: ms / 1000 },
  };
}

export function textOf(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString();
  return Buffer.isBuffer(data) ? data.toString() : Buffer.from(data).toString();
}
