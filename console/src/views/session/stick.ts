import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react';
import type { VListHandle } from 'virtua';
import type { Item } from '../../state/timeline.ts';

/** Nearer than this to the end counts as at the end. */
const nearPx = 48;

interface Stick {
  /** The reader has left the end. */
  away: boolean;
  /** Items that came since. */
  fresh: number;
  scrolled: (offset: number) => void;
  toEnd: () => void;
}

/**
 * Keeps the end in sight while the reader is there, also while the last item grows. Only scrolling up by hand
 * leaves the end: what grows moves nothing.
 */
export function useStick(
  list: { readonly current: VListHandle | null },
  { items, follows }: { items: readonly Item[]; follows: boolean },
): Stick {
  const sticks = useRef(follows);
  const last = useRef(0);
  const [leftAt, setLeftAt] = useState<string | null>(null);
  const toEnd = useCallback(() => {
    sticks.current = true;
    setLeftAt(null);
    const handle = list.current;
    if (handle !== null) handle.scrollTo(handle.scrollSize);
  }, [list]);
  const scrolled = useCallback(
    (offset: number) => {
      const handle = list.current;
      if (handle === null) return;
      const left = handle.scrollSize - handle.viewportSize - offset;
      if (left <= nearPx) {
        sticks.current = true;
        setLeftAt(null);
      } else if (offset < last.current - 2) {
        sticks.current = false;
        setLeftAt((at) => at ?? lastKey.current);
      }
      last.current = offset;
    },
    [list],
  );
  const lastKey = useRef('');
  useLayoutEffect(() => {
    lastKey.current = items.at(-1)?.key ?? '';
    if (sticks.current && follows && items.length > 0) {
      list.current?.scrollToIndex(items.length - 1, { align: 'end' });
    }
  }, [list, items, follows]);
  useGrowth(() => {
    const handle = list.current;
    if (handle !== null && sticks.current && follows) handle.scrollTo(handle.scrollSize);
  });
  const at = leftAt === null ? -1 : items.findIndex(({ key }) => key === leftAt);
  const fresh = at < 0 ? 0 : items.length - 1 - at;
  return { away: leftAt !== null, fresh, scrolled, toEnd };
}

/** Calls when what is in the list has become higher or lower, as it does with every token. */
function useGrowth(changed: () => void): void {
  const latest = useRef(changed);
  useLayoutEffect(() => {
    latest.current = changed;
  });
  useEffect(() => {
    const inner = document.querySelector('.timeline-list > *');
    const outer = document.querySelector('.timeline-list');
    if (inner === null || outer === null) return;
    const observer = new ResizeObserver(() => latest.current());
    observer.observe(inner);
    observer.observe(outer);
    return () => observer.disconnect();
  }, []);
}
