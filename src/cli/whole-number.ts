import { refuse } from '../domain/refusal.ts';

/** A count or seq that a person typed. */
export function wholeNumber(text: string, option: string): number {
  const number = Number(text);
  if (text.trim() === '' || !Number.isInteger(number) || number < 0) {
    throw refuse('invalid', `${option} ${text} is no whole number.`);
  }
  return number;
}
