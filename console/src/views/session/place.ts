import type { Entry } from 'turnkeep/client';
import { Cell } from '../../state/cell.ts';
import { Frame } from '../../state/frame.ts';
import { isAt, type LogPlace, placeOf } from '../../state/log-window.ts';
import type { LogMark } from '../../state/session-log.ts';
import type { Item } from '../../state/timeline.ts';
import { type Anchor, anchorIn, topIn } from './anchor.ts';
import { Hand } from './hand.ts';
import { Lines } from './lines.ts';

/** Nearer to the end than this the reader has reached it. */
const nearPx = 16;
/** Lines so near to the view are there, so that scrolling finds them drawn. */
const leastPx = 400;
const mostPx = 1000;
/** What is higher than this part of the view is read from its beginning. */
const tall = 0.8;
/** Above what is read from its beginning. */
const airPx = 12;
/** So often lines are added before the next frame. */
const mostPasses = 12;

/**
 * Where the reader is: at the end, on the way to an entry, or where something stays at its place in sight. `key`
 * and `into` say the same by a line, for when that thing is gone or was never drawn.
 */
type Where =
  | { at: 'end' }
  | { at: 'entry'; entry: LogPlace }
  | { at: 'anchor'; anchor: Anchor | null; key: string | undefined; into: number };

/**
 * The reader's place in a log, and the lines that are drawn around it. After whatever changes the list, `settle`
 * brings it to that place before it is painted. As nothing else writes the offset of the list, every other change
 * of it is the reader's (by wheel, finger, key, scrollbar, search of the browser), and nothing but such a change,
 * or being asked to go somewhere, changes the place.
 */
export class Place {
  /** Keys of the items that are drawn. */
  readonly drawn = new Cell<ReadonlySet<string>>(new Set());
  /** The end is out of sight. */
  readonly away = new Cell(false);
  /** What there was when the reader left the end; null at the end. */
  readonly left = new Cell<LogMark | null>(null);
  readonly #lines = new Lines();
  readonly #nodes = new Map<string, Element>();
  readonly #keys = new WeakMap<Element, string>();
  readonly #observer = new ResizeObserver((changes) => this.#resized(changes));
  readonly #frame = new Frame(() => this.#look());
  readonly #hand = new Hand();
  #list: HTMLElement | null = null;
  #items: readonly Item[] = [];
  /** What is appended comes into this list. */
  #open = true;
  #where: Where = { at: 'end' };
  /** The offset that the list had when it was last looked at. */
  #top = 0;
  /** Height of the list and of its view, when it was last put to the reader's place. */
  #size = '';
  #passes = 0;
  readonly #mark: () => LogMark;

  /** `mark`: what there is now. */
  constructor(mark: () => LogMark) {
    this.#mark = mark;
  }

  attach(list: HTMLElement): () => void {
    this.#list = list;
    this.#observer.observe(list);
    const withdraw = this.#hand.watch(list);
    return () => {
      withdraw();
      this.#observer.disconnect();
      this.#list = null;
    };
  }

  /** A line that was drawn, until what it returns is called. */
  line(key: string, node: Element): () => void {
    this.#nodes.set(key, node);
    this.#keys.set(node, key);
    this.#lines.measure(key, node.getBoundingClientRect().height);
    this.#observer.observe(node);
    return () => {
      this.#observer.unobserve(node);
      if (this.#nodes.get(key) === node) this.#nodes.delete(key);
    };
  }

  /** Which of these items are to be drawn, and the room of those above and below them. */
  layout(items: readonly Item[]): Range & { above: number; below: number } {
    this.#lines.set(items.map(({ key }) => key));
    const { from, to } = rangeOf(items, this.drawn.get());
    const below = this.#lines.top(items.length) - this.#lines.top(to);
    return { from, to, above: this.#lines.top(from), below };
  }

  /** The list has been rendered with these items; `open`: those that are appended will be among them. */
  rendered(items: readonly Item[], open: boolean): void {
    this.#items = items;
    this.#open = open;
    this.#passes += 1;
    this.#settle();
    if (this.#passes > mostPasses) this.#frame.ask();
    else this.#draw();
  }

  /** The list has another offset than before: by the reader, or as it was written here. */
  scrolled(): void {
    this.#passes = 0;
    this.#settle();
    this.#draw();
  }

  toEnd(): void {
    this.#where = { at: 'end' };
    this.left.set(null);
    this.scrolled();
  }

  toStart(): void {
    this.#list?.scrollTo({ top: 0, behavior: 'instant' });
    this.scrolled();
  }

  toEntry(entry: LogPlace): void {
    this.#where = { at: 'entry', entry };
    this.left.update((left) => left ?? this.#mark());
    this.scrolled();
  }

  /** How much of the list is above and below what is in sight; null while it is not shown. */
  around(): { above: number; below: number } | null {
    const list = this.#list;
    if (list === null || list.clientHeight === 0 || this.#items.length === 0) return null;
    return { above: list.scrollTop, below: endOf(list) - list.scrollTop };
  }

  #resized(changes: readonly ResizeObserverEntry[]): void {
    for (const { target } of changes) {
      const key = this.#keys.get(target);
      if (key === undefined || !target.isConnected) continue;
      const { height } = target.getBoundingClientRect();
      if (height > 0) this.#lines.measure(key, height);
    }
    this.#settle();
    // Lines that are drawn in here would not be observed in this frame.
    this.#frame.ask();
  }

  #look(): void {
    this.#passes = 0;
    this.#draw();
  }

  /** Puts the list to the reader's place. */
  #settle(): void {
    const list = this.#list;
    if (list === null || list.clientHeight === 0 || this.#items.length === 0) return;
    const moved = this.#notice(list);
    const to = this.#wanted(list);
    if (to !== null && Math.abs(to - list.scrollTop) >= 1) {
      list.scrollTo({ top: to, behavior: 'instant' });
      this.#top = list.scrollTop;
    }
    this.#size = `${list.scrollHeight} ${list.clientHeight}`;
    const stands = to === null || Math.abs(to - list.scrollTop) < 1;
    if (this.#where.at === 'anchor' && (moved || !stands || !this.#isHeld(list))) this.#hold(list);
    const below = endOf(list) - list.scrollTop;
    this.away.set(this.#where.at !== 'end' && !(this.#open && below <= nearPx));
  }

  /**
   * What the reader has done since. A list that became shorter is cut off by the browser: that is nobody's act, and
   * it may have grown again since. So where sizes have changed the end is left by hand, or far.
   */
  #notice(list: HTMLElement): boolean {
    this.#top = Math.min(this.#top, endOf(list));
    const by = list.scrollTop - this.#top;
    if (Math.abs(by) < 1) return false;
    this.#top = list.scrollTop;
    const where = this.#where;
    const changed = `${list.scrollHeight} ${list.clientHeight}` !== this.#size;
    if (where.at === 'end' && changed && -by < list.clientHeight && !this.#hand.moves) return false;
    if (by > 0 && this.#open && endOf(list) - list.scrollTop <= nearPx) {
      this.#where = { at: 'end' };
      this.left.set(null);
    } else if (where.at === 'anchor') {
      if (where.anchor !== null) where.anchor.top -= by;
      where.into += by;
    } else if (where.at === 'entry' || by < 0) {
      this.left.update((left) => left ?? this.#mark());
      this.#hold(list);
    }
    return true;
  }

  #wanted(list: HTMLElement): number | null {
    const where = this.#where;
    switch (where.at) {
      case 'end':
        return endOf(list);
      case 'entry':
        return this.#wantedOf(list, where.entry);
      case 'anchor': {
        const { anchor, key, into } = where;
        if (anchor !== null && list.contains(anchor.node)) {
          return list.scrollTop + topIn(list, anchor.node) - anchor.top;
        }
        const index = this.#items.findIndex((item) => item.key === key);
        return index < 0 ? null : this.#lines.top(index) + into;
      }
    }
  }

  /** In the middle of the view; once it is drawn, it is what stays there. */
  #wantedOf(list: HTMLElement, entry: LogPlace): number | null {
    const index = indexOf(this.#items, entry);
    const key = this.#items[index]?.key;
    if (key === undefined) return null;
    const line = this.#nodes.get(key);
    if (line === undefined) return this.#lines.top(index) - list.clientHeight / 2;
    const node = line.querySelector(`[data-seq="${entry.seq}"]`) ?? line;
    const { height } = node.getBoundingClientRect();
    const free = list.clientHeight - height;
    const top = height > list.clientHeight * tall ? airPx : free / 2;
    const to = list.scrollTop + topIn(list, node) - top;
    this.#where = { at: 'anchor', anchor: { node, top }, key, into: to - this.#lines.top(index) };
    return to;
  }

  #isHeld(list: HTMLElement): boolean {
    const where = this.#where;
    return where.at === 'anchor' && where.anchor !== null && list.contains(where.anchor.node);
  }

  /** What is in sight now stays where it is. */
  #hold(list: HTMLElement): void {
    const lines = this.#items.flatMap(({ key }) => this.#nodes.get(key) ?? []);
    const index = this.#lines.at(list.scrollTop);
    this.#where = {
      at: 'anchor',
      anchor: anchorIn(list, lines),
      key: this.#items[index]?.key,
      into: list.scrollTop - this.#lines.top(index),
    };
  }

  /** Has the lines drawn that are in sight or near to it. */
  #draw(): void {
    const list = this.#list;
    if (list === null || list.clientHeight === 0 || this.#items.length === 0) return;
    const now = rangeOf(this.#items, this.drawn.get());
    const least = this.#near(list, leastPx);
    if (least.from >= now.from && least.to <= now.to) return;
    const { from, to } = this.#near(list, mostPx);
    this.drawn.set(new Set(this.#items.slice(from, to).map(({ key }) => key)));
  }

  #near(list: HTMLElement, px: number): Range {
    const from = this.#lines.at(list.scrollTop - px);
    return { from, to: this.#lines.at(list.scrollTop + list.clientHeight + px) + 1 };
  }
}

interface Range {
  from: number;
  to: number;
}

/** The items that are drawn: what lies between the first and the last one of these keys. */
function rangeOf(items: readonly Item[], keys: ReadonlySet<string>): Range {
  const from = items.findIndex(({ key }) => keys.has(key));
  if (from < 0) return { from: 0, to: 0 };
  return { from, to: items.findLastIndex(({ key }) => keys.has(key)) + 1 };
}

/** The item of an entry, or the first one after it, where the entry is not shown; -1 for none. */
function indexOf(items: readonly Item[], at: LogPlace): number {
  const exact = items.findIndex((item) => isOf(item, at));
  if (exact >= 0) return exact;
  const isAfter = (entry: Entry) => placeOf(entry).base === at.base && entry.seq > at.seq;
  return items.findIndex(({ entries }) => entries.some(isAfter));
}

/** Whether an entry is shown in an item. Entries of a base have numbers of their own. */
export function isOf(item: Item, at: LogPlace): boolean {
  return (
    item.entries.some((entry) => isAt(entry, at)) || item.children.some((child) => isOf(child, at))
  );
}

const endOf = (list: HTMLElement) => list.scrollHeight - list.clientHeight;
