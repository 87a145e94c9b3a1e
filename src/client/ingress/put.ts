import { isObject, type Json } from '../../domain/json.ts';
import type { Answer, Attempt, IngressAccess } from './access.ts';
import {
  attempts,
  type Failure,
  isPassing,
  retryAfter,
  type Trying,
  type Verdict,
} from './attempts.ts';
import type { OnEvent } from './event.ts';
import { headOf, type Line } from './line.ts';

/** Lines for one log, and the head that they go after; null where none is known. */
export interface Putting {
  session: string;
  head: string | null;
  lines: readonly Line[];
}

/** What became of lines that were sent; all of them have the same fate. */
export type Put =
  /** `known`: for each line, whether it was in the log already. `batches`: the server takes many at once. */
  | { put: 'stored'; known: readonly boolean[]; head: string | null; batches: boolean }
  /** `head`: undefined where the server did not tell it. */
  | { put: 'conflict'; head: string | null | undefined }
  | { put: 'fenced' }
  /** `of` the entry: others may be taken. Of the log: none is. */
  | { put: 'rejected'; of: 'entry' | 'log'; status: number; message: string }
  /** One by one they may be taken. */
  | { put: 'too much' }
  | Failure;

const ndjson = 'application/x-ndjson';
const answerChars = 1024 * 1024;

/** Sends lines until their fate is known: one by itself, several as a batch that is stored whole or not at all. */
export async function put(access: IngressAccess, putting: Putting, trying: Trying): Promise<Put> {
  const sent = { ...request(putting), ...trying };
  const told = await attempts<Put>(access, sent, async (answer, attempt) => {
    const verdict = await verdictOf(answer, putting.lines);
    if ('done' in verdict) tell(access, verdict.done, { status: answer.status, attempt });
    return verdict;
  });
  return 'done' in told ? told.done : told;
}

function tell({ onEvent }: IngressAccess, told: Put, about: Parameters<OnEvent>[1]): void {
  if ('failed' in told) return;
  switch (told.put) {
    case 'stored':
      for (const known of told.known) onEvent(known ? 'duplicate' : 'stored', about);
      return;
    case 'too much':
      return onEvent('batch_split', about);
    case 'conflict':
    case 'fenced':
    case 'rejected':
      return onEvent(told.put, about);
  }
}

function request({ session, head, lines }: Putting): Attempt {
  const path = ingressPath(session);
  const last: Record<string, string> = head === null ? {} : { 'last-uuid': head };
  const [{ text: first, file } = { text: '', file: '' }] = lines;
  if (!isBatch(lines)) return { method: 'PUT', path, headers: last, body: first };
  const query = file === '' ? '' : `?${new URLSearchParams({ file }).toString()}`;
  const body = lines.map(({ text }) => `${text}\n`).join('');
  const headers = { ...last, 'content-type': ndjson };
  return { method: 'POST', path: `${path}${query}`, headers, body };
}

/** What a single entry cannot say is sent as a batch of one. */
function isBatch(lines: readonly Line[]): boolean {
  return lines.length > 1 || lines[0]?.file !== '';
}

export function ingressPath(session: string): string {
  return `/v1/session_ingress/session/${encodeURIComponent(session)}`;
}

async function verdictOf(answer: Answer, lines: readonly Line[]): Promise<Verdict<Put>> {
  const { status } = answer;
  const text = await answer.text(answerChars);
  const batch = isBatch(lines);
  const many = lines.length > 1;
  switch (status) {
    case 200:
    case 201:
      return batch ? stored(answer, text, lines.length) : storedOne(answer);
    case 409:
      return { done: { put: 'conflict', head: headOf(answer.header('x-last-uuid')) } };
    case 401:
    case 403:
      if (isFenced(text)) return { done: { put: 'fenced' } };
      return { refused: true, status };
    case 400:
    case 413:
    case 422:
      if (many) return { done: { put: 'too much' } };
      return { done: { put: 'rejected', of: 'entry', status, message: messageOf(text) } };
    default:
      if (isPassing(status)) return { again: 'retry', status, ...retryAfter(answer, Date.now()) };
      if (status < 400) return { again: 'nonsense', status };
      if (many) return { done: { put: 'too much' } };
      return { done: { put: 'rejected', of: 'log', status, message: messageOf(text) } };
  }
}

/** Its status says all, unless somebody on the way has answered instead of the server. */
function storedOne(answer: Answer): Verdict<Put> {
  const { status } = answer;
  if (/^text\/html/i.test(answer.header('content-type') ?? ''))
    return { again: 'nonsense', status };
  return {
    done: {
      put: 'stored',
      known: [status === 200],
      head: headOf(answer.header('x-last-uuid')) ?? null,
      batches: (answer.header('accept-post') ?? '').includes(ndjson),
    },
  };
}

function stored(answer: Answer, text: string, count: number): Verdict<Put> {
  const body = readJson(text);
  const entries = isObject(body) ? body['entries'] : undefined;
  const known = Array.isArray(entries)
    ? entries.flatMap((entry: Json) =>
        isObject(entry) && typeof entry['duplicate'] === 'boolean' ? [entry['duplicate']] : [],
      )
    : [];
  if (known.length !== count) return { again: 'nonsense', status: answer.status };
  const head = headOf(answer.header('x-last-uuid')) ?? null;
  return { done: { put: 'stored', known, head, batches: true } };
}

function isFenced(text: string): boolean {
  const { type, code } = errorOf(text);
  return type === 'fenced' || code === 'fenced';
}

function messageOf(text: string): string {
  const { message } = errorOf(text);
  return typeof message === 'string' ? message.slice(0, 1000) : 'The server does not say why.';
}

function errorOf(text: string): Readonly<Record<string, Json>> {
  const body = readJson(text);
  const error = isObject(body) ? body['error'] : undefined;
  return isObject(error) ? error : {};
}

function readJson(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return null;
  }
}
