import type { ReactNode } from 'react';
import type { Item } from '../state/timeline.ts';
import { oneLine } from '../text/harmless.ts';

const words = { pending: 'to do', in_progress: 'at work', completed: 'done' } as const;

/** The plan of a run as the agent last told it. */
export function PlanItem({ item }: { item: Item }): ReactNode {
  const plan = item.entries.at(-1);
  if (plan?.kind !== 'plan') return null;
  return (
    <ul className="plan" aria-label="Plan">
      {plan.data.items.map((one, at) => (
        <li key={at} className={one.status}>
          <span className="plan-box" role="img" aria-label={words[one.status]} />
          {oneLine(one.content, 300)}
        </li>
      ))}
    </ul>
  );
}
