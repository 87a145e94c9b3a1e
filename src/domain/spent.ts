import type { Spent } from './budget.ts';
import type { SessionState } from './session-state.ts';
import { sumOfTokens } from './usage.ts';

/** What a session has used itself; its open run counts up to `now`, or not at all. */
export function spentBy(state: SessionState, now?: number): Spent {
  const { usage, run, ran } = state;
  const cost: { [currency: string]: number } = {};
  for (const money of [usage.cost, run?.pending ?? null]) {
    if (money !== null) cost[money.currency] = (cost[money.currency] ?? 0) + money.amount;
  }
  const open = run === null || now === undefined ? 0 : now - Date.parse(run.startedAt);
  return {
    tokens: sumOfTokens(usage.tokens),
    cost,
    runs: ran.runs,
    wallMs: ran.wallMs + Math.max(0, open),
  };
}
