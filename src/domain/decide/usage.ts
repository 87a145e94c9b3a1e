import type { Draft } from '../draft.ts';
import { noTokens, sumOfTokens, type UsageReport } from '../usage.ts';

/**
 * A report with what it costs by the table of prices, where the agent has not told it. It is computed here
 * and now: another table changes nothing of what is in the log.
 */
export function priced({ state, context }: Draft, report: UsageReport): UsageReport {
  const model = report.model ?? state.modelInForce?.id ?? state.model;
  if (report.cost !== undefined || model === null || sumOfTokens(report.tokens) === 0)
    return report;
  const price = context.price(model, report.tokens);
  if (price === null) return report;
  const estimate = { ...price, estimate: true } as const;
  return context.agent.costsLater === true
    ? { ...report, pending: estimate }
    : { ...report, cost: estimate };
}

/** A run that ends before its agent has told what it cost has cost what was estimated. */
export function settlePending(draft: Draft): void {
  const { run } = draft;
  if (run === null || run.pending === null || run.pending.amount === 0) return;
  const report = { key: `estimate-${run.id}`, tokens: noTokens, cost: run.pending };
  draft.write('usage', report, { by: { type: 'server' } });
}
