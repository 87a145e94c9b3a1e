import { budgetView } from '../budget-view.ts';
import type { Handler } from '../handler.ts';

export const budgetsSet: Handler<'budgets.set'> = async ({ budget }, { engine }) => {
  await engine.budgets.set(budget);
  return budgetView(null, engine.budgets.global());
};
