import type { SessionRow } from 'turnkeep/client';
import { oneLine } from './harmless.ts';

type Money = { amount: number; currency: string; estimate?: true | undefined };
type Tokens = SessionRow['usage'];

/** An amount with its currency: agents may name any, also one that there is not. */
export function money({ amount, currency, estimate }: Money): string {
  const digits = amount !== 0 && amount < 1 ? 3 : 2;
  const text = moneyText(amount, { currency, maximumFractionDigits: digits });
  return estimate === true ? `≈ ${text}` : text;
}

function moneyText(amount: number, how: { currency: string; maximumFractionDigits: number }) {
  try {
    return new Intl.NumberFormat(undefined, { style: 'currency', ...how }).format(amount);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    // No currency of the standard: the number, and what it was called.
    const { currency, maximumFractionDigits } = how;
    const number = new Intl.NumberFormat(undefined, { maximumFractionDigits }).format(amount);
    return `${number} ${oneLine(currency, 32)}`.trim();
  }
}

export function count(tokens: number): string {
  if (tokens < 1000) return String(tokens);
  if (tokens < 100_000) return `${(tokens / 1000).toFixed(1)}k`;
  if (tokens < 1_000_000) return `${Math.round(tokens / 1000)}k`;
  return `${(tokens / 1_000_000).toFixed(1)}M`;
}

export function sumOf({ input, output, cacheRead, cacheWrite, thought }: Tokens): number {
  return input + output + cacheRead + cacheWrite + thought;
}
