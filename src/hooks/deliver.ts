import { createHmac } from 'node:crypto';
import type { Clock } from '../ports/clock.ts';
import { type Program, startChild } from './child.ts';

/** One try to tell a hook of an event. */
export type Delivery =
  | { outcome: 'delivered' }
  /** `afterMs`: where the other side says when to come again. */
  | { outcome: 'failed'; message: string; afterMs?: number }
  /** It would be refused again. */
  | { outcome: 'refused'; message: string };

export interface Telling {
  /** JSON text. */
  body: string;
  signal: AbortSignal;
  clock: Clock;
}

/** A try lasts no longer. */
const tryMs = 10_000;
const outputChars = 2000;

/** `t=…,v1=…`: hex HMAC-SHA256 over the time, a dot and the body. */
export function signature(secret: string, seconds: number, body: string): string {
  const digest = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
  return `t=${seconds},v1=${digest}`;
}

export async function postWebhook(
  to: { url: string; secret: string; agent: string },
  { body, signal, clock }: Telling,
): Promise<Delivery> {
  const late = new AbortController();
  const cancel = clock.after(tryMs, () => late.abort());
  try {
    const response = await fetch(to.url, {
      method: 'POST',
      body,
      // Another place than the one that the operator named gets nothing.
      redirect: 'manual',
      signal: AbortSignal.any([signal, late.signal]),
      headers: {
        'content-type': 'application/json',
        'user-agent': to.agent,
        'turnkeep-signature': signature(to.secret, Math.floor(clock.now() / 1000), body),
      },
    });
    await response.body?.cancel();
    return answered(response, clock.now());
  } catch (error) {
    const message = late.signal.aborted ? `no answer in ${tryMs / 1000} s` : reasonOf(error);
    return { outcome: 'failed', message };
  } finally {
    cancel();
  }
}

function answered(response: Response, now: number): Delivery {
  const { status } = response;
  if (status >= 200 && status < 300) return { outcome: 'delivered' };
  const message = `answered ${status}`;
  if (status < 500 && ![408, 425, 429].includes(status)) return { outcome: 'refused', message };
  const afterMs = retryAfter(response.headers.get('retry-after'), now);
  return { outcome: 'failed', message, ...(afterMs === null ? {} : { afterMs }) };
}

/** Seconds or a date. */
function retryAfter(text: string | null, now: number): number | null {
  if (text === null) return null;
  if (/^\d{1,9}$/.test(text.trim())) return Number(text) * 1000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : Math.max(0, at - now);
}

/** The cause of a failed fetch lies below a message that says nothing. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  return cause instanceof Error ? `${error.message}: ${cause.message}` : error.message;
}

/** Runs a program with the event on its stdin; what it prints goes into the log, cut. */
export function runCommand(
  to: { command: Program; env: { readonly [name: string]: string } },
  telling: Telling,
  printed: (text: string) => void,
): Promise<Delivery> {
  const { body, signal, clock } = telling;
  return new Promise((resolve) => {
    const child = startChild({ ...to, stderr: 'pipe' });
    let output = '';
    const end = (delivery: Delivery): void => {
      cancel();
      signal.removeEventListener('abort', stopped);
      child.kill();
      if (output !== '') printed(output);
      output = '';
      resolve(delivery);
    };
    const stopped = (): void => end({ outcome: 'failed', message: 'the daemon is shutting down' });
    const late = (): void => end({ outcome: 'failed', message: `not done in ${tryMs / 1000} s` });
    const cancel = clock.after(tryMs, late);
    if (signal.aborted) return stopped();
    signal.addEventListener('abort', stopped, { once: true });
    for (const stream of [child.process.stdout, child.process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        output = (output + text).slice(0, outputChars);
      });
      stream?.on('error', () => undefined);
    }
    child.process.on('error', (error) => end({ outcome: 'failed', message: error.message }));
    child.process.on('exit', (code, by) => {
      if (code === 0) end({ outcome: 'delivered' });
      else end({ outcome: 'failed', message: `ended with ${code ?? by}` });
    });
    child.process.stdin?.end(`${body}\n`);
  });
}
