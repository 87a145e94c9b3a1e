import type { ToolCall } from 'turnkeep/client';
import { commandOf } from '../tools/facts.ts';

type Json = ToolCall['input'];

/** What of an input does not stand elsewhere on the card: a switch that turns a guard off is among it. */
export function restOf(input: Json, shown: readonly string[]): Json {
  if (typeof input === 'string' && shown.includes(input)) return undefined;
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return input;
  const left = Object.entries(input).filter(([name, value]) => {
    const text = name === 'command' ? commandOf({ command: value }) : value;
    return typeof text !== 'string' || !shown.includes(text);
  });
  return left.length === 0 ? undefined : Object.fromEntries(left);
}
