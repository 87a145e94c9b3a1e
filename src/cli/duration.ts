import { refuse } from '../domain/refusal.ts';

const units: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
/** What timers can count. */
const mostMs = 2 ** 31 - 1;

/** Milliseconds of a time that a person typed: `90s`, `15m`, `2h`, `1d`, or 0. */
export function duration(text: string, option: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text);
  const ms = text === '0' ? 0 : Math.round(Number(match?.[1]) * (units[match?.[2] ?? ''] ?? NaN));
  if (Number.isNaN(ms)) {
    throw refuse('invalid', `${option} ${text} is no time: give one such as 90s, 15m, 2h or 1d.`);
  }
  return ms;
}

/** The same for a timer, which has an end. */
export function timerDuration(text: string, option: string): number {
  const ms = duration(text, option);
  if (ms <= mostMs) return ms;
  throw refuse('invalid', `${option} ${text} is too long: the longest is 24d; 0 is never.`);
}

/** A moment, ISO 8601: a date that a person typed, or so long before now. */
export function moment(text: string, now: number, option: string): string {
  const date = /^\d{4}-/.test(text) ? Date.parse(text) : now - duration(text, option);
  if (Number.isNaN(date)) throw refuse('invalid', `${option} ${text} is no date.`);
  return new Date(date).toISOString();
}
