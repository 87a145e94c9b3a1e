import { isObject, type JsonObject } from '../domain/json.ts';
import { RefusalError } from '../domain/refusal.ts';
import type { OperationName } from '../protocol/operations.ts';
import { Answers, type Asker } from './answers.ts';
import {
  type ConnectionAction,
  type ConnectionEvent,
  type ConnectionState,
  connectionTable,
} from './connection-state.ts';
import { backOff, type Pace } from './pace.ts';
import { readRpcError, unavailable } from './refusal.ts';
import { closeCodes, type MakeSocket, type WebSocketLike } from './socket.ts';

/** A feed as the connection sees it. */
export interface Subscriber {
  /** Id of its session; null for the list of sessions. */
  readonly session: string | null;
  /** A socket is open: the feed must be opened on it. */
  opened(): void;
  notified(method: string, params: JsonObject): void;
  /** The socket is gone; `opened` follows when there is another. */
  dropped(): void;
  /** There will be no other socket. */
  failed(error: RefusalError): void;
}

export interface ConnectionOptions {
  /** Of `/rpc`. Asked for at each dial. */
  url(): Promise<string>;
  token(): Promise<string>;
  name: string | undefined;
  makeSocket: MakeSocket;
  pace: Pace;
}

/** Without a message for this long the server is asked whether it is there. */
const quietMs = 20_000;
const answerMs = 10_000;
/** A socket that is not open by then is given up. */
const openMs = 15_000;
/** Answers open at once; the server allows a few more. */
const openAnswers = 12;

/** The one WebSocket of a client: dials while somebody subscribes, routes answers and notifications. */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #subscribers = new Set<Subscriber>();
  readonly #answers = new Answers();
  #state: ConnectionState = 'idle';
  #socket: WebSocketLike | null = null;
  #attempt = 0;
  #refusals = 0;
  #cancelTimer: (() => void) | null = null;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /** Whether a call may go over the socket now. */
  get ready(): boolean {
    return this.isOpen && this.#answers.size < openAnswers;
  }

  /** A server keeps one feed of a session per socket. */
  serves(session: string | null): boolean {
    return [...this.#subscribers].some((subscriber) => subscriber.session === session);
  }

  subscribe(subscriber: Subscriber): void {
    this.#subscribers.add(subscriber);
    if (this.#state === 'open') subscriber.opened();
    else this.#happen('wanted');
  }

  unsubscribe(subscriber: Subscriber): void {
    this.#subscribers.delete(subscriber);
    if (this.#subscribers.size === 0) this.#happen('unwanted');
  }

  close(): void {
    this.#happen('close');
    const left = [...this.#subscribers];
    this.#subscribers.clear();
    for (const subscriber of left) subscriber.failed(unavailable('The client was closed.'));
  }

  /** Sends a request; the asker hears of it exactly once. Answers whether it could be sent. */
  ask(method: OperationName, params: object, asker: Asker): boolean {
    if (this.#state !== 'open' || this.#socket === null) return false;
    const id = this.#answers.add(asker);
    this.#socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    return true;
  }

  #happen(event: ConnectionEvent): void {
    const { to, action } = connectionTable[this.#state][event];
    this.#state = to;
    this.#act(action);
  }

  #act(action: ConnectionAction): void {
    switch (action) {
      case 'dial':
        void this.#dial();
        break;
      case 'announce':
        this.#attempt = 0;
        this.#refusals = 0;
        this.#listen();
        for (const subscriber of this.#subscribers) subscriber.opened();
        break;
      case 'back_off':
        this.#letGo();
        this.#startTimer(backOff(this.#attempt, this.#options.pace.random()), () =>
          this.#happen('due'),
        );
        this.#attempt += 1;
        for (const subscriber of this.#subscribers) subscriber.dropped();
        break;
      case 'hang_up':
        this.#letGo();
        break;
      case 'nothing':
        break;
    }
  }

  async #dial(): Promise<void> {
    this.#stopTimer();
    try {
      const token = await this.#options.token();
      const url = await this.#options.url();
      if (this.#state !== 'connecting' || this.#socket !== null) return;
      const { name, makeSocket } = this.#options;
      this.#attach(makeSocket(url, { token, name }));
      this.#startTimer(openMs, () => this.#happen('dropped'));
    } catch (error) {
      if (error instanceof RefusalError) this.#fail(error);
      else this.#happen('dropped');
    }
  }

  #attach(socket: WebSocketLike): void {
    this.#socket = socket;
    const current = () => this.#socket === socket;
    socket.onopen = () => {
      if (current()) this.#happen('opened');
    };
    socket.onmessage = ({ data }) => {
      if (current()) this.#receive(String(data));
    };
    socket.onclose = ({ code, reason }) => {
      if (current()) this.#closed(code, reason);
    };
    // The close event follows and says the same.
    socket.onerror = () => undefined;
  }

  #closed(code: number, reason: string): void {
    const refused = code === closeCodes.unauthenticated || code === closeCodes.forbidden;
    this.#refusals += refused ? 1 : 0;
    // Once more with a token that is asked for again: it may have been replaced.
    if (this.#refusals < 2) return this.#happen('dropped');
    const kind = code === closeCodes.forbidden ? 'forbidden' : 'unauthenticated';
    this.#fail(
      new RefusalError({ code: kind, message: reason || 'The server refuses the token.' }),
    );
  }

  #fail(error: RefusalError): void {
    const left = [...this.#subscribers];
    this.#subscribers.clear();
    this.#refusals = 0;
    this.#happen('unwanted');
    for (const subscriber of left) subscriber.failed(error);
  }

  #letGo(): void {
    this.#stopTimer();
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
    this.#answers.loseAll();
  }

  #receive(text: string): void {
    this.#listen();
    const message = readMessage(text);
    if (message === null) return this.#happen('dropped');
    const { id, method, params } = message;
    if (typeof method === 'string') {
      if (isObject(params)) this.#route(method, params);
      return;
    }
    const asker = this.#answers.take(id);
    if (message['error'] === undefined) asker?.done(message['result']);
    else asker?.failed(new RefusalError(readRpcError(message['error'])));
  }

  #route(method: string, params: JsonObject): void {
    const session = method === 'sessions.changed' ? null : params['session'];
    for (const subscriber of this.#subscribers) {
      if (subscriber.session === session) subscriber.notified(method, params);
    }
  }

  /** A message came: the server is there. Asks it after a while of silence. */
  #listen(): void {
    this.#startTimer(quietMs, () => {
      const cancel = this.#options.pace.after(answerMs, () => this.#happen('dropped'));
      const asked = this.ask('server.health', {}, { done: cancel, failed: cancel });
      if (!asked) cancel();
    });
  }

  #startTimer(ms: number, run: () => void): void {
    this.#stopTimer();
    this.#cancelTimer = this.#options.pace.after(ms, run);
  }

  #stopTimer(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
  }
}

function readMessage(text: string): JsonObject | null {
  try {
    const message: unknown = JSON.parse(text);
    return isObject(message) ? message : null;
  } catch {
    // What is no JSON is no answer of ours: the caller drops the socket and begins again.
    return null;
  }
}
