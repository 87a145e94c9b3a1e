import type { Entry } from '../domain/entry.ts';
import { refuse } from '../domain/refusal.ts';
import type { SessionRow } from '../domain/row.ts';
import { type Call, type CallGroups, type CallName, type CallOptions, makeCall } from './calls.ts';
import { Connection } from './connection.ts';
import { EventQueue } from './event-queue.ts';
import { Feed } from './feed.ts';
import type { FeedEvent, FeedState, PartialEvent } from './feed-event.ts';
import type { FetchLike, HttpTarget } from './http-call.ts';
import { type ListEvent, ListFeed, type ListFilter } from './list-feed.ts';
import { type Pace, realPace } from './pace.ts';
import { browserSocket, type MakeSocket } from './socket.ts';
import { type BlobCalls, blobCalls, type StreamCalls, streamCalls } from './streams.ts';

export interface ClientOptions {
  /** Where the daemon listens, such as `http://127.0.0.1:4545`. */
  url: string;
  /** Where it listens now, asked at each attempt: a daemon may come back at another port. Default: `url`. */
  locate?: () => Promise<string>;
  /** Asked for again for each attempt where it is a function. */
  token: string | (() => Promise<string>);
  /** How the client names itself; entries that it causes carry it. */
  name?: string;
  WebSocket?: MakeSocket;
  fetch?: FetchLike;
  pace?: Pace;
}

export interface WatchOptions {
  /** Seq of the last entry that is known; 0 for all. Default: only what comes from now on. */
  after?: number;
  signal?: AbortSignal;
  /** Events that may wait to be taken before the server is asked to keep the rest; default 2000. */
  ahead?: number;
}

export interface FollowOptions extends WatchOptions {
  onEntry?(entry: Entry): void;
  onPartial?(partial: PartialEvent): void;
  onAbandoned?(text: Extract<FeedEvent, { type: 'abandoned' }>): void;
  onState?(state: FeedState): void;
  onSnapshot?(snapshot: Extract<FeedEvent, { type: 'snapshot' }>): void;
}

/** A client of one daemon. Every failure is a `RefusalError` with a code of the closed set. */
export interface Client extends Omit<CallGroups, 'blobs' | 'sessions'> {
  readonly blobs: CallGroups['blobs'] & BlobCalls;
  readonly sessions: CallGroups['sessions'] & StreamCalls;
  readonly url: string;
  readonly call: Call;
  /** A session's feed; it reconnects by itself and ends only when it is refused, left or aborted. */
  watch(session: string, options?: WatchOptions): AsyncGenerator<FeedEvent, void, undefined>;
  /** The same with callbacks. Resolves when the signal is aborted; rejects when the feed is refused. */
  follow(session: string, options: FollowOptions): Promise<void>;
  watchList(
    filter?: ListFilter,
    options?: { signal?: AbortSignal },
  ): AsyncGenerator<ListEvent, void, undefined>;
  /** Ends all feeds and sockets. */
  close(): void;
}

/** Every group of operations; one that is missing does not compile. */
const groups: { readonly [Group in keyof CallGroups]: true } = {
  agents: true,
  approvals: true,
  blobs: true,
  budgets: true,
  files: true,
  hooks: true,
  logins: true,
  moves: true,
  policy: true,
  prices: true,
  queue: true,
  runs: true,
  server: true,
  sessions: true,
  snapshots: true,
  tokens: true,
  usage: true,
};

export function createClient(options: ClientOptions): Client {
  const core = new ClientCore(options);
  const call = ((operation: CallName, ...given: [object?, CallOptions?]) =>
    makeCall(core, operation, given)) as Call;
  const byGroup = Object.keys(groups).map((group) => [group, callGroup(group, call)]);
  const streams = streamCalls(core.target);
  return {
    ...(Object.fromEntries(byGroup) as CallGroups),
    blobs: callGroup('blobs', call, blobCalls(core.target)) as Client['blobs'],
    sessions: callGroup('sessions', call, streams) as Client['sessions'],
    url: withoutSlash(options.url),
    call,
    watch: (session, watch = {}) => core.watch(session, watch),
    follow: (session, follow) => core.follow(session, follow),
    watchList: (filter = {}, watch = {}) => core.watchList(filter, watch.signal),
    close: () => core.close(),
  };
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '');
}

/** `group.verb(input)` for any verb: which ones there are is for the types to say. */
function callGroup(group: string, call: Call, own: object = {}): unknown {
  return new Proxy(own, {
    get(target, verb) {
      if (Object.hasOwn(target, verb)) return target[verb as keyof typeof target];
      // Asked for by `await` and by printers, never an operation.
      if (typeof verb !== 'string' || verb === 'then' || verb === 'toJSON') return undefined;
      return (...given: [object, CallOptions?]) =>
        call(`${group}.${verb}` as 'sessions.get', ...(given as [never]));
    },
  });
}

/** Events that may wait for a slow consumer before the server is asked to keep the rest. */
const marks = { high: 2000, low: 200 } as const;

function marksOf(ahead: number): { high: number; low: number } {
  return { high: ahead, low: Math.floor(ahead / 10) };
}

class ClientCore {
  readonly target: HttpTarget;
  readonly pace: Pace;
  readonly #makeSocket: MakeSocket;
  readonly #connections: Connection[] = [];
  #closed = false;

  constructor(options: ClientOptions) {
    const { token } = options;
    this.target = {
      url: async () => withoutSlash((await options.locate?.()) ?? options.url),
      fetch: options.fetch ?? ((url, request) => fetch(url, request)),
      token: typeof token === 'string' ? () => Promise.resolve(token) : token,
      name: options.name,
    };
    this.pace = options.pace ?? realPace;
    this.#makeSocket = options.WebSocket ?? browserSocket;
  }

  readyConnection(): Connection | undefined {
    return this.#connections.find((connection) => connection.ready);
  }

  async *watch(session: string, options: WatchOptions): AsyncGenerator<FeedEvent, void, undefined> {
    const id = await this.#idOf(session, options.signal);
    const queue: EventQueue<FeedEvent> = new EventQueue({
      ...(options.ahead === undefined ? marks : marksOf(options.ahead)),
      onHigh: () => feed.pause(),
      onLow: () => feed.resume(),
    });
    const feed = new Feed(id, options.after, {
      connection: this.#connectionFor(id),
      pace: this.pace,
      fetchEntry: (of, seq) => this.#fetchEntry(of, seq),
      deliver: (event) => queue.push(event),
      ended: (error) => queue.end(error),
    });
    yield* runFeed(feed, queue, options.signal);
  }

  async follow(session: string, options: FollowOptions): Promise<void> {
    for await (const event of this.watch(session, options)) {
      switch (event.type) {
        case 'entry':
          options.onEntry?.(event.entry);
          break;
        case 'partial':
          options.onPartial?.(event);
          break;
        case 'abandoned':
          options.onAbandoned?.(event);
          break;
        case 'state':
          options.onState?.(event.state);
          break;
        case 'snapshot':
          options.onSnapshot?.(event);
          break;
      }
    }
  }

  async *watchList(
    filter: ListFilter,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<ListEvent, void, undefined> {
    const queue: EventQueue<ListEvent> = new EventQueue({
      high: Number.POSITIVE_INFINITY,
      low: 0,
      onHigh: () => undefined,
      onLow: () => undefined,
    });
    const feed = new ListFeed(filter, {
      connection: this.#connectionFor(null),
      pace: this.pace,
      readRows: (of) => this.#readRows(of),
      deliver: (event) => queue.push(event),
      ended: (error) => queue.end(error),
    });
    yield* runFeed(feed, queue, signal);
  }

  close(): void {
    this.#closed = true;
    for (const connection of this.#connections) connection.close();
  }

  /** Usually the one connection; another where that one has a feed of the same session already. */
  #connectionFor(session: string | null): Connection {
    if (this.#closed) throw refuse('unavailable', 'The client was closed.');
    const free = this.#connections.find((connection) => !connection.serves(session));
    if (free !== undefined) return free;
    const connection = new Connection({
      url: async () => `${(await this.target.url()).replace(/^http/, 'ws')}/rpc`,
      token: () => this.target.token(),
      name: this.target.name,
      makeSocket: this.#makeSocket,
      pace: this.pace,
    });
    this.#connections.push(connection);
    return connection;
  }

  /** Frames name sessions by id, which has no colon; a key has. */
  async #idOf(session: string, signal: AbortSignal | undefined): Promise<string> {
    if (!session.includes(':')) return session;
    const options = signal === undefined ? {} : { signal };
    const found = await makeCall(this, 'sessions.get', [{ session }, options]);
    return (found as { session: SessionRow }).session.id;
  }

  async #fetchEntry(session: string, seq: number): Promise<Entry> {
    const input = { session, after: seq - 1, limit: 1, maxBytes: 1024 * 1024 };
    const page = (await makeCall(this, 'sessions.history', [input])) as { entries: Entry[] };
    const entry = page.entries[0];
    if (entry?.seq !== seq) throw refuse('not_found', `Session ${session} has no entry ${seq}.`);
    return entry;
  }

  async #readRows(filter: ListFilter): Promise<readonly SessionRow[]> {
    const rows: SessionRow[] = [];
    let cursor: string | null = null;
    do {
      const input = { ...filter, limit: 200, ...(cursor === null ? {} : { cursor }) };
      const answer = await makeCall(this, 'sessions.list', [input]);
      const page = answer as { sessions: SessionRow[]; next: string | null };
      rows.push(...page.sessions);
      cursor = page.next;
    } while (cursor !== null);
    return rows;
  }
}

/** Runs a feed for as long as its events are read. */
async function* runFeed<Event>(
  feed: { start(): void; stop(): void },
  queue: EventQueue<Event>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Event, void, undefined> {
  const stop = () => queue.end(null);
  if (signal?.aborted === true) return;
  signal?.addEventListener('abort', stop, { once: true });
  try {
    feed.start();
    yield* queue.read();
  } finally {
    signal?.removeEventListener('abort', stop);
    feed.stop();
  }
}
