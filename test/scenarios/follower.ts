import type { Socket } from './socket.ts';
import type { Entry, Row } from './wire.ts';

const patienceMs = 40_000;

/** Resolves with what `find` finds, asked at once and whenever `changed` is called. */
export class Waiting {
  readonly #checks = new Set<() => void>();

  changed(): void {
    for (const check of this.#checks) check();
  }

  until<Found>(
    what: string,
    find: () => Found | undefined,
    seen: () => unknown = () => '',
  ): Promise<Found> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        this.#checks.delete(check);
        reject(new Error(`Not seen in ${patienceMs} ms: ${what} ${JSON.stringify(seen())}`));
      }, patienceMs);
      const check = (): void => {
        const found = find();
        if (found === undefined) return;
        clearTimeout(late);
        this.#checks.delete(check);
        resolve(found);
      };
      this.#checks.add(check);
      check();
    });
  }
}

/** A feed of one session: what came of it, in the order in which it came. */
export class Follower {
  readonly entries: Entry[] = [];
  /** Text in progress as it was shown, by entry. */
  readonly texts = new Map<string, string>();
  readonly states: string[] = [];
  readonly #waiting = new Waiting();
  readonly #stop: () => void;

  private constructor(socket: Socket, session: string) {
    this.#stop = socket.hear((heard) => {
      if (heard.method === 'sessions.changed' || heard.params.session !== session) return;
      if (heard.method === 'entry') this.entries.push(heard.params.entry);
      else if (heard.method === 'feed.state') this.states.push(heard.params.state);
      else this.#grow(heard.params);
      this.#waiting.changed();
    });
  }

  /** Opened after `after`, from the beginning where nothing is said. */
  static async open(socket: Socket, session: string, after = 0): Promise<Follower> {
    const follower = new Follower(socket, session);
    const { partials } = await socket.call('feeds.open', { session, after });
    for (const { entryId, offset, text } of partials) follower.#begin(entryId, offset, text);
    return follower;
  }

  /** The first entry, of those that are here or come, that is meant. */
  until(what: string, meant: (entry: Entry) => boolean): Promise<Entry> {
    const find = () => this.entries.find(meant);
    const last = () => this.entries.slice(-5).map(({ seq, kind, data }) => ({ seq, kind, data }));
    return this.#waiting.until(what, find, last);
  }

  /** Some text in progress of the session is shown. */
  untilText(): Promise<string> {
    return this.#waiting.until('text in progress', () => {
      return [...this.texts.values()].find((text) => text !== '');
    });
  }

  ended(run: string | undefined): Promise<Entry> {
    return this.until(`the end of run ${run}`, ({ kind, runId }) => {
      return kind === 'run_ended' && runId === run;
    });
  }

  upTo(seq: number): Promise<Entry> {
    return this.until(`seq ${seq}`, (entry) => entry.seq >= seq);
  }

  stop(): void {
    this.#stop();
  }

  #grow({ entryId, offset, text }: { entryId: string; offset: number; text: string }): void {
    const before = (this.texts.get(entryId) ?? '').padEnd(offset, '\0');
    this.texts.set(entryId, before.slice(0, offset) + text);
  }

  /** What was there when the feed was opened; more of it may have come by the time of the answer. */
  #begin(entryId: string, offset: number, text: string): void {
    const end = offset + text.length;
    const more = (this.texts.get(entryId) ?? '').slice(end);
    this.texts.set(entryId, '\0'.repeat(offset) + text + more);
    this.#waiting.changed();
  }
}

/** A feed of the list: waits for rows. */
export class Watcher {
  readonly #rows = new Map<string, Row | null>();
  readonly #waiting = new Waiting();
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.hear((heard) => {
      if (heard.method !== 'sessions.changed') return;
      this.#rows.set(heard.params.session, heard.params.row);
      this.#waiting.changed();
    });
  }

  static async open(socket: Socket): Promise<Watcher> {
    const watcher = new Watcher(socket);
    await socket.call('feeds.open', { sessions: {} });
    return watcher;
  }

  /** The row of a session as soon as it is as it is meant to be. */
  async until(what: string, session: string, meant: (row: Row) => boolean): Promise<Row> {
    this.#rows.delete(session);
    const { session: now } = await this.#socket.call('sessions.get', { session });
    if (meant(now)) return now;
    const find = (): Row | undefined => {
      const row = this.#rows.get(session);
      return row !== undefined && row !== null && meant(row) ? row : undefined;
    };
    return this.#waiting.until(`${what} of ${session}`, find, () => this.#rows.get(session) ?? now);
  }

  /** Nothing works in the session and nothing goes on by itself. */
  rest(session: string): Promise<Row> {
    return this.until('rest', session, ({ status, queued, held }) => {
      return ['idle', 'draft'].includes(status) && (queued === 0 || held || status === 'draft');
    });
  }
}
