import type { FailureCategory, RunFailure } from '../../domain/entry.ts';
import { isObject, type Json } from '../../domain/json.ts';
import { countAt, listAt, memberAt, textAt } from '../shape.ts';
import type { Ending } from './state.ts';

const messageChars = 4096;

export function failure(category: FailureCategory, message: string, status?: number): RunFailure {
  const text = message.slice(0, messageChars);
  return status === undefined ? { category, message: text } : { category, message: text, status };
}

/** Claude Code's own names of what went wrong where no HTTP status says it. */
const namedCategories: { readonly [name: string]: FailureCategory } = {
  api_key_auth_disabled: 'auth',
  authentication_error: 'auth',
  authentication_failed: 'auth',
  invalid_credential_header: 'auth',
  oauth_org_not_allowed: 'auth',
  org_disabled_credential: 'auth',
  permission_error: 'auth',
  provider_credentials: 'auth',
  stored_login_refused: 'auth',
  billing_error: 'limit',
  long_context_credits_required: 'limit',
  max_output_tokens: 'limit',
  message_over_context_limit: 'limit',
  model_requires_usage_credits: 'limit',
  rate_limit: 'limit',
  rate_limit_error: 'limit',
  usage_limit_reached: 'limit',
  api_error: 'service',
  empty_completion: 'service',
  no_response: 'service',
  overloaded: 'service',
  overloaded_error: 'service',
  server_error: 'service',
  computer_slept: 'connection',
  connection_failed: 'connection',
  network_edge_blocked: 'connection',
  stream_idle_timeout: 'connection',
  tls_cert_signature_failure: 'connection',
  tls_untrusted_ca: 'connection',
  invalid_request: 'request',
  invalid_request_error: 'request',
  model_not_found: 'request',
  not_found_error: 'request',
  pdf_password_protected: 'request',
  pdf_too_large: 'request',
};

/** `subtype` of results that failed by a limit of the conversation. */
const limitSubtypes: { readonly [subtype: string]: string } = {
  error_max_turns: 'The turn reached the limit of requests to the model.',
  error_max_budget_usd: 'The turn reached its budget.',
  error_max_structured_output_retries: 'The turn reached the limit of attempts at its output.',
};

/** Stop reasons of the model that no turn ends well with. */
const badStops: { readonly [reason: string]: RunFailure } = {
  refusal: failure('request', 'The model refused to go on.'),
  max_tokens: failure('limit', 'The turn reached the limit of tokens.'),
  model_context_window_exceeded: failure('limit', 'The context window is full.'),
};

/** What a `result` proves. Only one that says so in every place is a success (R3). */
export function endingOf(result: Json): Ending {
  const reason = textAt(result, 'terminal_reason');
  const odd = reason === 'completed' ? undefined : reason;
  const stopReason = (odd ?? textAt(result, 'stop_reason'))?.slice(0, 256);
  const told = stopReason === undefined ? {} : { stopReason };
  if (reason?.startsWith('aborted') === true) return { outcome: 'cancelled', stopReason: reason };
  const error = errorOf(result);
  return error === undefined
    ? { outcome: 'completed', ...told }
    : { outcome: 'failed', ...told, error };
}

function errorOf(result: Json): RunFailure | undefined {
  const subtype = textAt(result, 'subtype') ?? '';
  const stop = textAt(result, 'stop_reason') ?? '';
  if (Object.hasOwn(limitSubtypes, subtype)) return failure('limit', limitSubtypes[subtype]!);
  const reason = textAt(result, 'terminal_reason') ?? 'completed';
  if (subtype === 'success' && memberAt(result, 'is_error') === false && reason === 'completed') {
    return Object.hasOwn(badStops, stop) ? badStops[stop] : undefined;
  }
  return failureOf(result, messageOf(result) ?? `The turn ended: ${reason}.`);
}

/** A failure with the names and the status that a result or an assistant line carries. */
export function failureOf(carrier: Json, message: string): RunFailure {
  const status = countAt(carrier, 'api_error_status');
  const names = ['api_error', 'api_error_type', 'error'].map((key) => textAt(carrier, key) ?? '');
  const named = names.find((name) => Object.hasOwn(namedCategories, name));
  const byName = named === undefined ? undefined : namedCategories[named];
  const category = categoryOfStatus(status) ?? byName ?? 'unknown';
  return failure(category, message, status);
}

function categoryOfStatus(status: number | undefined): FailureCategory | undefined {
  if (status === undefined || status < 400) return undefined;
  if (status === 401 || status === 403) return 'auth';
  if (status === 402 || status === 429) return 'limit';
  return status >= 500 ? 'service' : 'request';
}

function messageOf(result: Json): string | undefined {
  const errors = (listAt(result, 'errors') ?? []).filter((item) => typeof item === 'string');
  const text = textAt(result, 'result') ?? errors.join('\n');
  return text === '' ? undefined : text;
}

const lineIsGone = 'No message found with message.uuid';
const copyIsGone =
  'The session to be copied was compacted by Claude Code after this fork was made, so it cannot be copied ' +
  'as it was then. Fork it anew.';

/** Whether the result is of a process that could not begin: no turn, and errors that say why. */
export function openingError(result: Json): RunFailure {
  const message = isObject(result) ? messageOf(result) : undefined;
  if (message?.startsWith(lineIsGone) === true) return failure('launch', copyIsGone);
  return failure('launch', message ?? 'Claude Code ended before it was ready.');
}
