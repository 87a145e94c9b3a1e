import type { Client } from '../client/client.ts';
import type { ListEvent } from '../client/list-feed.ts';
import type { SessionRow } from '../domain/row.ts';
import { jsonLine, oneLine } from './clean.ts';
import type { Io } from './io.ts';
import { listenKeys } from './keys.ts';
import { isListed, type ListQuery, sorted } from './list-filter.ts';
import { type ListLine, renderList } from './render/list.ts';
import type { Look } from './render/look.ts';
import { countdown, leftOf } from './render/policy.ts';
import { cutTo } from './render/width.ts';
import { Screen } from './screen.ts';

export interface Watching {
  client: Client;
  query: ListQuery;
  io: Io;
  /** Asked at each picture: a terminal may get another size. */
  look: () => Look;
}

/** The sessions of a list as they are now. */
class LiveRows {
  readonly rows = new Map<string, SessionRow>();
  readonly #query: ListQuery;

  constructor(query: ListQuery) {
    this.#query = query;
  }

  /** Takes a change over; answers the rows that changed for this list, null for one that left it. */
  take(event: ListEvent): readonly [session: string, row: SessionRow | null][] {
    if (event.type === 'state') return [];
    if (event.type === 'changed') return this.#change(event.session, event.row);
    const listed = new Set(event.rows.map(({ id }) => id));
    const gone = [...this.rows.keys()].filter((id) => !listed.has(id));
    return [
      ...gone.flatMap((id) => this.#change(id, null)),
      ...event.rows.flatMap((row) => this.#change(row.id, row)),
    ];
  }

  #change(session: string, row: SessionRow | null): [string, SessionRow | null][] {
    if (row !== null && isListed(row, this.#query)) {
      this.rows.set(session, row);
      return [[session, row]];
    }
    return this.rows.delete(session) ? [[session, null]] : [];
  }
}

/**
 * The feed of the list. Which rows it has is decided here: a feed that were filtered by what can change
 * would not tell of a row that leaves it.
 */
function feedOf({ client, query }: Watching, signal: AbortSignal): AsyncGenerator<ListEvent> {
  return client.watchList(query.agent === undefined ? {} : { agent: query.agent }, { signal });
}

/** Prints every change of the list as a line, those that are there first; ends at Ctrl-C. */
export async function streamList(watching: Watching, json: boolean): Promise<void> {
  const { io } = watching;
  const leave = new AbortController();
  const off = io.onInterrupt(() => leave.abort());
  const live = new LiveRows(watching.query);
  try {
    for await (const event of feedOf(watching, leave.signal)) {
      const changed = event.type === 'changed' ? event : null;
      const reasons = changed?.reasons ?? ['listed'];
      const at = changed?.at ?? new Date(io.now()).toISOString();
      for (const [session, row] of live.take(event)) {
        const key = row?.key ?? changed?.key ?? null;
        if (json) io.out(`${jsonLine({ session, key, reasons, at, row })}\n`);
        else io.out(`${changeLine({ session, row, at })}\n`);
      }
    }
  } finally {
    off();
  }
}

function changeLine(change: { session: string; row: SessionRow | null; at: string }): string {
  const { session, row, at } = change;
  const status = (row?.status ?? 'gone').padEnd(8);
  const title = row === null ? '' : oneLine(row.title ?? row.key ?? '', 80);
  return `${oneLine(at).slice(11, 19)}  ${status}  ${oneLine(session)}  ${title}`.trimEnd();
}

const frameMs = 100;
const tickMs = 1000;
const help = '↑↓ choose · enter attach · q leave';

/** Shows the list on the whole terminal until `q`, or until a session is chosen, which it answers. */
export async function watchList(watching: Watching, chosen?: string): Promise<string | null> {
  const picture = new Picture(watching, chosen);
  const leave = new AbortController();
  const stopKeys = listenKeys(watching.io, (key) => {
    if (picture.press(key)) leave.abort();
  });
  const offResize = watching.io.onResize(() => picture.soon());
  const offInterrupt = watching.io.onInterrupt(() => leave.abort());
  const tick = setInterval(() => picture.soon(), tickMs);
  picture.open();
  try {
    for await (const event of feedOf(watching, leave.signal)) picture.take(event);
    return picture.answer;
  } finally {
    clearInterval(tick);
    offInterrupt();
    offResize();
    stopKeys();
    picture.close();
  }
}

class Picture {
  readonly #watching: Watching;
  readonly #screen: Screen;
  readonly #live: LiveRows;
  #chosen: string | undefined;
  #order: readonly string[] = [];
  #top = 0;
  #note = 'Connecting…';
  #timer: NodeJS.Timeout | null = null;
  /** The session that was chosen with Enter. */
  answer: string | null = null;

  constructor(watching: Watching, chosen: string | undefined) {
    this.#watching = watching;
    this.#screen = new Screen(watching.io);
    this.#live = new LiveRows(watching.query);
    this.#chosen = chosen;
  }

  open(): void {
    this.#screen.open();
    this.#draw();
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#screen.close();
  }

  take(event: ListEvent): void {
    this.#live.take(event);
    if (event.type === 'state') {
      this.#note = event.state === 'disconnected' ? 'The daemon is away; waiting for it.' : '';
    }
    this.soon();
  }

  /** Draws in a moment: what changes until then is in the same picture. */
  soon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#draw();
    }, frameMs);
  }

  /** Whether the key leaves the list. */
  press(key: string): boolean {
    if (key === 'q' || key === '\u0003' || key === '\u0004') return true;
    if (key === '\r' || key === '\n') {
      this.answer = this.#chosen ?? null;
      return this.answer !== null;
    }
    const step = steps[key];
    if (step !== undefined) {
      const at = this.#order.indexOf(this.#chosen ?? '');
      const next = at === -1 ? 0 : Math.min(this.#order.length - 1, Math.max(0, at + step));
      this.#chosen = this.#order[next];
      this.#draw();
    }
    return false;
  }

  #draw(): void {
    const { io, query } = this.#watching;
    const look = this.#watching.look();
    const rows = sorted(this.#live.rows.values(), query.sort);
    const home = io.env['HOME'];
    const lines = renderList(rows, { now: io.now(), home, look, chosen: this.#chosen });
    this.#order = [...new Set(lines.flatMap(({ session }) => session ?? []))];
    const room = Math.max(1, io.rows - 2);
    this.#top = scrolled(lines, { top: this.#top, room, chosen: this.#chosen });
    const shown = lines.slice(this.#top, this.#top + room).map(({ text }) => text);
    const below = lines.length - this.#top - room;
    const foot = [help, below > 0 ? `${below} more lines` : '', this.#note];
    const footer = foot.filter((text) => text !== '').join(' · ');
    this.#screen.draw([
      look.style.bold(cutTo(headLine(rows, io.now()), look.columns)),
      ...shown,
      ...Array.from({ length: room - shown.length }, () => ''),
      look.style.dim(cutTo(footer, look.columns)),
    ]);
  }
}

const steps: Readonly<Record<string, number>> = {
  '\u001B[A': -1,
  '\u001B[B': 1,
  '\u001BOA': -1,
  '\u001BOB': 1,
  k: -1,
  j: 1,
};

/** The first line that is shown, so that the chosen session is seen. */
function scrolled(
  lines: readonly ListLine[],
  { top, room, chosen }: { top: number; room: number; chosen: string | undefined },
): number {
  const first = lines.findIndex(({ session }) => session !== null && session === chosen);
  const last = lines.findLastIndex(({ session }) => session !== null && session === chosen);
  const most = Math.max(0, lines.length - room);
  if (first === -1) return Math.min(top, most);
  // With the directory above the first one.
  const from = first === 1 ? 0 : first;
  return Math.min(most, Math.max(Math.min(top, from), last - room + 1));
}

function headLine(rows: readonly SessionRow[], now: number): string {
  const count = (wanted: readonly string[]) =>
    rows.filter(({ status }) => wanted.includes(status)).length;
  const parts: [number, string][] = [
    [count(['working', 'starting', 'stopping']), 'at work'],
    [count(['waiting']), 'waiting for you'],
    [count(['stalled']), 'stalled'],
  ];
  const said = parts.flatMap(([number, what]) => (number === 0 ? [] : [`${number} ${what}`]));
  const bypasses = rows.flatMap(({ policy }) => leftOf(policy.bypassUntil, now) ?? []);
  const longest = bypasses.length === 0 ? [] : [`bypass ${countdown(Math.max(...bypasses))}`];
  return [`${rows.length} session${rows.length === 1 ? '' : 's'}`, ...said, ...longest].join(' · ');
}
