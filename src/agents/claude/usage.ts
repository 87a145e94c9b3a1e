import { isObject, type Json, type JsonObject } from '../../domain/json.ts';
import { noTokens, type Money, type Tokens } from '../../domain/usage.ts';
import { countAt, memberAt, objectAt } from '../shape.ts';
import type { Reading } from './state.ts';

/** Models that are told apart; of more, the tokens are left out. */
const countedModels = 8;

/** The end of a streamed message: its tokens are known. One report for each message id. */
export function countMessage(reading: Reading, usage: JsonObject | undefined): void {
  const { message, counted } = reading.state;
  if (message === null || usage === undefined) return;
  const { id, model } = message;
  const tokens = tokensOfMessage(usage);
  const { input, output, thought, cacheRead, cacheWrite } = tokens;
  reading.emit({ type: 'usage', item: reading.nextItem(), report: { key: id, model, tokens } });
  const known = counted.find((item) => item.model === model)?.tokens ?? noTokens;
  const others = counted.filter((item) => item.model !== model);
  const sum = { model, tokens: combine(known, tokens, 1) };
  reading.change({
    counted: [...others, sum].slice(-countedModels),
    used: input + output + thought + cacheRead + cacheWrite,
  });
}

/**
 * What a result counts beyond the messages that were streamed: sub-agents, attempts that broke off, and
 * the cost of all. Results count from the one before, but the cost is that of the process so far; a session
 * that is resumed or copied may bring along what it had cost before, or not.
 */
export function countResult(reading: Reading, result: Json): void {
  const { counted, charged } = reading.state;
  const since = Object.entries(objectAt(result, 'model_usage_since_last_result') ?? {});
  const key = memberAt(result, 'uuid');
  const base = typeof key === 'string' ? key.slice(0, 64) : reading.line.id;
  const costs = since.map(([, usage]) => countAt(usage, 'costUSD') ?? 0);
  const total = countAt(result, 'total_cost_usd') ?? charged ?? 0;
  const before = charged ?? total - costs.reduce((sum, cost) => sum + cost, 0);
  let rest = total - before;
  for (const [model, usage] of since.slice(0, countedModels)) {
    if (!isObject(usage)) continue;
    const known = counted.find((item) => item.model === model)?.tokens ?? noTokens;
    const tokens = combine(tokensOfModel(usage), known, -1);
    const amount = countAt(usage, 'costUSD') ?? 0;
    rest -= amount;
    const of = { key: `${base}-${model.slice(0, 128)}`, model: model.slice(0, 256) };
    tell(reading, of, tokens, amount);
  }
  if (rest > 0) tell(reading, { key: base }, noTokens, rest);
  reading.change({ counted: [], charged: total });
}

function tell(
  reading: Reading,
  of: { key: string; model?: string },
  tokens: Tokens,
  amount: number,
): void {
  if (rounded(amount) === 0 && Object.values(tokens).every((count) => count === 0)) return;
  const cost: Money = { amount: rounded(amount), currency: 'USD' };
  const report = { ...of, tokens, ...(rounded(amount) === 0 ? {} : { cost }) };
  reading.emit({ type: 'usage', item: reading.nextItem(), report });
}

/** Without what sums of floating numbers leave behind the tenth digit. */
function rounded(amount: number): number {
  return Math.round(amount * 1e10) / 1e10;
}

/** The size of the context window, as a result tells it of the model in force. */
export function windowOf(result: Json, model: string | null): number | undefined {
  const models = objectAt(result, 'modelUsage') ?? {};
  const own = model === null ? undefined : countAt(memberAt(models, model), 'contextWindow');
  return own ?? countAt(Object.values(models)[0], 'contextWindow');
}

export function tokensOfMessage(usage: JsonObject): Tokens {
  const thought = countAt(objectAt(usage, 'output_tokens_details'), 'thinking_tokens') ?? 0;
  return {
    input: countAt(usage, 'input_tokens') ?? 0,
    output: Math.max(0, (countAt(usage, 'output_tokens') ?? 0) - thought),
    cacheRead: countAt(usage, 'cache_read_input_tokens') ?? 0,
    cacheWrite: countAt(usage, 'cache_creation_input_tokens') ?? 0,
    thought,
  };
}

function tokensOfModel(usage: JsonObject): Tokens {
  const thought = countAt(usage, 'thinkingTokens') ?? 0;
  return {
    input: countAt(usage, 'inputTokens') ?? 0,
    output: Math.max(0, (countAt(usage, 'outputTokens') ?? 0) - thought),
    cacheRead: countAt(usage, 'cacheReadInputTokens') ?? 0,
    cacheWrite: countAt(usage, 'cacheCreationInputTokens') ?? 0,
    thought,
  };
}

function combine(a: Tokens, b: Tokens, sign: 1 | -1): Tokens {
  const of = (key: keyof Tokens): number => Math.max(0, a[key] + sign * b[key]);
  return {
    input: of('input'),
    output: of('output'),
    cacheRead: of('cacheRead'),
    cacheWrite: of('cacheWrite'),
    thought: of('thought'),
  };
}
