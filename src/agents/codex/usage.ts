import type { Json } from '../../domain/json.ts';
import { noTokens, type Tokens } from '../../domain/usage.ts';
import { countAt, objectAt, textAt } from '../shape.ts';
import type { Child, Reading } from './state.ts';

/**
 * `thread/tokenUsage/updated`: sums of the thread, told with every answer of the model, also with one that broke
 * off, and told again where nothing is new. What is more than before is one report. What the last answer alone
 * took stands beside the sums, but may be that of the answer before it.
 */
export function readUsage(reading: Reading, params: Json): void {
  const told = objectAt(params, 'tokenUsage');
  const total = objectAt(told, 'total');
  if (total === undefined) return reading.unrecognized('usage without sums');
  const { turn, spent, thread, inForce } = reading.state;
  const sum = tokensOf(total);
  const last = objectAt(told, 'last');
  const used = countAt(last, 'totalTokens');
  const size = countAt(told, 'modelContextWindow');
  if (used !== undefined && size !== undefined) reading.report({ used, size });
  reading.change({ spent: sum });
  // What a thread brings along is told under the turn in which it was used.
  if (turn === null || textAt(params, 'turnId') !== turn.id) return;
  const tokens = spent === null ? tokensOf(last ?? total) : difference(sum, spent);
  report(reading, tokens, { thread: thread ?? '', turn: turn.id, model: inForce.model });
}

/** The same of a sub-agent, whose thread has sums of its own. Gives what they are now. */
export function readChildUsage(reading: Reading, params: Json, child: Child): Tokens | null {
  const told = objectAt(params, 'tokenUsage');
  const total = objectAt(told, 'total');
  const turn = textAt(params, 'turnId');
  if (total === undefined || turn === undefined) return child.spent;
  const sum = tokensOf(total);
  const last = tokensOf(objectAt(told, 'last') ?? total);
  const { thread, model } = child;
  const tokens = child.spent === null ? last : difference(sum, child.spent);
  report(reading, tokens, { thread, turn: turn.slice(0, 256), model });
  return sum;
}

interface Of {
  thread: string;
  turn: string;
  model: string | null;
}

function report(reading: Reading, tokens: Tokens, of: Of): void {
  if (Object.values(tokens).every((count) => count === 0)) return;
  const { reports } = reading.state;
  reading.change({ reports: reports + 1 });
  const key = `${of.thread}-${of.turn}-${reports}`;
  const model = of.model === null ? {} : { model: of.model };
  reading.emit({ type: 'usage', item: reading.nextItem(), report: { key, ...model, tokens } });
}

/** What goes in counts what came from the cache, and what comes out the thoughts. */
function tokensOf(told: Json): Tokens {
  const cacheRead = countAt(told, 'cachedInputTokens') ?? 0;
  const cacheWrite = countAt(told, 'cacheWriteInputTokens') ?? 0;
  const thought = countAt(told, 'reasoningOutputTokens') ?? 0;
  return {
    input: Math.max(0, (countAt(told, 'inputTokens') ?? 0) - cacheRead - cacheWrite),
    output: Math.max(0, (countAt(told, 'outputTokens') ?? 0) - thought),
    cacheRead,
    cacheWrite,
    thought,
  };
}

function difference(now: Tokens, before: Tokens): Tokens {
  const more = { ...noTokens };
  for (const key of Object.keys(more) as (keyof Tokens)[]) {
    more[key] = Math.max(0, now[key] - before[key]);
  }
  return more;
}
