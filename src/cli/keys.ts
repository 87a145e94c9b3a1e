import { createInterface } from 'node:readline/promises';
import type { Io } from './io.ts';

/** One key of the terminal. Ctrl-C is the key `\u0003` while this waits. */
export function readKey(io: Io, signal: AbortSignal): Promise<string> {
  const { stdin } = io;
  return new Promise((resolve, reject) => {
    const leave = () => {
      stdin.off('data', take);
      signal.removeEventListener('abort', stop);
      stdin.setRawMode(false);
      stdin.pause();
    };
    const take = (data: Buffer | string) => {
      leave();
      resolve(data.toString().slice(0, 1));
    };
    const stop = () => {
      leave();
      reject(new Error('no longer asked'));
    };
    if (signal.aborted) return reject(new Error('no longer asked'));
    signal.addEventListener('abort', stop, { once: true });
    stdin.setRawMode(true);
    stdin.on('data', take);
    stdin.resume();
  });
}

/** Every key of the terminal, escape sequences whole, until the answer is called. */
export function listenKeys({ stdin }: Io, pressed: (key: string) => void): () => void {
  const take = (data: Buffer | string) => {
    // oxlint-disable-next-line no-control-regex -- keys are control characters
    for (const key of data.toString().match(/\u001B\[[0-9;]*[A-Za-z~]|\u001BO.|[^]/g) ?? []) {
      pressed(key);
    }
  };
  stdin.setRawMode(true);
  stdin.on('data', take);
  stdin.resume();
  return () => {
    stdin.off('data', take);
    stdin.setRawMode(false);
    stdin.pause();
  };
}

/** One line of the terminal; null at Ctrl-D and Ctrl-C. */
export async function readLine(
  io: Io,
  prompt: string,
  signal?: AbortSignal,
): Promise<string | null> {
  const lines = createInterface({ input: io.stdin, output: process.stdout, terminal: io.outIsTty });
  const ended = Promise.withResolvers<null>();
  lines.on('close', () => ended.resolve(null));
  try {
    const question =
      signal === undefined ? lines.question(prompt) : lines.question(prompt, { signal });
    return await Promise.race([question.catch(() => null), ended.promise]);
  } finally {
    lines.close();
  }
}

/** Everything that is piped in. */
export async function readAll(io: Io): Promise<string> {
  let text = '';
  io.stdin.setEncoding('utf8');
  for await (const chunk of io.stdin) text += String(chunk);
  return text;
}
