import { WebSocket } from 'ws';
import { type Answers, type Asker, type Entry, type Operation, Refused, type Row } from './wire.ts';

type Message =
  | { id: number; result: unknown }
  | { id: number; error: { code: number; message: string; data: { code: string } } }
  | { method: string; params: never };

export interface Changed {
  session: string;
  key: string | null;
  reasons: readonly string[];
  row: Row | null;
}

type Heard =
  | { method: 'entry'; params: { session: string; entry: Entry; sealed?: boolean } }
  | {
      method: 'partial';
      params: { session: string; entryId: string; part: string; offset: number; text: string };
    }
  | { method: 'feed.state'; params: { session: string; state: string } }
  | { method: 'sessions.changed'; params: Changed };

/** JSON-RPC 2.0 over the WebSocket `/rpc`. */
export class Socket implements Asker {
  readonly #socket: WebSocket;
  readonly #open = new Map<number, (message: Exclude<Message, { method: string }>) => void>();
  readonly #listeners = new Set<(heard: Heard) => void>();
  #last = 0;
  /** Bytes of all messages that came, and of notifications among them. */
  bytes = 0;
  notifiedBytes = 0;
  /** The close code, once it is closed. */
  readonly closed: Promise<number>;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data) => this.#message(data as Buffer));
    this.closed = new Promise((resolve) => socket.once('close', resolve));
  }

  static async open(url: string, token: string): Promise<Socket> {
    const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/rpc`, {
      headers: { authorization: `Bearer ${token}` },
      perMessageDeflate: false,
    });
    const opened = new Socket(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('open', () => resolve());
      socket.once('error', reject);
    });
    // Later it is told by its close.
    socket.on('error', () => undefined);
    return opened;
  }

  /** Rejects with the refusal; with another error where the socket closes before the answer. */
  async call<Name extends Operation>(name: Name, input: object = {}): Promise<Answers[Name]> {
    const id = (this.#last += 1);
    const answered = new Promise<Exclude<Message, { method: string }>>((resolve) =>
      this.#open.set(id, resolve),
    );
    this.#socket.send(JSON.stringify({ jsonrpc: '2.0', id, method: name, params: input }));
    const lost = this.closed.then((code) => {
      throw new Error(`The socket closed with ${code} before ${name} was answered.`);
    });
    const message = await Promise.race([answered, lost]);
    if ('result' in message) return message.result as Answers[Name];
    const { message: text, data } = message.error;
    throw new Refused({ ...data, message: text });
  }

  hear(listener: (heard: Heard) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#socket.close();
    await this.closed;
  }

  #message(data: Buffer): void {
    this.bytes += data.length;
    const message = JSON.parse(data.toString()) as Message;
    if (!('method' in message)) {
      this.#open.get(message.id)?.(message);
      this.#open.delete(message.id);
      return;
    }
    this.notifiedBytes += data.length;
    for (const listener of this.#listeners) listener(message as Heard);
  }
}
