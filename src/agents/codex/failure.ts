import type { FailureCategory, RunFailure } from '../../domain/entry.ts';
import { isObject, type Json, type JsonObject } from '../../domain/json.ts';
import { countAt, memberAt, objectAt, textAt } from '../shape.ts';

const messageChars = 4096;

export interface Ending {
  readonly outcome: 'completed' | 'cancelled' | 'failed';
  readonly stopReason?: string;
  readonly error?: RunFailure;
}

export function failure(category: FailureCategory, message: string, status?: number): RunFailure {
  const text = message.slice(0, messageChars);
  return status === undefined ? { category, message: text } : { category, message: text, status };
}

/** Codex's own names of what went wrong (`codexErrorInfo`), where no HTTP status says more. */
const namedCategories: { readonly [name: string]: FailureCategory } = {
  activeTurnNotSteerable: 'request',
  badRequest: 'request',
  contextWindowExceeded: 'limit',
  cyberPolicy: 'request',
  flexUnavailable: 'service',
  httpConnectionFailed: 'connection',
  inferenceHookDenied: 'request',
  internalServerError: 'service',
  misalignmentPolicyViolation: 'request',
  modelNotFound: 'request',
  policyCapacityUnavailable: 'service',
  rateLimitExceeded: 'limit',
  responseStreamConnectionFailed: 'connection',
  responseStreamDisconnected: 'connection',
  responseTooManyFailedAttempts: 'connection',
  serverOverloaded: 'service',
  sessionBudgetExceeded: 'limit',
  tooManyDenials: 'request',
  unauthorized: 'auth',
  usageLimitExceeded: 'limit',
};

/** Where the name is `other`, only the words tell. */
const words: readonly (readonly [RegExp, FailureCategory])[] = [
  [
    /stream disconnected|error sending request|connection (refused|reset)|timed? ?out/i,
    'connection',
  ],
  // Of a provider whose key is looked for there.
  [/^Missing environment variable/, 'auth'],
  [/reason: (max_output_tokens|max_tokens)/, 'limit'],
  [/reason: content_filter|"type": ?"invalid_request_error"/, 'request'],
];

/** How a turn ended, by `turn/completed`. Only its own word that it did is a success (R3). */
export function endingOf(turn: Json): Ending {
  const status = textAt(turn, 'status') ?? 'unknown';
  const error = objectAt(turn, 'error');
  if (status === 'completed' && error === undefined) return { outcome: 'completed' };
  if (status === 'interrupted') return { outcome: 'cancelled', stopReason: status };
  if (error !== undefined) return { outcome: 'failed', error: failureOf(error) };
  const message = `Codex ended the turn without a reason (${status.slice(0, 80)}).`;
  return {
    outcome: 'failed',
    error: failure(status === 'failed' ? 'unknown' : 'protocol', message),
  };
}

/** A failure as `TurnError` tells it. */
export function failureOf(error: JsonObject): RunFailure {
  const message = textAt(error, 'message') ?? 'Codex gave no reason.';
  const info = memberAt(error, 'codexErrorInfo') ?? null;
  const [name = ''] = typeof info === 'string' ? [info] : isObject(info) ? Object.keys(info) : [];
  const status = isObject(info) ? countAt(memberAt(info, name), 'httpStatusCode') : undefined;
  const byName = Object.hasOwn(namedCategories, name) ? namedCategories[name] : undefined;
  const byWords = words.find(([pattern]) => pattern.test(message))?.[1];
  const category = categoryOfStatus(status) ?? byName ?? byWords ?? 'unknown';
  return failure(category, plain(message), status);
}

const answered =
  /^\{"error":[\s\S]*?"message": ?("(?:[^"\\\p{Cc}]|\\["\\/bfnrt]|\\u[0-9a-f]{4})*")/iu;

/** What the service says of a bad request comes as its whole answer. */
function plain(message: string): string {
  const said = answered.exec(message.slice(0, messageChars))?.[1];
  return said === undefined ? message : (JSON.parse(said) as string);
}

/** Why a request failed, by the error of its answer. */
export function refusalOf(error: JsonObject): string {
  return (textAt(error, 'message') ?? 'Codex gave no reason.').slice(0, messageChars);
}

function categoryOfStatus(status: number | undefined): FailureCategory | undefined {
  if (status === undefined || status < 400) return undefined;
  if (status === 401 || status === 403) return 'auth';
  if (status === 402 || status === 429) return 'limit';
  return status >= 500 ? 'service' : 'request';
}
