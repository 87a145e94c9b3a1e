import { crossingOf, isSameCrossing, memoryOf, type Over, wasDenied } from '../budget.ts';
import type { Draft } from '../draft.ts';
import { beginAbort } from './abort.ts';
import { oversIn, reached, tell } from './budget.ts';

/**
 * What becomes of the open run as its budgets are: called after everything that adds to what is used, and
 * after what changes what may be. The number of runs is looked at where one begins.
 */
export function watchBudget(draft: Draft): void {
  for (const over of oversIn(draft)) {
    const { run } = draft;
    if (run === null || run.state === 'stopping') return;
    if (over.action === 'warn') tell(draft, over);
    else if (over.what !== 'runs') restrain(draft, over);
  }
}

function restrain(draft: Draft, over: Over): void {
  if (over.action === 'stop') tell(draft, over);
  const { crossings } = draft.state;
  if (over.action === 'stop' || wasDenied(crossings, over)) {
    return beginAbort(draft, { force: false, reason: 'budget', queue: 'keep' });
  }
  if (memoryOf(crossings, over)?.state !== 'allowed') ask(draft, over);
}

/** The run goes on until somebody says no. */
function ask(draft: Draft, over: Over): void {
  const crossing = crossingOf(over);
  const open = draft.state.approvals.some(
    ({ budget }) => budget !== undefined && isSameCrossing(budget, crossing),
  );
  if (open) return;
  draft.write(
    'approval',
    {
      request: null,
      outside: true,
      title: `${reached(draft, over)} Go on?`,
      options: [
        { id: 'allow', name: 'Go on', kind: 'allow_once' },
        { id: 'deny', name: 'Stop', kind: 'reject_once' },
      ],
      budget: crossing,
    },
    { by: { type: 'server' } },
  );
}
