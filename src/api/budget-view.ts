import type { Budget, GlobalBudget, Spent } from '../domain/budget.ts';
import { roundedMoney } from '../domain/price.ts';
import type { OutputOf } from '../protocol/operations.ts';

/** A budget as answers tell it; that of a session is of all time. */
export function budgetView(
  session: string | null,
  { budget, spent }: { budget: Budget | GlobalBudget | null; spent: Spent },
): OutputOf<'budgets.get'> {
  const period = budget !== null && 'period' in budget ? budget.period : 'total';
  const cost = Object.entries(spent.cost).map(([currency, amount]) => ({
    amount: roundedMoney(amount),
    currency,
  }));
  return {
    session,
    budget: budget === null ? null : { ...budget, period },
    spent: { ...spent, cost },
  };
}
