import {
  type KeyboardEvent,
  type ReactNode,
  useCallback,
  useEffect,
  useMemo,
  useState,
} from 'react';
import { meaningOf } from '../../keyboard/shortcut.ts';
import { isWriting } from '../../keyboard/walk.ts';
import { Icon } from '../../parts/icon.tsx';
import { useCell } from '../../state/cell.ts';
import type { LogPlace } from '../../state/log-window.ts';
import type { SessionLog } from '../../state/session-log.ts';
import { type Item, ItemFold } from '../../state/timeline.ts';
import { LogList } from './log-list.tsx';
import { Place } from './place.ts';
import { useFresh } from './stick.ts';

/** Nearer than this to an end, what comes next is read. */
const readAheadPx = 1200;

/** The log as a list that opens at its end or at an entry, and grows where it is scrolled to. */
export function Timeline({ log, at }: { log: SessionLog; at: LogPlace | null }): ReactNode {
  const [place] = useState(() => new Place(() => log.mark()));
  const { items, toEnd } = useItems(log);
  const readMore = useReadAhead(log, place);
  const scrolled = useCallback(() => {
    place.scrolled();
    readMore();
  }, [place, readMore]);
  const end = useCallback(() => void log.goToTail().then(() => place.toEnd()), [log, place]);
  useEffect(() => {
    if (at === null) end();
    else void log.goTo(at).then(() => place.toEntry(at));
  }, [end, log, place, at]);
  useEffect(() => {
    const tell = () => log.reads(!place.away.get());
    const leave = place.away.watch(tell);
    tell();
    return () => {
      leave();
      log.reads(true);
    };
  }, [log, place]);
  const pressed = useCallback(
    (event: KeyboardEvent) => {
      const meaning = meaningOf(event, ['logStart', 'logEnd']);
      if (meaning === undefined || isWriting(event.target as Element)) return;
      event.preventDefault();
      if (meaning === 'logEnd') end();
      else void log.goToStart().then(() => place.toStart());
    },
    [end, log, place],
  );
  return (
    <div className="timeline">
      <LogList
        place={place}
        items={items}
        open={toEnd}
        at={at}
        onScroll={scrolled}
        onKeyDown={pressed}
      />
      <ToEnd place={place} log={log} items={items} go={end} />
    </div>
  );
}

interface ToEndProps {
  place: Place;
  log: SessionLog;
  items: readonly Item[];
  go: () => void;
}

/** While the end is out of sight: what has come there, and the way to it. */
function ToEnd({ place, log, items, go }: ToEndProps): ReactNode {
  const fresh = useFresh(place, log, items);
  if (!useCell(place.away)) return null;
  return (
    <button type="button" className="to-end" onClick={go}>
      <Icon name="down" />
      {fresh > 0 ? `${fresh.toLocaleString()} new` : 'To the end'}
    </button>
  );
}

/** Reads what lies before and after the window, when the view is near to its ends. */
function useReadAhead(log: SessionLog, place: Place): () => void {
  const window = useCell(log.window);
  const readMore = useCallback(() => {
    const around = place.around();
    if (around === null) return;
    if (around.above < readAheadPx) void log.loadOlder();
    if (around.below < readAheadPx) void log.loadNewer();
  }, [log, place]);
  // A page may show nothing, or too little to be scrolled, and what is refused is not asked for again here.
  useEffect(() => {
    const frame = requestAnimationFrame(readMore);
    return () => cancelAnimationFrame(frame);
  }, [window, readMore]);
  return readMore;
}

/** The items of the window and of the texts in progress; unchanged ones are the same objects as before. */
function useItems(log: SessionLog): { items: readonly Item[]; toEnd: boolean } {
  const { entries, toEnd } = useCell(log.window);
  const open = useCell(log.partials.open);
  const [fold] = useState(() => new ItemFold());
  const items = useMemo(() => fold.items(entries, toEnd ? open : []), [fold, entries, open, toEnd]);
  return { items, toEnd };
}
