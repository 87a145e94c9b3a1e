import { backOff, pause, reasonOf } from '../pace.ts';
import { type Answer, type Attempt, attempt, type IngressAccess } from './access.ts';
import { type Deadline, TimeoutError } from './deadline.ts';
import { Tokens } from './tokens.ts';

/** What an answer leads to. */
export type Verdict<Result> =
  | { done: Result }
  /** It is asked again: later, or because no server of logs answers like that. */
  | { again: 'retry' | 'nonsense'; status: number; waitMs?: number }
  /** The token is not taken. */
  | { refused: true; status: number };

/** Why nothing came of it. */
export interface Failure {
  failed: 'no_credential' | 'gave_up';
  status: number | null;
}

export interface Trying {
  deadline: Deadline;
  /** Nobody wants it any more: then it throws. */
  signal: AbortSignal;
}

type Take<Result> = (answer: Answer, count: number) => Promise<Verdict<Result>>;
type Step<Result> =
  | { done: Result }
  | { status: number | null; waitMs: number | null; token: 'good' | 'refused' | 'none' | 'failed' };

/**
 * Attempts until one brings something, with a back-off that honours what the server asks for. Throws only
 * where `signal` ends it; all else is an answer.
 */
export async function attempts<Result>(
  access: IngressAccess,
  { deadline, signal, ...sent }: Attempt & Trying,
  take: Take<Result>,
): Promise<{ done: Result } | Failure> {
  const ended = AbortSignal.any([signal, deadline.signal]);
  const tokens = new Tokens(access);
  const fail = (failed: Failure['failed'], status: number | null, count: number): Failure => {
    access.onEvent(failed, { status, attempt: count });
    return { failed, status };
  };
  /** Of the last answer, and of the last one that did not take the token. */
  let answered: number | null = null;
  let refused: number | null = null;
  for (let count = 1; ; count += 1) {
    const step = await once(access, { sent, tokens, ended, count }, take);
    if ('done' in step) return step;
    signal.throwIfAborted();
    const { status, token } = step;
    answered = status ?? answered;
    if (token === 'refused') refused = status;
    if (token === 'none') return fail('no_credential', refused, count);
    const ms = step.waitMs ?? backOff(count - 1, access.pace.random());
    if (await waited(access, ms, ended)) continue;
    if (signal.aborted) throw reasonOf(signal);
    return fail(token === 'failed' ? 'no_credential' : 'gave_up', answered, count);
  }
}

async function once<Result>(
  access: IngressAccess,
  {
    sent,
    tokens,
    ended,
    count,
  }: { sent: Attempt; tokens: Tokens; ended: AbortSignal; count: number },
  take: Take<Result>,
): Promise<Step<Result>> {
  const told = await tokens.next(ended);
  if (told === 'none') return { status: null, waitMs: 0, token: 'none' };
  if (told === 'failed') {
    access.onEvent('token_failed', { status: null, attempt: count });
    return { status: null, waitMs: null, token: 'failed' };
  }
  try {
    const asked = { ...sent, ...told, signal: ended };
    const verdict = await attempt(access, asked, (answer) => take(answer, count));
    if ('done' in verdict) return verdict;
    const { status } = verdict;
    if ('refused' in verdict) {
      access.onEvent('token_refused', { status, attempt: count });
      tokens.refuse(told.token);
      return { status, waitMs: 0, token: 'refused' };
    }
    access.onEvent(verdict.again, { status, attempt: count });
    const least = backOff(count - 1, access.pace.random());
    return { status, waitMs: Math.max(least, verdict.waitMs ?? 0), token: 'good' };
  } catch (error) {
    // Without its text, which may name what was sent.
    const code = error instanceof TimeoutError ? 'timeout' : 'network';
    access.onEvent(code, { status: null, attempt: count });
    return { status: null, waitMs: null, token: 'good' };
  }
}

async function waited({ pace }: IngressAccess, ms: number, ended: AbortSignal): Promise<boolean> {
  try {
    await pause(pace, ms, ended);
    return true;
  } catch {
    return false;
  }
}

/** Timers take no more, and call back at once where they are given more. */
const longestTimerMs = 2 ** 31 - 1;

/** Milliseconds that a server asks to wait, in seconds or as a date; undefined where it asks for nothing. */
export function retryAfter(answer: Answer, now: number): { waitMs?: number } {
  const text = answer.header('retry-after');
  if (text === null || text.trim() === '') return {};
  const seconds = Number(text);
  const ms = Number.isNaN(seconds) ? Date.parse(text) - now : seconds * 1000;
  return Number.isFinite(ms) && ms > 0 ? { waitMs: Math.min(ms, longestTimerMs) } : {};
}

/** Answers that pass by themselves. */
export function isPassing(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || status >= 500;
}
