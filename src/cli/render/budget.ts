import { budgetLimits } from '../../domain/budget.ts';
import type { OutputOf } from '../../protocol/operations.ts';
import { renderDuration, renderMoney, shortCount } from './measure.ts';

type Standing = OutputOf<'budgets.get'>;

const actionText = {
  warn: 'then you are told',
  ask: 'then you are asked',
  stop: 'then runs are stopped',
} as const;

/** A budget with how much of it is used; null where none is set. */
export function renderBudget({ budget, spent }: Standing): string | null {
  if (budget === null) return null;
  const { limits, action, period } = budget;
  const parts = budgetLimits.flatMap((what): string[] => {
    if (what === 'cost') {
      if (limits.cost === undefined) return [];
      const { amount, currency } = limits.cost;
      const used = spent.cost.find((cost) => cost.currency === currency)?.amount ?? 0;
      return [
        `${renderMoney({ amount: used, currency })} of ${renderMoney(limits.cost)}${share(used, amount)}`,
      ];
    }
    const limit = limits[what];
    if (limit === undefined) return [];
    const used = spent[what];
    const show = what === 'wallMs' ? renderDuration : shortCount;
    const unit = what === 'wallMs' ? 'of work' : what;
    return [`${show(used)} of ${show(limit)} ${unit}${share(used, limit)}`];
  });
  const when = period === 'day' ? ' each day (UTC)' : '';
  return `${parts.join(', ')}${when}, ${actionText[action]}`;
}

function share(used: number, limit: number): string {
  return ` (${Math.floor((used / limit) * 100)} %)`;
}
