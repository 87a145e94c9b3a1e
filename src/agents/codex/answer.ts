import type { AgentCommand } from '../../domain/agent-event.ts';
import { isObject, type Json } from '../../domain/json.ts';
import { resultLine } from './message.ts';
import type {
  Decision,
  ElicitationAnswer,
  PermissionsAnswer,
  UserInputAnswer,
} from './protocol.ts';
import { answersTo } from './question.ts';
import type { Asked, CodexState } from './state.ts';

type Verdict = Extract<AgentCommand, { type: 'answer_approval' }>;
type Answer = Extract<AgentCommand, { type: 'answer_question' }>;

/** What somebody has decided, as the request wants to have it answered. */
export function approvalAnswer(state: CodexState, { request, option }: Verdict): string {
  const asked = state.asked.find((open) => open.request === request);
  switch (asked?.type) {
    case 'tool':
      return resultLine(request, toolAnswer(option));
    case 'permissions':
      return resultLine(request, permissionsAnswer(asked.wanted, option));
    case 'decision':
    case 'form':
    case 'questions':
    case undefined:
      return resultLine(request, { decision: decisionOf(option) });
  }
}

/** Whatever is not known allows nothing. Without an answer the turn ends, since the run does. */
function decisionOf(option: string | null): Decision {
  if (option === null) return 'cancel';
  return option === 'accept' || option === 'acceptForSession' ? option : 'decline';
}

function toolAnswer(option: string | null): ElicitationAnswer {
  switch (decisionOf(option)) {
    case 'accept':
      return { action: 'accept', content: {}, _meta: null };
    case 'acceptForSession':
      return { action: 'accept', content: {}, _meta: { persist: 'session' } };
    case 'decline':
      return { action: 'decline', content: null, _meta: null };
    case 'cancel':
      return { action: 'cancel', content: null, _meta: null };
  }
}

function permissionsAnswer(wanted: Json, option: string | null): PermissionsAnswer {
  const decision = decisionOf(option);
  if (decision === 'accept') return { permissions: granted(wanted), scope: 'turn' };
  if (decision === 'acceptForSession') return { permissions: granted(wanted), scope: 'session' };
  return { permissions: {}, scope: 'turn' };
}

/** What is asked for has nulls where what is given has nothing. */
function granted(wanted: Json): object {
  if (!isObject(wanted)) return {};
  return Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== null));
}

export function questionAnswer(state: CodexState, answer: Answer): string {
  const { request } = answer;
  const asked = state.asked.find((open) => open.request === request);
  const body =
    asked?.type === 'questions' ? answered(asked.ids, answer) : formAnswer(asked, answer);
  return resultLine(request, body);
}

function answered(ids: readonly string[], { outcome, content }: Answer): UserInputAnswer {
  return outcome === 'answered' ? answersTo(ids, content) : { answers: {} };
}

function formAnswer(asked: Asked | undefined, { outcome, content }: Answer): ElicitationAnswer {
  switch (outcome) {
    case 'answered': {
      const field = asked?.type === 'form' ? asked.field : 'answer';
      const form = isObject(content) ? content : { [field]: content ?? null };
      return { action: 'accept', content: form, _meta: null };
    }
    case 'declined':
      return { action: 'decline', content: null, _meta: null };
    case 'withdrawn':
      return { action: 'cancel', content: null, _meta: null };
  }
}
