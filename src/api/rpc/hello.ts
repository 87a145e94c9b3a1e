import type { RawData, WebSocket } from 'ws';
import { isObject } from '../../domain/json.ts';
import { RefusalError } from '../../domain/refusal.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Caller } from '../caller.ts';
import { binaryFrame, readRequest, resultText } from './request.ts';
import { textOf } from './socket.ts';

/** A browser cannot send headers with an upgrade: it has so long to say its half of the login. */
export const helloMs = 5000;

export interface Hello {
  page: string;
  /** How the page names itself. */
  client: string | undefined;
}

/**
 * Waits for the first message of a page's socket, `hello` with the page's half of the login, and answers it
 * once the caller is known. A socket that says anything else, or nothing, is closed: null.
 */
export function greet(
  socket: WebSocket,
  clock: Clock,
  authenticate: (hello: Hello) => Promise<Caller>,
): Promise<Caller | null> {
  return new Promise((resolve) => {
    const end = (code: number, reason: string) => {
      cancel();
      socket.off('message', heard);
      socket.close(code, reason);
      resolve(null);
    };
    const cancel = clock.after(helloMs, () => end(4401, 'The page did not say who it is.'));
    const heard = (data: RawData, isBinary: boolean) => {
      socket.off('message', heard);
      // What comes before the answer is said too early.
      socket.on('message', early);
      const hello = readHello(data, isBinary);
      if (hello === undefined) return end(4401, 'The first message of a page is hello.');
      authenticate(hello).then(
        (caller) => {
          cancel();
          socket.off('message', early);
          socket.send(resultText(hello.id, '{}'));
          resolve(caller);
        },
        (error: unknown) => {
          const refused = error instanceof RefusalError;
          end(refused ? 4401 : 1011, refused ? 'The console is logged out.' : 'Try again.');
        },
      );
    };
    const early = () => end(4401, 'Wait for the answer to hello.');
    socket.on('message', heard);
    socket.once('close', () => {
      cancel();
      resolve(null);
    });
    socket.on('error', () => socket.terminate());
  });
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
