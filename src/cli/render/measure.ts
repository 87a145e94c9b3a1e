import type { Money, Tokens } from '../../domain/usage.ts';

export function renderDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min ${Math.floor((ms % 60_000) / 1000)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** How long ago something was, in one unit. */
export function renderAge(at: string, now: number): string {
  const seconds = Math.max(0, Math.floor((now - Date.parse(at)) / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}

export function renderTokens(tokens: Tokens): string {
  const read = tokens.input + tokens.cacheRead + tokens.cacheWrite;
  return `${shortCount(read)} in, ${shortCount(tokens.output)} out`;
}

/** What was estimated, be it in part, is told apart. */
export function renderMoney(cost: {
  amount: Money['amount'];
  currency: string;
  estimate?: true | undefined;
}): string {
  const amount = cost.amount < 0.1 ? cost.amount.toFixed(4) : cost.amount.toFixed(2);
  const about = cost.estimate === true ? '~' : '';
  return cost.currency === 'USD' ? `${about}$${amount}` : `${about}${amount} ${cost.currency}`;
}

/** A count in at most five characters. */
export function shortCount(count: number): string {
  if (count < 1000) return String(count);
  if (count < 1_000_000) return `${(count / 1000).toFixed(1)}k`;
  return `${(count / 1_000_000).toFixed(1)}M`;
}
