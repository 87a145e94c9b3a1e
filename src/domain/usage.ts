/** Tokens of one model message, of a run or of a session. */
export interface Tokens {
  input: number;
  output: number;
  cacheRead: number;
  cacheWrite: number;
  thought: number;
}

export interface Money {
  amount: number;
  currency: string;
  /** Counted from a table of prices, not told by the agent; of a sum: some of it was. */
  estimate?: true;
}

export interface Usage {
  tokens: Tokens;
  /** In the currency that was named first. Null while no agent has named a price. */
  cost: Money | null;
}

/** The context window as the agent last told it; unknown after a reset or compaction until it tells again. */
export interface ContextWindow {
  used: number;
  size: number;
  known: boolean;
}

/**
 * A usage report. `key` names what it measures (an API message, a turn): a second report with the same
 * key replaces the first, because agents repeat one message's usage on several lines.
 */
export interface UsageReport {
  key: string;
  model?: string;
  tokens: Tokens;
  cost?: Money;
  /** What that comes to by a table, until the agent tells the cost of it in a later report. */
  pending?: Money;
}

/** By what usage can be summed up. */
export const usageGroups = ['session', 'agent', 'model', 'day', 'directory'] as const;
export type UsageGroup = (typeof usageGroups)[number];

export const noTokens: Tokens = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, thought: 0 };
export const noUsage: Usage = { tokens: noTokens, cost: null };

export function sumOfTokens(tokens: Tokens): number {
  const { input, output, cacheRead, cacheWrite, thought } = tokens;
  return input + output + cacheRead + cacheWrite + thought;
}

function combine(a: Tokens, b: Tokens, sign: 1 | -1): Tokens {
  return {
    input: a.input + sign * b.input,
    output: a.output + sign * b.output,
    cacheRead: a.cacheRead + sign * b.cacheRead,
    cacheWrite: a.cacheWrite + sign * b.cacheWrite,
    thought: a.thought + sign * b.thought,
  };
}

/**
 * The sum with a report; `previous` is the earlier report with the same key, which it replaces. The cost is
 * that in the currency that was named first: amounts of two currencies are never added up. Once a part of it
 * was estimated it stays an estimate.
 */
export function addReport(
  usage: Usage,
  report: UsageReport,
  previous: UsageReport | undefined,
): Usage {
  const tokens = combine(usage.tokens, report.tokens, 1);
  const currency = usage.cost?.currency ?? report.cost?.currency;
  const costOf = (one: { cost?: Money | null } | undefined): number =>
    one?.cost?.currency === currency ? (one?.cost?.amount ?? 0) : 0;
  const amount = costOf(usage) + costOf(report) - costOf(previous);
  return {
    tokens: previous === undefined ? tokens : combine(tokens, previous.tokens, -1),
    cost: currency === undefined ? null : { amount, currency, ...estimated(usage, report) },
  };
}

function estimated(...costs: readonly { cost?: Money | null }[]): { estimate?: true } {
  return costs.some(({ cost }) => cost?.estimate === true) ? { estimate: true } : {};
}

/** What is estimated of a run and not told by its agent yet, after a report. */
export function pendingAfter(
  pending: Money | null,
  report: UsageReport,
  previous: UsageReport | undefined,
): Money | null {
  // Its cost is that of all that it did since it last told one.
  if (report.cost !== undefined) return null;
  const more = report.pending;
  if (more === undefined || (pending !== null && pending.currency !== more.currency))
    return pending;
  const amount = (pending?.amount ?? 0) + more.amount - (previous?.pending?.amount ?? 0);
  return { amount: Math.max(0, amount), currency: more.currency, estimate: true };
}
