import type { Draft } from '../draft.ts';
import { isReference } from '../externalise.ts';
import { canonicalJson, type Json } from '../json.ts';
import type { SessionPolicy } from '../policy.ts';
import { refuse, type RefusalError } from '../refusal.ts';
import type { Decided, OpenQuestion } from '../session-state.ts';
import type { Answer, Choice, Decide } from '../command.ts';
import { limits } from '../limits.ts';

export function decide(draft: Draft, command: Decide): Answer {
  const open = draft.state.approvals.find((item) => item.id === command.approval);
  if (open === undefined) throw notOpen(draft, command.approval);
  return open.kind === 'approval'
    ? decideApproval(draft, open, command)
    : answerQuestion(draft, open, command);
}

function notOpen(draft: Draft, approval: string): Error {
  const winner = draft.state.decided.find((item) => item.approval === approval);
  if (winner === undefined) {
    return refuse('not_found', 'No approval of this session has that id.', { field: 'approval' });
  }
  return alreadyDecided(winner);
}

/** Tells who came late of the first decision (A1). */
export function alreadyDecided(winner: Omit<Decided, 'approval'>): RefusalError {
  const { decision, outcome, option, by } = winner;
  return refuse('already_decided', `It was decided before: ${outcome}.`, {
    field: 'approval',
    data: { decision, outcome, ...(option === undefined ? {} : { option }), by: { ...by } },
  });
}

function decideApproval(draft: Draft, open: OpenQuestion, command: Decide): Answer {
  const option = optionOf(open, command.choice);
  const kind = open.options.find((candidate) => candidate.id === option)?.kind ?? 'reject_once';
  const outcome = kind.startsWith('allow') ? 'allowed' : 'denied';
  const { message, input, remember } = command;
  if (outcome === 'denied') onlyAllowed(command);
  else if (message !== undefined) {
    throw refuse('invalid', 'A message goes with a denial.', { field: 'message' });
  }
  if (input !== undefined) editable(draft, open, input);
  if (remember !== undefined) boundedRules(remember.rules, 'rules');
  const said = {
    outcome,
    ...(option === null ? {} : { option }),
    ...(message === undefined ? {} : { message }),
    ...(input === undefined ? {} : { input }),
  } as const;
  const entry = draft.write(
    'decision',
    { ...said, ...(remember === undefined ? {} : { remembered: remember }) },
    { about: open.id, runId: open.run },
  );
  if (remember?.level === 'session') rememberRules(draft, remember.rules);
  tellDecision(draft, open, { ...said, option });
  return {
    type: 'decided',
    decision: entry.id,
    outcome,
    ...(option === null ? {} : { option }),
    ...(message === undefined ? {} : { told: isTold(draft, open) }),
  };
}

function onlyAllowed({ input, remember }: Decide): void {
  const field = input !== undefined ? 'input' : remember !== undefined ? 'remember' : null;
  if (field === null) return;
  throw refuse('invalid', `${field} goes with what is allowed.`, { field });
}

function editable(draft: Draft, open: OpenQuestion, input: Json): void {
  if (isReference(input)) {
    const text = 'This only names an input that was too large for its entry: give all of it.';
    throw refuse('invalid', text, { field: 'input' });
  }
  if (open.outside === true || draft.context.agent.editsInput) return;
  const message = 'This agent takes no other input than what it asked for: deny it with a message.';
  throw refuse('unsupported', message, { field: 'input' });
}

/** Before the rules that are there: the first that matches decides. */
function rememberRules(draft: Draft, rules: SessionPolicy['rules']): void {
  const { policy } = draft.state;
  const known = new Set(rules.map(canonicalJson));
  const joined = [...rules, ...policy.rules.filter((rule) => !known.has(canonicalJson(rule)))];
  boundedRules(joined);
  draft.write(
    'settings',
    { from: 'client', changes: { policy: { ...policy, rules: joined } } },
    { runId: null },
  );
}

/** Bounded in number, and as text: they are in an entry, and in the state that each commit writes. */
export function boundedRules(rules: SessionPolicy['rules'], field = 'policy'): void {
  const { policyRules, inlineBytes } = limits;
  if (rules.length <= policyRules && JSON.stringify(rules).length <= inlineBytes) return;
  const message = `There may be ${policyRules} rules, of ${inlineBytes} characters in all as JSON.`;
  throw refuse('too_large', message, { field });
}

/** The agent's option for a choice; null denies where the agent offers no way to say no. */
function optionOf(open: OpenQuestion, choice: Choice): string | null {
  if ('option' in choice) {
    if (open.options.some((option) => option.id === choice.option)) return choice.option;
    throw refuse(
      'invalid',
      `The agent offers ${open.options.map((option) => option.id).join(', ')}.`,
      {
        field: 'option',
      },
    );
  }
  if ('answer' in choice) {
    throw refuse('invalid', 'This is an approval: give an option, allow or deny.', {
      field: 'answer',
    });
  }
  const option = optionFor(open, choice.verdict);
  if (option !== null || choice.verdict === 'deny') return option;
  throw refuse('invalid', 'The agent offers no way to allow this.', { field: 'option' });
}

/** What of the agent's options allows this once, and nothing after it; null where none does. */
export function onceFor(open: OpenQuestion): string | null {
  return open.options.find(({ kind }) => kind === 'allow_once')?.id ?? null;
}

/** What of the agent's options says just that, for this once where it can be; null where none does. */
export function optionFor(open: OpenQuestion, verdict: 'allow' | 'deny'): string | null {
  const wanted =
    verdict === 'allow' ? ['allow_once', 'allow_always'] : ['reject_once', 'reject_always'];
  for (const kind of wanted) {
    const option = open.options.find((candidate) => candidate.kind === kind);
    if (option !== undefined) return option.id;
  }
  return null;
}

/** Whether a message with a denial comes to who asked. */
function isTold(draft: Draft, open: OpenQuestion): boolean {
  return open.outside === true || draft.context.agent.hearsDenials;
}

/** Tells the agent how its question was decided. Who asked from outside reads it in the log. */
export function tellDecision(
  draft: Draft,
  open: OpenQuestion,
  said: {
    outcome: 'allowed' | 'denied' | 'withdrawn' | 'answered' | 'declined';
    option?: string | null;
    input?: Json;
    message?: string;
    content?: Json;
  },
): void {
  if (open.outside === true) return;
  const { request } = open;
  if (open.kind === 'question') {
    const { outcome } = said;
    if (outcome === 'allowed' || outcome === 'denied') return;
    const content = said.content === undefined ? {} : { content: said.content };
    return draft.tell({ type: 'answer_question', request, outcome, ...content });
  }
  const { editsInput, hearsDenials } = draft.context.agent;
  draft.tell({
    type: 'answer_approval',
    request,
    option: said.option ?? null,
    ...(said.input === undefined || !editsInput ? {} : { input: said.input }),
    ...(said.message === undefined || !hearsDenials ? {} : { message: said.message }),
  });
}

function answerQuestion(draft: Draft, open: OpenQuestion, command: Decide): Answer {
  const { choice } = command;
  onlyAllowed(command);
  if ('option' in choice || ('verdict' in choice && choice.verdict === 'allow')) {
    throw refuse('invalid', 'This is a question: give an answer, or deny to decline it.', {
      field: 'answer',
    });
  }
  const outcome = 'answer' in choice ? 'answered' : 'declined';
  const content = 'answer' in choice ? { content: choice.answer } : {};
  const entry = draft.write('answer', { outcome, ...content }, { about: open.id, runId: open.run });
  tellDecision(draft, open, { outcome, ...content });
  return { type: 'decided', decision: entry.id, outcome };
}
