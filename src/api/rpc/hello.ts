import type { Duplex } from 'node:stream';
import type { RawData, WebSocket } from 'ws';
import { isObject } from '../../domain/json.ts';
import { RefusalError } from '../../domain/refusal.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Caller } from '../caller.ts';
import { binaryFrame, readRequest, resultText } from './request.ts';
import { textOf } from './socket.ts';

/** A browser cannot send headers with an upgrade: it has so long to say its half of the login. */
export const helloMs = 5000;
/** All that somebody may send of whom nothing is known yet, frames and what is around them. */
export const helloBytes = 4096;
/** For the answer to a close frame; who is nobody is not waited for longer. */
const lingerMs = 1000;

export interface Hello {
  page: string;
  /** How the page names itself. */
  client: string | undefined;
}

/** A socket that was opened, and the connection beneath it. */
export interface Opened {
  socket: WebSocket;
  wire: Duplex;
}

/**
 * Waits for the first message of a page's socket, `hello` with the page's half of the login, and answers it
 * once the caller is known. A socket that says anything else, more, or nothing, is closed: null.
 */
export function greet(
  opened: Opened,
  clock: Clock,
  authenticate: (hello: Hello) => Promise<Caller>,
): Promise<Caller | null> {
  return new Greeting(opened, clock, authenticate).caller;
}

class Greeting {
  readonly caller: Promise<Caller | null>;
  readonly #socket: WebSocket;
  readonly #wire: Duplex;
  readonly #clock: Clock;
  readonly #authenticate: (hello: Hello) => Promise<Caller>;
  readonly #resolve: (caller: Caller | null) => void;
  #over = false;
  #bytes = 0;
  #cancel: () => void;

  constructor(
    { socket, wire }: Opened,
    clock: Clock,
    authenticate: (hello: Hello) => Promise<Caller>,
  ) {
    const { promise, resolve } = Promise.withResolvers<Caller | null>();
    this.caller = promise;
    this.#resolve = resolve;
    this.#socket = socket;
    this.#wire = wire;
    this.#clock = clock;
    this.#authenticate = authenticate;
    this.#cancel = clock.after(helloMs, () => this.#end(4401, 'The page did not say who it is.'));
    // Counted as it comes in: a message that is not whole yet is held as well.
    wire.on('data', this.#count);
    socket.once('message', this.#heard);
    socket.once('close', this.#gone);
    socket.on('error', () => socket.terminate());
  }

  readonly #count = (bytes: Buffer): void => {
    this.#bytes += bytes.length;
    if (this.#bytes > helloBytes) this.#socket.terminate();
  };

  readonly #heard = (data: RawData, isBinary: boolean): void => {
    if (this.#over) return;
    // What comes before the answer is said too early.
    this.#socket.on('message', this.#early);
    const hello = readHello(data, isBinary);
    if (hello === undefined) return this.#end(4401, 'The first message of a page is hello.');
    this.#authenticate(hello).then(
      (caller) => this.#welcome(hello.id, caller),
      (error: unknown) => {
        const refused = error instanceof RefusalError;
        this.#end(refused ? 4401 : 1011, refused ? 'The console is logged out.' : 'Try again.');
      },
    );
  };

  readonly #early = (): void => this.#end(4401, 'Wait for the answer to hello.');

  readonly #gone = (): void => {
    this.#over = true;
    this.#leave();
    this.#resolve(null);
  };

  #welcome(id: string | number, caller: Caller): void {
    if (this.#over) return;
    this.#leave();
    this.#socket.send(resultText(id, '{}'));
    this.#resolve(caller);
  }

  #end(code: number, reason: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#cancel();
    this.#socket.close(code, reason);
    this.#cancel = this.#clock.after(lingerMs, () => this.#socket.terminate());
  }

  #leave(): void {
    this.#cancel();
    this.#wire.off('data', this.#count);
    this.#socket.off('message', this.#early);
    this.#socket.off('close', this.#gone);
  }
}

function readHello(
  data: RawData,
  isBinary: boolean,
): (Hello & { id: string | number }) | undefined {
  const read = isBinary ? binaryFrame() : readRequest(textOf(data));
  if ('error' in read || read.method !== 'hello' || !isObject(read.params)) return undefined;
  const { page, client } = read.params;
  if (typeof page !== 'string' || (client !== undefined && typeof client !== 'string')) {
    return undefined;
  }
  return { id: read.id, page, client };
}
