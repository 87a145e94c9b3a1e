import type { AgentCommand } from '../../domain/agent-event.ts';
import { approvalAnswer, questionAnswer } from './answer.ts';
import { inputOf } from './content.ts';
import { liveSettings, settingId } from './live.ts';
import { requestLine } from './message.ts';
import type {
  ThreadSettingsUpdateParams,
  TurnInterruptParams,
  TurnStartParams,
  TurnSteerParams,
} from './protocol.ts';
import { passes, settingChange } from './settings.ts';
import type { CodexState } from './state.ts';
import { interruptChildren, requestIds } from './turn.ts';

type Prompt = Extract<AgentCommand, { type: 'prompt' }>;
type Settings = Extract<AgentCommand, { type: 'set' }>['changes'];

/** A command as lines. It changes nothing here: what Codex makes of it is seen in its own lines. */
export function encodeCommand(state: CodexState, command: AgentCommand): readonly string[] {
  switch (command.type) {
    case 'prompt':
      return [promptLine(state, command)];
    case 'set':
      return setLines(state, command.changes);
    case 'cancel':
      return cancelLines(state, command.run);
    case 'answer_approval':
      return [approvalAnswer(state, command)];
    case 'answer_question':
      return [questionAnswer(state, command)];
  }
}

/** The prompt's own id goes with it and comes back with the message that it becomes. */
function promptLine(state: CodexState, { run, prompt, content, steer }: Prompt): string {
  const params: TurnStartParams = {
    threadId: threadOf(state),
    clientUserMessageId: prompt,
    input: content.map((block) => inputOf(block)),
  };
  if (steer !== true) return requestLine(requestIds.prompt(run, prompt), 'turn/start', params);
  // Without a turn it is refused by its precondition, and goes into no other one.
  const steered: TurnSteerParams = { ...params, expectedTurnId: state.turn?.id ?? 'none' };
  return requestLine(requestIds.steer(run, prompt), 'turn/steer', steered);
}

/** Also while the turn is only being started and has no name yet. */
function cancelLines(state: CodexState, run: string): readonly string[] {
  if (state.thread === null) return [];
  const params: TurnInterruptParams = { threadId: state.thread, turnId: state.turn?.id ?? '' };
  const id = requestIds.cancel(run);
  return [requestLine(id, 'turn/interrupt', params), ...interruptChildren(state, id)];
}

/** What may not be passed on is asked for as well, by a request that changes nothing: its answer says so. */
function setLines(state: CodexState, changes: Settings): readonly string[] {
  const { thread, spec } = state;
  if (thread === null) return [];
  return liveSettings.flatMap((setting) => {
    const value = changes[setting] ?? null;
    if (value === null) return [];
    const change = passes(setting, value) ? settingChange(spec, setting, value) : {};
    const params: ThreadSettingsUpdateParams = { threadId: thread, ...change };
    return [requestLine(settingId(setting, value), 'thread/settings/update', params)];
  });
}

/** A prompt before `opened` is a mistake of the caller: sent without a session it would be lost. */
function threadOf(state: CodexState): string {
  if (state.thread === null) throw new Error('No session is open for this prompt.');
  return state.thread;
}
