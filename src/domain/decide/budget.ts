import { addSpent, crossingOf, memoryOf, type Over, oversOf, type Remembered } from '../budget.ts';
import type { Draft } from '../draft.ts';
import { refuse } from '../refusal.ts';
import { spentBy } from '../spent.ts';

/** The limits that are reached of all budgets that the session counts towards. */
export function oversIn({ state, context }: Draft): readonly Over[] {
  const own = spentBy(state, context.now);
  return context
    .accounts(state)
    .flatMap((account) => oversOf(account, addSpent(account.others, own)));
}

/** Throws where nothing more may begin. A run that is open may take a prompt beyond the number of runs. */
export function demandBudget(draft: Draft, more: 'run' | 'steer'): void {
  const over = oversIn(draft).find(
    ({ action, what }) => action === 'stop' && (more === 'run' || what !== 'runs'),
  );
  if (over !== undefined) throw refuse('limited', tooMuch(draft, over), dataOf(over));
}

/** Whether the next prompt may begin a run; otherwise the queue is held, and the log says why. */
export function mayBegin(draft: Draft): boolean {
  const overs = oversIn(draft);
  for (const over of overs) if (over.action === 'warn') tell(draft, over);
  const against = overs.find((over) => isAgainst(draft, over));
  if (against === undefined) return true;
  tell(draft, against);
  draft.write('queue', { change: 'held', reason: 'budget' }, { runId: null, by: server });
  return false;
}

/** Somebody lets the queue go on: what is asked about needs one who may approve. */
export function releaseBudget(draft: Draft, beyond: boolean): void {
  demandBudget(draft, 'run');
  const overs = oversIn(draft).filter((over) => isAgainst(draft, over));
  const [first] = overs;
  if (first === undefined) return;
  if (!beyond) {
    const message = `${tooMuch(draft, first)} Letting it go on needs a token with the scope approve.`;
    throw refuse('forbidden', message, dataOf(first));
  }
  const budget = overs.map((over): Remembered => ({ ...crossingOf(over), state: 'allowed' }));
  const text = `It may go on: ${overs.map((over) => reached(draft, over)).join(' ')}`;
  draft.write('notice', { code: 'budget', text, budget }, { runId: null });
}

/** Says once that a limit is reached. */
export function tell(draft: Draft, over: Over): void {
  if (memoryOf(draft.state.crossings, over) !== undefined) return;
  const budget: Remembered[] = [{ ...crossingOf(over), state: 'told' }];
  const text = tooMuch(draft, over);
  draft.write('notice', { code: 'budget', text, budget }, { by: server });
}

const server = { type: 'server' } as const;

function isAgainst({ state }: Draft, over: Over): boolean {
  if (over.action === 'warn') return false;
  return over.action === 'stop' || memoryOf(state.crossings, over)?.state !== 'allowed';
}

/** What is reached, of which budget. */
export function reached({ state }: Draft, over: Over): string {
  const { of, day } = over;
  const whose =
    of === 'global'
      ? 'all sessions'
      : of === state.id
        ? 'the session'
        : `the session ${of}, from which it descends`;
  const when = day === undefined ? '' : ` for ${day} (UTC)`;
  return `The budget of ${whose}${when} is spent: ${amount(over, over.spent)} of ${amount(over, over.limit)}.`;
}

function tooMuch(draft: Draft, over: Over): string {
  const how = over.of === 'global' ? 'budgets.set' : 'sessions.patch with budget';
  const raise = over.action === 'warn' ? '' : ` Raise it with ${how}.`;
  return `${reached(draft, over)}${raise}`;
}

function amount({ what, currency = '' }: Over, count: number): string {
  switch (what) {
    case 'cost':
      return `${Number(count.toPrecision(6))} ${currency}`;
    case 'tokens':
      return `${count} tokens`;
    case 'runs':
      return `${count} runs`;
    case 'wallMs':
      return `${Math.round(count / 100) / 10} s of work`;
  }
}

function dataOf(over: Over): NonNullable<Parameters<typeof refuse>[2]> {
  const { spent, currency } = over;
  const more = currency === undefined ? {} : { currency };
  return { field: 'session', data: { ...crossingOf(over), spent, ...more } };
}
