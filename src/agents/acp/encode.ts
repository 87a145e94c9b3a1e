import type { CancelNotification, PromptRequest } from '@agentclientprotocol/sdk';
import type { AgentCommand } from '../../domain/agent-event.ts';
import { acpBlockOf } from './content.ts';
import { questionAnswer } from './elicitation.ts';
import { notificationLine, requestLine } from './json-rpc.ts';
import { setLines } from './live.ts';
import { permissionAnswer } from './permission.ts';
import type { AcpState } from './state.ts';

/** A command as lines. The id of a prompt is its run's, so that the answer names the run it ends. */
export function encodeCommand(state: AcpState, command: AgentCommand): readonly string[] {
  switch (command.type) {
    case 'prompt': {
      const prompt = command.content.map((block) => acpBlockOf(block));
      const params: PromptRequest = { sessionId: sessionOf(state), prompt };
      return [requestLine(command.run, 'session/prompt', params)];
    }
    case 'set':
      return setLines(state, command.changes);
    case 'cancel': {
      if (state.session === null) return [];
      const params: CancelNotification = { sessionId: state.session };
      return [notificationLine('session/cancel', params)];
    }
    case 'answer_approval':
      return [permissionAnswer(command)];
    case 'answer_question':
      return [questionAnswer(state.questions, command)];
  }
}

/** A prompt before `opened` is a mistake of the caller: sent without a session it would be lost. */
function sessionOf(state: AcpState): string {
  if (state.session === null) throw new Error('No session is open for this prompt.');
  return state.session;
}
