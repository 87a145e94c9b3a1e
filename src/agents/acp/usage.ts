import type { Json } from '../../domain/json.ts';
import { noTokens, type Money, type Tokens, type UsageReport } from '../../domain/usage.ts';
import { countAt, listAt, objectAt, textAt } from '../shape.ts';
import type { Reading, Spent } from './state.ts';

export function costOf(update: Json): Money | undefined {
  const cost = objectAt(update, 'cost');
  const amount = countAt(cost, 'amount');
  const currency = textAt(cost, 'currency');
  if (amount === undefined || currency === undefined) return undefined;
  return { amount, currency: currency.slice(0, 32) };
}

/**
 * Remembers a cost of `usage_update` for the turn's report. A resumed session tells the cost of its whole
 * life, of which the first number is therefore no turn's: it only sets the base.
 */
export function readCost(reading: Reading, update: Json): void {
  const cost = costOf(update);
  if (cost === undefined) return;
  const { spent } = reading.state;
  const charged = reading.quirks.cost === 'turn' ? 0 : (spent.charged ?? cost.amount);
  reading.change({ spent: { ...spent, cost, charged } });
}

/** Reports what a turn took, at its end and before it: nothing of a run follows its end (R2). */
export function reportUsage(reading: Reading, run: string, result: Json): void {
  const { spent } = reading.state;
  const told = tokensOf(result);
  const cost = chargeOf(spent);
  if (told !== undefined || cost !== undefined) {
    const report: UsageReport = { key: run, tokens: tokensOfTurn(reading, told ?? noTokens) };
    const model = modelOf(result);
    if (model !== undefined) report.model = model;
    if (cost !== undefined) report.cost = cost;
    reading.emit({ type: 'usage', item: reading.nextItem(), report });
  }
  const tokens = told ?? spent.tokens;
  const perTurn = reading.quirks.cost === 'turn';
  const charged = perTurn ? 0 : (spent.cost?.amount ?? spent.charged);
  reading.change({ spent: { cost: perTurn ? null : spent.cost, charged, tokens } });
}

/** What one request of the model took, where an agent tells it with a chunk: cached tokens are among its input. */
export function readRequestUsage(reading: Reading, update: Json): void {
  const usage = objectAt(update, '_meta', 'usage');
  if (reading.quirks.tokens !== 'request' || usage === undefined) return;
  const cacheRead = countAt(usage, 'cachedReadTokens') ?? 0;
  const tokens: Tokens = {
    ...noTokens,
    input: Math.max(0, (countAt(usage, 'inputTokens') ?? 0) - cacheRead),
    output: countAt(usage, 'outputTokens') ?? 0,
    cacheRead,
  };
  const report: UsageReport = { key: reading.line.id, tokens };
  reading.emit({ type: 'usage', item: reading.nextItem(), report });
}

function chargeOf(spent: Spent): Money | undefined {
  if (spent.cost === null) return undefined;
  const amount = spent.cost.amount - (spent.charged ?? spent.cost.amount);
  // An agent that begins to count anew has told a smaller sum: all of it is new.
  if (amount < 0) return spent.cost;
  return amount === 0 ? undefined : { ...spent.cost, amount };
}

/** `usage` of the answer, or the counts that Gemini gives beside it. */
function tokensOf(result: Json): Tokens | undefined {
  const usage = objectAt(result, 'usage');
  if (usage !== undefined) {
    return {
      input: countAt(usage, 'inputTokens') ?? 0,
      output: countAt(usage, 'outputTokens') ?? 0,
      cacheRead: countAt(usage, 'cachedReadTokens') ?? 0,
      cacheWrite: countAt(usage, 'cachedWriteTokens') ?? 0,
      thought: countAt(usage, 'thoughtTokens') ?? 0,
    };
  }
  const quota = objectAt(result, '_meta', 'quota', 'token_count');
  const input = countAt(quota, 'input_tokens');
  const output = countAt(quota, 'output_tokens');
  if (input === undefined && output === undefined) return undefined;
  return { ...noTokens, input: input ?? 0, output: output ?? 0 };
}

function tokensOfTurn(reading: Reading, told: Tokens): Tokens {
  const before = reading.state.spent.tokens;
  if (reading.quirks.tokens !== 'session' || before === null || told === noTokens) return told;
  return {
    input: Math.max(0, told.input - before.input),
    output: Math.max(0, told.output - before.output),
    cacheRead: Math.max(0, told.cacheRead - before.cacheRead),
    cacheWrite: Math.max(0, told.cacheWrite - before.cacheWrite),
    thought: Math.max(0, told.thought - before.thought),
  };
}

/** The model, where the turn used only one. */
function modelOf(result: Json): string | undefined {
  const used = listAt(objectAt(result, '_meta', 'quota'), 'model_usage') ?? [];
  return used.length === 1 ? textAt(used[0], 'model')?.slice(0, 256) : undefined;
}
