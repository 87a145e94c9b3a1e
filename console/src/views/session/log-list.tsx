import { type KeyboardEvent, memo, type ReactNode, useLayoutEffect, useRef } from 'react';
import { useCell } from '../../state/cell.ts';
import type { LogPlace } from '../../state/log-window.ts';
import type { Item } from '../../state/timeline.ts';
import { ItemView } from '../../timeline/item-view.tsx';
import { isOf, type Place } from './place.ts';

interface LogListProps {
  place: Place;
  items: readonly Item[];
  /** What is appended will be among the items. */
  open: boolean;
  /** The entry that is marked. */
  at: LogPlace | null;
  onScroll: () => void;
  onKeyDown: (event: KeyboardEvent) => void;
}

/** The items near to what is in sight, with room for the others. Its place in the log is kept by `Place`. */
export const LogList = memo(function LogList(props: LogListProps): ReactNode {
  const { place, items, open, at, onScroll, onKeyDown } = props;
  const list = useRef<HTMLDivElement>(null);
  useCell(place.drawn);
  // The room of lines that come or go is theirs in the same breath, or the browser would cut the list off meanwhile.
  const { from, to, above, below } = place.layout(items);
  useLayoutEffect(() => (list.current === null ? undefined : place.attach(list.current)), [place]);
  useLayoutEffect(() => place.rendered(items, open));
  return (
    <div
      ref={list}
      className="timeline-list"
      role="log"
      aria-label="Log"
      aria-live="off"
      tabIndex={0}
      onScroll={(event) => {
        if (event.target === event.currentTarget) onScroll();
      }}
      onKeyDown={onKeyDown}
    >
      <div style={{ paddingTop: above, paddingBottom: below }}>
        {items.slice(from, to).map((item) => (
          <Line key={item.key} place={place} item={item} marked={at !== null && isOf(item, at)} />
        ))}
      </div>
    </div>
  );
});

interface LineProps {
  place: Place;
  item: Item;
  marked: boolean;
}

const Line = memo(function Line({ place, item, marked }: LineProps): ReactNode {
  const node = useRef<HTMLDivElement>(null);
  const { key } = item;
  useLayoutEffect(
    () => (node.current === null ? undefined : place.line(key, node.current)),
    [place, key],
  );
  return (
    <div ref={node} className="line">
      <ItemView item={item} marked={marked} />
    </div>
  );
});
