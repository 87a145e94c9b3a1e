import { type Client, type FeedState, RefusalError, type SessionRow } from 'turnkeep/client';
import { Cell } from './cell.ts';
import { Frame } from './frame.ts';

/** The latest ones are there at once; however many there are, the others follow. */
const firstRows = 100;

/**
 * The rows of all sessions, as the list's feed tells them. `rows` changes at most once in a frame; a row that
 * has not changed stays the same object.
 */
export class SessionList {
  readonly rows = new Cell<ReadonlyMap<string, SessionRow>>(new Map());
  /** False until the first rows are there. */
  readonly ready = new Cell(false);
  /** Some are there, and the others are being read. */
  readonly more = new Cell(false);
  /** False until all rows are there. */
  readonly whole = new Cell(false);
  readonly feed = new Cell<FeedState>('connecting');
  /** Why there will be no more: the login is over. */
  readonly ended = new Cell<RefusalError | null>(null);
  readonly #client: Client;
  #next: Map<string, SessionRow> = new Map();
  readonly #frame = new Frame(() => this.rows.set(new Map(this.#next)));

  constructor(client: Client) {
    this.#client = client;
  }

  async run(signal: AbortSignal): Promise<void> {
    void this.#readFirst(signal);
    try {
      for await (const event of this.#client.watchList({}, { signal })) {
        switch (event.type) {
          case 'rows':
            this.#next = new Map(event.rows.map((row) => [row.id, row]));
            this.rows.set(new Map(this.#next));
            this.whole.set(true);
            this.more.set(false);
            this.ready.set(true);
            break;
          case 'changed':
            if (event.row === null || event.row.deletedAt !== null)
              this.#next.delete(event.session);
            else this.#next.set(event.session, event.row);
            this.#frame.ask();
            break;
          case 'state':
            this.feed.set(event.state);
            break;
        }
      }
    } catch (error) {
      if (!(error instanceof RefusalError)) throw error;
      this.ended.set(error);
    }
  }

  /** What the feed tells takes its place. */
  async #readFirst(signal: AbortSignal): Promise<void> {
    try {
      const { sessions, next } = await this.#client.sessions.list(
        { sort: 'activity', limit: firstRows },
        { signal, tries: 1 },
      );
      if (this.whole.get() || signal.aborted) return;
      this.rows.set(new Map(sessions.map((row) => [row.id, row])));
      this.more.set(next !== null);
      this.ready.set(true);
    } catch (error) {
      // The feed says why nobody answers, and reads them all when somebody does.
      if (!(error instanceof RefusalError)) throw error;
    }
  }
}
