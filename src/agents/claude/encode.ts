import type { AgentCommand } from '../../domain/agent-event.ts';
import { isObject, type Json, type JsonObject } from '../../domain/json.ts';
import type { OpenSpec } from '../../ports/agent.ts';
import { apiBlockOf } from './content.ts';
import { requestIds } from './control.ts';
import { formAnswer } from './elicitation.ts';
import { nativePrompt } from './ids.ts';
import { liveIds } from './live.ts';
import { answeredInput } from './question.ts';
import { passes } from './settings.ts';
import type { ClaudeState } from './state.ts';

type Answer = Extract<AgentCommand, { type: 'answer_question' }>;
type Decision = Extract<AgentCommand, { type: 'answer_approval' }>;
type Prompt = Extract<AgentCommand, { type: 'prompt' }>;
type Settings = Extract<AgentCommand, { type: 'set' }>['changes'];

/** The lines that open the conversation. Claude Code answers the first when it is ready. */
export function openingLines({ effort }: Pick<OpenSpec, 'effort'>): readonly string[] {
  const opening = request(requestIds.initialize, { subtype: 'initialize', hooks: null });
  if (effort === null || !passes('effort', effort)) return [opening];
  return [opening, effortInForce(effort)];
}

/** Asks what is in force, for the answer to say whether it is this. */
function effortInForce(wanted: string): string {
  return request(liveIds.set('effort', wanted), { subtype: 'get_settings' });
}

/** A command as lines. It changes nothing here: what Claude Code makes of it is seen in its own lines. */
export function encodeCommand(state: ClaudeState, command: AgentCommand): readonly string[] {
  switch (command.type) {
    case 'prompt':
      return promptLines(state, command);
    case 'set':
      return setLines(command.changes);
    case 'cancel':
      // Prompts that were steered into the turn and not read yet end with it.
      return [
        request(requestIds.cancel(command.run), { subtype: 'interrupt', cancel_queued: true }),
      ];
    case 'answer_approval':
      return [approvalAnswer(state, command)];
    case 'answer_question':
      return [questionAnswer(state, command)];
  }
}

/**
 * The prompt, and before it a request that changes nothing: the prompt itself can only have a UUID as its
 * name, and the answer to that request tells which run and prompt the UUID stands for.
 */
function promptLines(
  state: ClaudeState,
  { run, prompt, content, steer }: Prompt,
): readonly string[] {
  const message = {
    type: 'user',
    message: { role: 'user', content: content.map((block) => apiBlockOf(block)) },
    parent_tool_use_id: null,
    session_id: '',
    uuid: nativePrompt(state.spec.session, prompt),
    ...(steer === true ? { priority: 'next' } : {}),
  };
  const label = request(requestIds.prompt(run, prompt), { subtype: 'get_session_cost' });
  return [label, JSON.stringify(message)];
}

/** What may not be passed on is asked for as well, by a request that changes nothing: its answer says so. */
function setLines(changes: Settings): readonly string[] {
  return (['model', 'mode', 'effort'] as const).flatMap((setting) => {
    const value = changes[setting] ?? null;
    if (value === null) return [];
    const id = liveIds.set(setting, value);
    if (!passes(setting, value)) return [request(id, { subtype: 'get_session_cost' })];
    switch (setting) {
      case 'model':
        return [request(id, { subtype: 'set_model', model: value })];
      case 'mode':
        return [request(id, { subtype: 'set_permission_mode', mode: value })];
      case 'effort': {
        const settings = { effortLevel: value };
        const change = { subtype: 'apply_flag_settings', settings };
        return [request(liveIds.effort, change), effortInForce(value)];
      }
    }
  });
}

function approvalAnswer(
  state: ClaudeState,
  { request: id, option, input, message }: Decision,
): string {
  if (option === null) return answer(id, withdrawal);
  if (option !== 'allow') return answer(id, denial(message ?? 'The user does not allow this.'));
  const own = state.asked.find((open) => open.request === id)?.input ?? null;
  if (input !== undefined) return editedAnswer(id, own, input);
  return answer(id, { behavior: 'allow', ...(own === null ? {} : { updatedInput: own }) });
}

/** Without any member it would run as it was asked, and what is no object is an error of the tool. */
function editedAnswer(id: Json, own: JsonObject | null, input: Json): string {
  const usable = isObject(input) && (Object.keys(input).length > 0 || isEmpty(own));
  if (!usable) return answer(id, denial('The user changed the input to one that cannot be used.'));
  return answer(id, { behavior: 'allow', updatedInput: input });
}

function isEmpty(own: JsonObject | null): boolean {
  return own !== null && Object.keys(own).length === 0;
}

/** The turn goes on with the message as the tool's result. An empty one would tell the model nothing. */
function denial(message: string): object {
  const said = message.trim() === '' ? 'The user does not allow this.' : message;
  return { behavior: 'deny', message: said, interrupt: false };
}

/** Nobody will answer any more, because the run ends: the turn is not to go on with a denial. */
const withdrawal = {
  behavior: 'deny',
  message: 'The question was withdrawn.',
  interrupt: true,
} as const;

function questionAnswer(state: ClaudeState, told: Answer): string {
  const { request: id, outcome, content } = told;
  const form = state.forms.find((open) => open.request === id);
  if (form !== undefined) return answer(id, formAnswer(form, told));
  if (outcome === 'withdrawn') return answer(id, withdrawal);
  const input = state.asked.find((open) => open.request === id)?.input;
  if (outcome === 'declined' || !isObject(input)) {
    return answer(id, denial('The user does not want to answer.'));
  }
  return answer(id, { behavior: 'allow', updatedInput: answeredInput(input, content) });
}

function request(id: string, body: object): string {
  return JSON.stringify({ type: 'control_request', request_id: id, request: body });
}

function answer(id: Json, response: object): string {
  const body = { subtype: 'success', request_id: id, response };
  return JSON.stringify({ type: 'control_response', response: body });
}
