import { Growing, lengthen, openAt } from './fill.ts';
import { type Measure, result } from './result.ts';
import type { Store } from '../../src/ports/store.ts';

const sessions = 64;

/** Whether appends slow down as the file grows: 64 sessions, one entry each, every one waiting for its commit. */
export const million: Measure = async (place) => {
  const window = place.size(100_000, 1000);
  const store = await openAt(place.path('state'));
  const growing = Array.from({ length: sessions }, (_, number) => new Growing(`s${number}`));
  await store.append(growing.map((one) => one.next(1)));
  await singly(store, growing, window / 2);
  const base = await singly(store, growing, window);
  const rest = Math.ceil((window * 8.5) / sessions);
  for (const one of growing) await lengthen(store, one, { entries: rest, together: 500 });
  const late = await singly(store, growing, window);
  await store.close();
  const from = `${window / 2} to ${window * 1.5}`;
  return [
    result('append-base', `appends of entries ${from} of a file`, base, '/s'),
    result('append-million', `appends of entries ${window * 10} to ${window * 11}`, late, '/s'),
    result('append-growth', '… over those', late / base, 'x', { atLeast: 0.8 }),
  ];
};

/** Entries a second. */
async function singly(store: Store, growing: readonly Growing[], entries: number): Promise<number> {
  const began = performance.now();
  let left = entries;
  await Promise.all(
    growing.map(async (one) => {
      while (left > 0) {
        left -= 1;
        await store.append([one.next(1, true)]);
      }
    }),
  );
  return entries / ((performance.now() - began) / 1000);
}
