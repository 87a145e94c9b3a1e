import { backOff, pause } from '../pace.ts';
import { type Answer, type IngressAccess } from './access.ts';
import { TimeoutError } from './deadline.ts';
import {
  attempts,
  type Failure,
  isPassing,
  retryAfter,
  type Trying,
  type Verdict,
} from './attempts.ts';
import { JsonCutter, NotThatJson } from './json-cutter.ts';

/** One value of a log, or page of values, as long as all that come of it. */
const valueChars = 64 * 1024 * 1024;

export interface Page {
  path: string;
  /** The member of the answer whose elements are read. */
  array: string;
}

export type PageEnd =
  /** All of it came; `others`: its other members, as texts. */
  | { whole: true; others: ReadonlyMap<string, string> }
  | { whole: false; why: 'missing' | 'refused' | 'changed' | 'nonsense' | Failure['failed'] };

/**
 * The elements of one answer, each as its very text, as they come. An answer that breaks off is asked for
 * again and goes on where it broke: what was told before must be the same.
 */
export async function* readPage(
  access: IngressAccess,
  page: Page,
  trying: Trying,
): AsyncGenerator<string, PageEnd, undefined> {
  const told = { count: 0, last: '' };
  for (let broken = 0; ; broken += 1) {
    const before = told.count;
    const opened = await attempts(access, { method: 'GET', path: page.path, ...trying }, openedBy);
    if ('failed' in opened) return { whole: false, why: opened.failed };
    const { done } = opened;
    if (typeof done === 'string') return { whole: false, why: done };
    const end = yield* readOnce(done, { page, told, trying });
    if (typeof end !== 'string') return end;
    const code = end === 'nonsense' || end === 'timeout' ? end : 'network';
    access.onEvent(code, { status: done.status, attempt: broken + 1 });
    if (told.count > before) broken = 0;
    if (!(await waited(access, broken, trying))) {
      return { whole: false, why: end === 'nonsense' ? end : 'gave_up' };
    }
  }
}

async function openedBy(answer: Answer): Promise<Verdict<Answer | 'missing' | 'refused'>> {
  const { status } = answer;
  if (status === 200) return { done: answer };
  await answer.text(1024);
  if (status === 404 || status === 410) return { done: 'missing' };
  if (status === 401 || status === 403) return { refused: true, status };
  if (isPassing(status)) return { again: 'retry', status, ...retryAfter(answer, Date.now()) };
  return status < 400 ? { again: 'nonsense', status } : { done: 'refused' };
}

interface Told {
  count: number;
  last: string;
}

/** One answer, without what was told before; a word says how it broke off. */
async function* readOnce(
  answer: Answer,
  { page, told, trying }: { page: Page; told: Told; trying: Trying },
): AsyncGenerator<string, PageEnd | 'cut' | 'nonsense' | 'timeout', undefined> {
  const { deadline, signal } = trying;
  const cutter = new JsonCutter(page.array, valueChars);
  let count = 0;
  try {
    for await (const text of elements(answer, cutter)) {
      count += 1;
      if (count < told.count) continue;
      if (count === told.count) {
        if (text !== told.last) return { whole: false, why: 'changed' };
        continue;
      }
      Object.assign(told, { count, last: text });
      // How long its reader takes is not the server's time.
      deadline.end();
      yield text;
      deadline.renew();
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof NotThatJson) return 'nonsense';
    return error instanceof TimeoutError ? 'timeout' : 'cut';
  }
  if (!cutter.whole) return 'cut';
  if (count < told.count) return { whole: false, why: 'changed' };
  return { whole: true, others: cutter.others };
}

async function* elements(
  answer: Answer,
  cutter: JsonCutter,
): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: false });
  for await (const piece of answer.pieces()) {
    yield* cutter.push(decoder.decode(piece, { stream: true }));
  }
  yield* cutter.push(decoder.decode());
}

async function waited(
  { pace }: IngressAccess,
  broken: number,
  { deadline, signal }: Trying,
): Promise<boolean> {
  try {
    const ended = AbortSignal.any([signal, deadline.signal]);
    await pause(pace, backOff(broken, pace.random()), ended);
    return true;
  } catch (error) {
    if (signal.aborted) throw error;
    return false;
  }
}
