import type { ApprovalOption, ToolCall } from '../../domain/content.ts';
import type { RunFailure, SettingsChange } from '../../domain/entry.ts';
import type { Json, JsonObject } from '../../domain/json.ts';
import { limits } from '../../domain/limits.ts';
import { memberAt, objectAt, short, sizeOf, textAt } from '../shape.ts';
import { readElicitation } from './elicitation.ts';
import { failure } from './failure.ts';
import { nativePrompt } from './ids.ts';
import { liveIds, readSet, readStillEffort } from './live.ts';
import { questionOf } from './question.ts';
import { wantedBy } from './wants.ts';
import type { Asked, Reading, SentPrompt } from './state.ts';
import { inputOf, knownCall, takeInput } from './tool-call.ts';
import { toolCallOf } from './tools.ts';

/** Ids of our requests. They follow from stored state, so that an answer is understood after a restart. */
export const requestIds = {
  initialize: 'initialize',
  prompt: (run: string, prompt: string) => `prompt:${run}:${prompt}`,
  cancel: (run: string) => `cancel:${run}`,
} as const;

const idChars = 1024;
/** Input of a question that is remembered for its answer; `allow` needs none. */
const inputChars = 16 * 1024;
const sentPrompts = 64;

export const approvalOptions = [
  { id: 'allow', name: 'Allow', kind: 'allow_once' },
  { id: 'deny', name: 'Deny', kind: 'reject_once' },
] as const satisfies readonly ApprovalOption[];

/** `control_response`: the answer to a request of ours, or our own answer said again. */
export function readControlResponse(reading: Reading, line: Json): void {
  const response = objectAt(line, 'response');
  const id = textAt(response, 'request_id') ?? '';
  if (id === requestIds.initialize) return readInitialized(reading, response!);
  if (id.startsWith('prompt:')) return readLabel(reading, id);
  // Whether a cancel does anything is seen at the turn's end.
  if (id.startsWith('cancel:') || id === liveIds.effort) return;
  if (id === liveIds.stillEffort) return readStillEffort(reading, response!);
  if (id.startsWith('set:')) return readSet(reading, response!);
  if (reading.state.forms.some((open) => open.request === id)) return settle(reading, id);
  const asked = reading.state.asked.find((open) => open.request === id);
  if (asked === undefined) return reading.unrecognized('an answer that nobody waits for');
  readAnswered(reading, asked, response!);
}

/** Our own answer: what was allowed with another input runs with that one, and later states say so. */
function readAnswered(
  reading: Reading,
  { request, call, input }: Asked,
  response: JsonObject,
): void {
  const given = objectAt(response, 'response', 'updatedInput');
  const isOther = given !== undefined && JSON.stringify(given) !== JSON.stringify(input);
  if (isOther && textAt(objectAt(response, 'response'), 'behavior') === 'allow') {
    takeInput(reading, call, given);
  }
  settle(reading, request);
}

/** Claude Code is ready. It says so only when the session that was to be resumed is there. */
function readInitialized(reading: Reading, response: JsonObject): void {
  const { phase, spec, candidate } = reading.state;
  if (phase !== 'opening') return reading.unrecognized('an answer that nobody waits for');
  if (textAt(response, 'subtype') !== 'success') {
    const message = textAt(response, 'error') ?? 'Claude Code refused to begin.';
    return failOpening(reading, failure('launch', message));
  }
  const { unmet } = reading.state;
  const needed = unmet.find((wish) => wish.needed === true);
  if (needed !== undefined) return failOpening(reading, failure('launch', needed.text));
  const mode = short(memberAt(objectAt(response, 'response'), 'current_permission_mode'));
  const settings = mode === undefined ? null : reading.changes({ mode });
  const resumed = spec.nativeId !== null;
  reading.change({ phase: 'open', session: spec.nativeId, unmet: [] });
  if (mode !== undefined) reading.change({ inForce: { ...reading.state.inForce, mode } });
  for (const { code, text } of unmet) reading.notice(code, text);
  reading.emit({
    type: 'opened',
    nativeId: spec.nativeId ?? candidate,
    resumed,
    ...(settings === null ? {} : { settings: settings satisfies SettingsChange }),
    ...(resumed ? {} : { provisional: true as const }),
  });
}

export function failOpening(reading: Reading, error: RunFailure): void {
  reading.change({ phase: 'failed' });
  reading.emit({ type: 'open_failed', error });
}

/** The request that went before a prompt: its id says what the prompt's native name stands for. */
function readLabel(reading: Reading, id: string): void {
  const [, run = '', prompt = ''] = id.split(':');
  const { prompts, spec } = reading.state;
  const native = nativePrompt(spec.session, prompt);
  const sent: SentPrompt = { native, prompt: prompt.slice(0, 64), run: run.slice(0, 64) };
  const others = prompts.filter((known) => known.native !== native);
  reading.change({ prompts: [...others, sent].slice(-sentPrompts) });
}

/** `control_request`: may a tool be used, or what does an MCP server ask. Nothing else is offered. */
export function readControlRequest(reading: Reading, line: Json): void {
  const id = textAt(line, 'request_id');
  const request = objectAt(line, 'request');
  if (id === undefined || id === '' || id.length > idChars || request === undefined) {
    reading.unrecognized('a request without a usable id');
    return refuseRequest(reading, line, 'an id and a request are needed');
  }
  const subtype = textAt(request, 'subtype') ?? '';
  if (subtype === 'can_use_tool') return readPermission(reading, id, request);
  if (subtype === 'elicitation') {
    if (readElicitation(reading, id, request)) return;
    reading.unrecognized('a question that is neither a form nor a page');
    // Claude Code tells the server that it was cancelled.
    return refuseRequest(
      reading,
      line,
      'only forms and http(s) addresses, with a message, are taken',
    );
  }
  if (!Object.hasOwn(refusedRequests, subtype)) {
    reading.unrecognized(`an unknown request: ${subtype.slice(0, 80)}`);
  }
  refuseRequest(reading, line, `Unsupported control request subtype: ${subtype.slice(0, 80)}`);
}

export function refuseRequest(reading: Reading, line: Json, error: string): void {
  const id = memberAt(line, 'request_id') ?? null;
  const response = { subtype: 'error', request_id: id, error };
  reading.send({ type: 'control_response', response });
}

/** Requests for things that this client does not offer. The agent gets an error. */
const refusedRequests: { readonly [subtype: string]: string } = {
  hook_callback: 'no hooks are registered',
  mcp_message: 'no MCP server runs in this client',
  oauth_token_refresh: 'logins are the user’s own',
  request_user_dialog: 'dialogs of the terminal are not offered',
};

/** A question never ends what is being said: the model may go on after the call that it is about. */
function readPermission(reading: Reading, id: string, request: JsonObject): void {
  const name = textAt(request, 'tool_name') ?? 'A tool';
  const input = inputOf(request);
  const call = short(memberAt(request, 'tool_use_id'), idChars) ?? id;
  const known = knownCall(reading, call);
  const parentCall = known?.parentCall ?? null;
  const question = questionOf(name, input);
  const fits = sizeOf(input, inputChars) <= inputChars;
  if (question !== undefined && fits) {
    reading.emit({ type: 'question', item: reading.nextItem(), request: id, ...question });
  } else {
    const toolCall: ToolCall = { ...toolCallOf(call, name, input), status: 'pending' };
    const wants = wantedBy(request);
    reading.emit({
      type: 'approval',
      item: reading.nextItem(),
      request: id,
      title: toolCall.title,
      toolCall,
      options: approvalOptions,
      ...(wants === undefined ? {} : { wants }),
      ...(parentCall === null ? {} : { parentCall }),
    });
  }
  const others = reading.state.asked.filter((open) => open.request !== id);
  const asked = { request: id, call, input: fits ? input : null };
  reading.change({ asked: within([...others, asked]) });
}

/** What is remembered of open questions stays small: of too many, the inputs of the oldest are dropped. */
function within(asked: Reading['state']['asked']): Reading['state']['asked'] {
  let room = 8 * inputChars;
  return asked
    .slice(-limits.openApprovals)
    .toReversed()
    .map((open) => {
      room -= sizeOf(open.input ?? undefined, inputChars);
      return room < 0 ? { ...open, input: null } : open;
    })
    .toReversed();
}

/** `control_cancel_request`: the agent no longer wants an answer. */
export function readCancelRequest(reading: Reading, line: Json): void {
  const request = textAt(line, 'request_id');
  if (request === undefined || request.length > idChars) {
    return reading.unrecognized('a cancelled request without an id');
  }
  const reason = 'the agent withdrew its question';
  reading.emit({ type: 'request_withdrawn', item: reading.nextItem(), request, reason });
  settle(reading, request);
}

function settle(reading: Reading, request: string): void {
  const isOther = (open: { readonly request: string }): boolean => open.request !== request;
  const { asked, forms } = reading.state;
  reading.change({ asked: asked.filter(isOther), forms: forms.filter(isOther) });
}
