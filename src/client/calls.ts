import type { RefusalError } from '../domain/refusal.ts';
import type { InputOf, OperationName, OutputOf, StreamName } from '../protocol/operations.ts';
import type { Connection } from './connection.ts';
import { callOverHttp, type HttpTarget } from './http-call.ts';
import { backOff, type Pace, pause, reasonOf } from './pace.ts';
import { isPassing, unavailable, waitAsked } from './refusal.ts';
import { prepare } from './repeat.ts';

/** Operations that one call answers; the others are feeds and streams. */
export type CallName = Exclude<OperationName, `feeds.${string}` | StreamName>;

export interface CallOptions {
  /** Of each attempt; default 30 s, and 2 minutes for an abort that waits. */
  timeoutMs?: number;
  /** Attempts in all for what may be repeated; default 4. */
  tries?: number;
  signal?: AbortSignal;
}

type Given<Name extends CallName> =
  Record<never, never> extends InputOf<Name>
    ? [input?: InputOf<Name>, options?: CallOptions]
    : [input: InputOf<Name>, options?: CallOptions];

/** `call('sessions.send', input)`: the output, or a `RefusalError`. */
export type Call = <Name extends CallName>(
  operation: Name,
  ...given: Given<Name>
) => Promise<OutputOf<Name>>;

type GroupOf<Name> = Name extends `${infer Group}.${string}` ? Group : never;

/** The same calls as `client.sessions.send(input)`. */
export type CallGroups = {
  readonly [Group in GroupOf<CallName>]: {
    readonly [Name in CallName as Name extends `${Group}.${infer Verb}` ? Verb : never]: (
      ...given: Given<Name>
    ) => Promise<OutputOf<Name>>;
  };
};

export interface CallPorts {
  target: HttpTarget;
  pace: Pace;
  /** A socket that is open and has room, if there is one. */
  readyConnection(): Connection | undefined;
}

const usualTimeoutMs = 30_000;
const abortTimeoutMs = 120_000;

/** Makes a call, again after a back-off where it may be repeated and the failure passes by itself. */
export async function makeCall(
  ports: CallPorts,
  operation: CallName,
  [given, options = {}]: [input?: object, options?: CallOptions],
): Promise<unknown> {
  const { input, repeatable } = prepare(operation, given ?? {});
  const waits = operation === 'sessions.abort' || operation === 'server.shutdown';
  const timeoutMs = options.timeoutMs ?? (waits ? abortTimeoutMs : usualTimeoutMs);
  const tries = repeatable ? (options.tries ?? 4) : 1;
  const one = { operation, input, timeoutMs, signal: options.signal };
  for (let attempt = 0; ; attempt += 1) {
    try {
      const connection = attempt === 0 ? ports.readyConnection() : undefined;
      return await (connection === undefined
        ? callOverHttp(ports.target, one)
        : callOverSocket(connection, ports.pace, one));
    } catch (error) {
      const { refusal } = error as Partial<RefusalError>;
      if (refusal === undefined || !isPassing(refusal.code) || attempt + 1 >= tries) throw error;
      const wait = Math.max(waitAsked(refusal), backOff(attempt, ports.pace.random()));
      await pause(ports.pace, wait, options.signal);
    }
  }
}

interface SocketTry {
  operation: CallName;
  input: object;
  timeoutMs: number;
  signal: AbortSignal | undefined;
}

function callOverSocket(connection: Connection, pace: Pace, one: SocketTry): Promise<unknown> {
  const { signal } = one;
  return new Promise((resolve, reject) => {
    const leave = () => {
      cancel();
      signal?.removeEventListener('abort', stop);
    };
    const stop = () => {
      leave();
      if (signal !== undefined) reject(reasonOf(signal));
    };
    const cancel = pace.after(one.timeoutMs, () => {
      leave();
      reject(unavailable(`No answer in ${one.timeoutMs} ms.`));
    });
    if (signal?.aborted === true) return stop();
    signal?.addEventListener('abort', stop, { once: true });
    const asker = {
      done: (result: unknown) => {
        leave();
        resolve(result);
      },
      failed: (error: RefusalError) => {
        leave();
        reject(error);
      },
    };
    const sent = connection.ask(one.operation, one.input, asker);
    if (!sent) asker.failed(unavailable('The connection is not open.'));
  });
}
