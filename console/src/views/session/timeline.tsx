import { type ReactNode, useEffect, useLayoutEffect, useMemo, useRef } from 'react';
import { VList, type VListHandle } from 'virtua';
import { Icon } from '../../parts/icon.tsx';
import { useCell } from '../../state/cell.ts';
import type { SessionLog } from '../../state/session-log.ts';
import { type Item, itemsOf } from '../../state/timeline.ts';
import { ItemView } from '../../timeline/item-view.tsx';
import { useStick } from './stick.ts';

/** Nearer than this to an end, what comes next is read. */
const readAheadPx = 1200;

/** The log as a list that opens at its end, follows it, and grows upwards as it is scrolled. */
export function Timeline({ log, seq }: { log: SessionLog; seq: number | null }): ReactNode {
  const list = useRef<VListHandle>(null);
  const { items, prepended, fromStart, toEnd } = useItems(log);
  const stick = useStick(list, { items, follows: toEnd && seq === null });
  const loading = useCell(log.loading);
  useJump(list, items, seq);
  const scrolled = (offset: number) => {
    stick.scrolled(offset);
    readMore(log, list.current, offset);
  };
  // A window that does not fill the view cannot be scrolled to read more.
  useEffect(() => {
    const handle = list.current;
    if (handle === null || loading !== null || fromStart) return;
    if (handle.scrollSize <= handle.viewportSize + 40) void log.loadOlder();
  }, [log, items, loading, fromStart]);
  // Nor does one that stood at its beginning while another page was being read.
  useEffect(() => {
    if (loading !== null || fromStart || !stick.away) return undefined;
    const frame = requestAnimationFrame(() => {
      const offset = list.current?.scrollOffset;
      if (offset !== undefined && offset < readAheadPx) void log.loadOlder();
    });
    return () => cancelAnimationFrame(frame);
  }, [log, loading, fromStart, stick.away]);
  return (
    <div className="timeline">
      <VList
        ref={list}
        className="timeline-list"
        data={items}
        shift={prepended}
        bufferSize={600}
        onScroll={scrolled}
        role="log"
        aria-label="Log"
        aria-live="off"
        tabIndex={0}
      >
        {(item) => <ItemView key={item.key} item={item} marked={isMarked(item, seq)} />}
      </VList>
      {(stick.away || !toEnd) && (
        <button
          type="button"
          className="to-end"
          onClick={() => void log.goToTail().then(stick.toEnd)}
        >
          <Icon name="down" />
          {stick.fresh > 0 ? `${stick.fresh} new` : 'To the end'}
        </button>
      )}
    </div>
  );
}

function readMore(log: SessionLog, handle: VListHandle | null, offset: number): void {
  if (handle === null) return;
  if (offset < readAheadPx) void log.loadOlder();
  const left = handle.scrollSize - handle.viewportSize - offset;
  if (left < readAheadPx) void log.loadNewer();
}

function isMarked(item: Item, seq: number | null): boolean {
  if (seq === null) return false;
  return (
    item.entries.some((entry) => entry.seq === seq) ||
    item.children.some((child) => isMarked(child, seq))
  );
}

interface Shown {
  items: readonly Item[];
  /** Items came before the first one: what is in sight keeps its place. */
  prepended: boolean;
}

/** The items of the window and of the texts in progress; unchanged ones are the same objects as before. */
function useItems(log: SessionLog): Shown & { fromStart: boolean; toEnd: boolean } {
  const { entries, fromStart, toEnd } = useCell(log.window);
  const open = useCell(log.partials.open);
  const before = useRef<ReadonlyMap<string, Item>>(new Map());
  const first = useRef<string | undefined>(undefined);
  const shown = useMemo((): Shown => {
    const items = itemsOf(entries, toEnd ? open : [], before.current);
    const grew = first.current !== undefined && items[0]?.key !== first.current;
    const prepended = grew && items.some(({ key }) => key === first.current);
    return { items, prepended };
  }, [entries, open, toEnd]);
  useLayoutEffect(() => {
    before.current = new Map(shown.items.map((item) => [item.key, item]));
    first.current = shown.items[0]?.key;
  }, [shown]);
  return { ...shown, fromStart, toEnd };
}

/** Goes once to the entry that the address names, when it is there. */
function useJump(
  list: { readonly current: VListHandle | null },
  items: readonly Item[],
  seq: number | null,
): void {
  const done = useRef<number | null>(null);
  useLayoutEffect(() => {
    if (seq === null || done.current === seq) return;
    const at = items.findIndex((item) => item.entries.some((entry) => entry.seq >= seq));
    if (at < 0) return;
    done.current = seq;
    list.current?.scrollToIndex(at, { align: 'center' });
  }, [list, items, seq]);
}
