import type { NewEntry } from '../../src/domain/entry.ts';
import { noTokens, type Tokens, type UsageReport } from '../../src/domain/usage.ts';
import { type Fields, time } from './sample.ts';

/** An entry that reports usage. */
export function usage(id: string, report: UsageReport, fields: Fields = {}): NewEntry {
  return { id, at: time, by: { type: 'server' }, kind: 'usage', data: report, ...fields };
}

export function tokens(input: number, more: Partial<Tokens> = {}): Tokens {
  return { ...noTokens, input, ...more };
}

export const dollars = (amount: number) => ({ amount, currency: 'USD' });
