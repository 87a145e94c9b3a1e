import { budgetView } from '../budget-view.ts';
import type { Handler } from '../handler.ts';

export const budgetsGet: Handler<'budgets.get'> = async (input, context) => {
  const { engine, caller } = context;
  if (input.session === undefined && caller.sessions === null) {
    return budgetView(null, engine.budgets.global());
  }
  const id = await context.session(input.session ?? caller.sessions?.[0] ?? '');
  return budgetView(id, await engine.budgets.ofSession(id));
};
