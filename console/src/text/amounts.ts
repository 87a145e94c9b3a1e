import type { SessionRow } from 'turnkeep/client';

type Money = { amount: number; currency: string; estimate?: true | undefined };
type Tokens = SessionRow['usage'];

export function money({ amount, currency, estimate }: Money): string {
  const digits = amount !== 0 && amount < 1 ? 3 : 2;
  const text = new Intl.NumberFormat(undefined, {
    style: 'currency',
    currency,
    maximumFractionDigits: digits,
  }).format(amount);
  return estimate === true ? `≈ ${text}` : text;
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
