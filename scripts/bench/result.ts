import type { Place } from './place.ts';

/** One number of a measure. `target` is null where the number is for information. */
export interface Result {
  id: string;
  title: string;
  value: number;
  unit: string;
  target: number | null;
  /** Whether more is better: then the target is the least, else the most. */
  more: boolean;
}

/** A measure runs in a process of its own and may tell several numbers. */
export type Measure = (place: Place) => Promise<readonly Result[]>;

export function result(
  id: string,
  title: string,
  value: number,
  unit: string,
  target: { atLeast: number } | { atMost: number } | null = null,
): Result {
  if (!Number.isFinite(value)) throw new Error(`Nothing was measured for ${id}.`);
  if (target === null) return { id, title, value, unit, target, more: false };
  const more = 'atLeast' in target;
  return { id, title, value, unit, target: more ? target.atLeast : target.atMost, more };
}

export function passes({ value, target, more }: Result): boolean | null {
  if (target === null) return null;
  return more ? value >= target : value <= target;
}

/** The value below which so large a share of the values lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
