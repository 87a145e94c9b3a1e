import type { FailureCategory, RunFailure } from '../../domain/entry.ts';
import type { Json, JsonObject } from '../../domain/json.ts';
import { errorCodes } from './json-rpc.ts';
import { countAt, memberAt, objectAt, textAt } from '../shape.ts';

/** Names that agents give to failures of their model service, in `data` of an error. */
const namedCategories: { readonly [name: string]: FailureCategory } = {
  authentication_failed: 'auth',
  oauth_org_not_allowed: 'auth',
  ProviderAuthError: 'auth',
  billing_error: 'limit',
  rate_limit: 'limit',
  max_output_tokens: 'limit',
  MessageOutputLengthError: 'limit',
  overloaded: 'service',
  server_error: 'service',
  invalid_request: 'request',
  model_not_found: 'request',
};

const codeCategories: { readonly [code: string]: FailureCategory } = {
  [errorCodes.authRequired]: 'auth',
  [errorCodes.resourceNotFound]: 'request',
  [errorCodes.invalidParams]: 'request',
  [errorCodes.methodNotFound]: 'protocol',
  '-32600': 'protocol',
  '-32700': 'protocol',
};

const lostConnection =
  /ECONNREFUSED|ECONNRESET|ENOTFOUND|ETIMEDOUT|EPIPE|fetch failed|socket hang up|connection (error|refused|reset|lost)/i;

/** All that some agents say of a stream that broke off, with a status that no service told. */
const brokenStream = /^\s*terminated\s*$/;

const messageChars = 4096;

/** A message longer than this is never nothing but an error. */
export const failureTextChars = 2048;

/** Why a request failed, from its JSON-RPC error. */
export function failureOfError(error: JsonObject): RunFailure {
  const message = textAt(error, 'message') ?? 'The agent gave no reason.';
  const detail =
    textAt(objectAt(error, 'data'), 'message') ?? textAt(objectAt(error, 'data'), 'details');
  const whole =
    detail === undefined || message.includes(detail) ? message : `${message}: ${detail}`;
  if (brokenStream.test(whole)) return failure('connection', whole);
  const status = statusOf(error, whole) ?? statusBefore(detail ?? '');
  const category =
    categoryOf(error, status) ?? (lostConnection.test(whole) ? 'connection' : 'unknown');
  return failure(category, whole, status);
}

/** Why a turn failed, from a message that is nothing but an error. */
export function failureOfText(text: string): RunFailure {
  if (brokenStream.test(text)) return failure('connection', text.trim());
  const status = statusIn(text);
  const category =
    categoryOfStatus(status) ?? (lostConnection.test(text) ? 'connection' : 'unknown');
  return failure(category, text.trim(), status);
}

/** A typed failure: `_meta.jetbrains.air.sessionFailure`, which both official adapters send when asked. */
export interface TypedFailure {
  severity: 'warning' | 'error';
  failure: RunFailure;
}

const typedCategories: { readonly [category: string]: FailureCategory } = {
  access: 'auth',
  limit: 'limit',
  request: 'request',
  service: 'service',
  connection: 'connection',
};

/** What has a severity that we do not know is an error: success needs evidence (R3). */
export function typedFailureOf(carrier: Json): TypedFailure | undefined {
  const told = objectAt(carrier, '_meta', 'jetbrains', 'air', 'sessionFailure');
  if (told === undefined) return undefined;
  const title = textAt(told, 'title') ?? 'The agent reported a failure.';
  const details = textAt(told, 'details');
  const message = details === undefined ? title : `${title}: ${details}`;
  const name = textAt(told, 'category') ?? 'unknown';
  const category = Object.hasOwn(typedCategories, name) ? typedCategories[name] : undefined;
  const severity = textAt(told, 'severity') === 'warning' ? 'warning' : 'error';
  const status = statusIn(message);
  // Whatever an adapter cannot sort is of the service to it: a status says more.
  const vague = category === undefined || category === 'service';
  const sorted = (vague ? categoryOfStatus(status) : undefined) ?? category ?? 'unknown';
  return { severity, failure: failure(sorted, message, status) };
}

export function failure(category: FailureCategory, message: string, status?: number): RunFailure {
  const text = message.slice(0, messageChars);
  return status === undefined ? { category, message: text } : { category, message: text, status };
}

function categoryOf(error: JsonObject, status: number | undefined): FailureCategory | undefined {
  const code = memberAt(error, 'code');
  const byCode = typeof code === 'number' ? codeCategories[String(code)] : undefined;
  const data = objectAt(error, 'data');
  const name = textAt(data, 'errorKind') ?? textAt(data, 'errorName') ?? textAt(data, 'type') ?? '';
  const byName = Object.hasOwn(namedCategories, name) ? namedCategories[name] : undefined;
  return byCode ?? categoryOfStatus(status) ?? byName;
}

function categoryOfStatus(status: number | undefined): FailureCategory | undefined {
  if (status === undefined) return undefined;
  if (status === 401 || status === 403) return 'auth';
  if (status === 402 || status === 429) return 'limit';
  return status >= 500 ? 'service' : 'request';
}

function statusOf(error: JsonObject, message: string): number | undefined {
  const data = objectAt(error, 'data');
  const told = [
    countAt(data, 'status'),
    countAt(data, 'statusCode'),
    countAt(data, 'httpStatus'),
    countAt(error, 'code'),
  ];
  return told.find((value) => value !== undefined && isFailureStatus(value)) ?? statusIn(message);
}

/** Only numbers that the text itself calls a status or an API error: prose has many numbers. */
function statusIn(text: string): number | undefined {
  const found = /(?:API error|HTTP|status(?: code)?|"code")\W{0,3}(?:repeated )?([45]\d\d)\b/i.exec(
    text.slice(0, messageChars),
  );
  return found?.[1] === undefined ? undefined : Number(found[1]);
}

/** Libraries of model services put the status before what the service said. */
function statusBefore(detail: string): number | undefined {
  const found = /^([45]\d\d) \S/.exec(detail);
  return found === null ? undefined : Number(found[1]);
}

function isFailureStatus(value: number): boolean {
  return Number.isInteger(value) && value >= 400 && value <= 599;
}
