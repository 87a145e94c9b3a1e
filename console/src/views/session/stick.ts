import { useMemo } from 'react';
import { useCell } from '../../state/cell.ts';
import type { SessionLog } from '../../state/session-log.ts';
import type { Item } from '../../state/timeline.ts';
import type { Place } from './place.ts';

/** Heads and ends of runs are about others. */
const aside: ReadonlySet<string> = new Set(['run', 'end']);

/** How many items have come since the reader left the end. */
export function useFresh(place: Place, log: SessionLog, items: readonly Item[]): number {
  const left = useCell(place.left);
  const told = useCell(log.told);
  const { toEnd } = useCell(log.window);
  return useMemo(() => {
    if (left === null) return 0;
    if (!toEnd) return told - left.told;
    const isFresh = ({ key, type, entries: [first] }: Item) =>
      !aside.has(type) &&
      !left.texts.has(key) &&
      (first === undefined || (!('inherited' in first) && first.seq > left.seq));
    return items.filter(isFresh).length;
  }, [items, left, told, toEnd]);
}
