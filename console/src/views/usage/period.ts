/** How far back is looked, in days. */
export const periods = [7, 30, 90] as const;
export type Period = (typeof periods)[number];

const dayMs = 86_400_000;

/** The days of a period up to today, in UTC as usage is counted, the first one first. */
export function daysOf(period: Period, now: number): string[] {
  return Array.from({ length: period }, (_, back) =>
    new Date(now - (period - 1 - back) * dayMs).toISOString().slice(0, 10),
  );
}

export function dayText(day: string): string {
  const date = new Date(`${day}T12:00:00Z`);
  return date.toLocaleDateString(undefined, { month: 'short', day: 'numeric', timeZone: 'UTC' });
}
