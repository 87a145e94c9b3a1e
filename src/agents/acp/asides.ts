import { isObject, type Json, type JsonObject } from '../../domain/json.ts';
import type { UsageReport } from '../../domain/usage.ts';
import { countAt, memberAt, objectAt, textAt } from '../shape.ts';
import { failureOfText } from './failure.ts';
import type { Reading } from './state.ts';

/** What is ours begins so, in a text or as the title of a question. */
const asidePrefix = 'turnkeep:';

/**
 * A chunk of the message that the model did not say: the opening's own text, words of the program, and what a
 * part of ours within the agent tells by way of it. True where nothing is left to be read.
 */
export function readAside(reading: Reading, update: JsonObject): boolean {
  const text = textAt(objectAt(update, 'content'), 'text');
  if (text === undefined) return false;
  if (text === reading.state.prelude) {
    reading.change({ prelude: null });
    return true;
  }
  const { asides, ownWords } = reading.quirks;
  if (asides !== undefined && objectAt(update, '_meta', ...asides) !== undefined) {
    readTold(reading, text);
    return true;
  }
  if (ownWords === undefined || ownWords.exec(text)?.[0] !== text) return false;
  reading.notice('agent', text);
  return true;
}

/** What others tell by the same way is for people. */
function readTold(reading: Reading, text: string): void {
  const told = text.startsWith(asidePrefix) ? parsed(text.slice(asidePrefix.length)) : undefined;
  if (told === undefined) return reading.notice('agent', text);
  const failure = textAt(told, 'failure');
  // A later success clears it: agents try again.
  if (failure !== undefined) {
    reading.endText();
    reading.change({ failure: failureOfText(failure) });
  }
  const report = reportOf(reading, told);
  if (report !== undefined) reading.emit({ type: 'usage', item: reading.nextItem(), report });
}

/** Of one answer of the model, so its key is where it was told. */
function reportOf(reading: Reading, told: JsonObject): UsageReport | undefined {
  const usage = objectAt(told, 'usage');
  if (usage === undefined) return undefined;
  const model = textAt(told, 'model')?.slice(0, 256);
  const amount = countAt(usage, 'cost') ?? 0;
  return {
    key: reading.line.id,
    tokens: {
      input: countAt(usage, 'input') ?? 0,
      output: countAt(usage, 'output') ?? 0,
      cacheRead: countAt(usage, 'cacheRead') ?? 0,
      cacheWrite: countAt(usage, 'cacheWrite') ?? 0,
      thought: countAt(usage, 'thought') ?? 0,
    },
    ...(model === undefined ? {} : { model }),
    // A model without a price is one of unknown cost, not one that is free.
    ...(amount === 0 ? {} : { cost: { amount, currency: 'USD' } }),
  };
}

/** The tool call that a question of ours is about: the agent passes it on as a question of its own. */
export function askedCall({ quirks }: Reading, toolCall: Json | undefined): Json {
  const input = objectAt(toolCall, 'rawInput');
  const ours = quirks.asides !== undefined && textAt(input, 'title') === asidePrefix;
  const carried = ours ? parsed(textAt(input, 'message') ?? '') : undefined;
  return carried ?? toolCall ?? null;
}

function parsed(text: string): JsonObject | undefined {
  try {
    const value = JSON.parse(text) as Json;
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The text that the agent will say by itself, as the answer that opens the session tells it. */
export function preludeOf({ quirks }: Reading, result: Json): string | null {
  if (quirks.prelude === undefined) return null;
  const [last = '', ...path] = quirks.prelude.toReversed();
  const text = memberAt(objectAt(result, '_meta', ...path.toReversed()), last);
  return typeof text === 'string' && text.length <= preludeChars ? text : null;
}

const preludeChars = 16 * 1024;
