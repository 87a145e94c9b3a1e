import type { BlobRef } from '../domain/content.ts';
import type { Entry } from '../domain/entry.ts';
import { refuse } from '../domain/refusal.ts';
import type { Secrets } from '../domain/settings.ts';
import type { BudgetStore } from '../ports/budgets.ts';
import type { EventStore } from '../ports/hooks.ts';
import type { MoveStore } from '../ports/moves.ts';
import type { SentMark } from '../ports/raw.ts';
import type {
  AppendBatch,
  EntryMark,
  HistoryPage,
  HistoryQuery,
  HistoryTextPage,
  HostRow,
  LoadedSession,
  OpenApproval,
  PolicyStore,
  RunPage,
  RunQuery,
  RunRow,
  RunSpan,
  SessionPage,
  SessionQuery,
  SessionRow,
  SettledFiles,
  SnapshotEntry,
  SnapshotPage,
  SnapshotQuery,
  SnapshotSpanPage,
  SnapshotSpanQuery,
  Store,
  TokenRow,
  TokenStore,
  UsageQuery,
  UsageSummary,
  Verdict,
} from '../ports/store.ts';
import type { BlobHolds } from './blob-holds.ts';
import { writtenDigests } from './blob-refs.ts';
import type { Blobs } from './blobs.ts';
import type { Channel } from './channel.ts';
import type { MarksQuery } from './entry-marks.ts';
import { GroupCommit } from './group.ts';
import { Purger } from './purger.ts';
import type { Uploads } from './uploads.ts';
import type { WireBatch } from './wire.ts';

export interface StoreParts {
  writer: Channel;
  reader: Channel;
  /** Opens a reader for a check, which is long and must not hold up other reads. Absent in memory. */
  openChecker: (() => Promise<Channel>) | undefined;
  blobs: Blobs;
  holds: BlobHolds;
  uploads: Uploads;
  now: () => Date;
}

/** A text of our own making from the worker: an entry, verified there. */
function parseEntry(json: string): Entry {
  return JSON.parse(json) as Entry;
}

/** None where the entry is damaged. */
function snapshotIn(json: string): SnapshotEntry[] {
  const entry = parseEntry(json);
  return entry.kind === 'snapshot' ? [entry] : [];
}

/** The main thread's side of the store: no disk call here, only messages to the workers. */
export class SqliteStore implements Store {
  readonly tokens: TokenStore;
  readonly events: EventStore;
  readonly policies: PolicyStore;
  readonly budgets: BudgetStore;
  readonly moves: MoveStore;
  readonly #parts: StoreParts;
  readonly #group: GroupCommit;
  readonly #purger: Purger;
  #closing: Promise<void> | undefined;

  constructor(parts: StoreParts) {
    this.#parts = parts;
    const { reader, writer } = parts;
    this.#group = new GroupCommit((batches) => this.#commit(batches));
    this.#purger = new Purger(parts);
    this.tokens = {
      create: (token: TokenRow) => writer.call('createToken', token),
      byDigest: (digest: string) => reader.call('tokenByDigest', digest),
      list: () => reader.call('listTokens'),
      revoke: (id: string, at: string) => writer.call('revokeToken', id, at),
      use: (id: string, at: string, until: string) => writer.call('useToken', id, at, until),
    };
    this.events = {
      after: (num, limit) => reader.call('eventsAfter', num, limit),
      begin: (hooks) => writer.call('beginEvents', hooks),
      moved: (hook, num) => writer.call('moveEvents', hook, num),
      trim: (keep) => writer.call('trimEvents', keep),
    };
    const now = (): string => parts.now().toISOString();
    this.policies = {
      list: () => reader.call('listPolicies'),
      set: (change) => writer.call('setPolicy', change, now()),
    };
    this.budgets = {
      read: () => reader.call('readBudget'),
      set: (budget) => writer.call('setBudget', budget),
      spent: (day) => reader.call('spent', day),
      spentBy: (sessions) => reader.call('spentBy', sessions),
    };
    this.moves = {
      departures: () => reader.call('listDepartures'),
      depart: (departure) => writer.call('depart', departure),
      endDeparture: (session) => writer.call('endDeparture', session),
      arrivals: () => reader.call('listArrivals'),
      expect: (arrival) => writer.call('expectArrival', arrival),
      withdraw: (session) => writer.call('withdrawArrival', session),
      endArrival: (session) => writer.call('endArrival', session),
    };
  }

  append(batches: readonly AppendBatch[]): Promise<readonly Verdict[]> {
    if (this.#closing !== undefined)
      return Promise.reject(refuse('unavailable', 'The store is closed.'));
    return this.#group.append(batches);
  }

  async #commit(batches: readonly WireBatch[]): Promise<readonly Verdict[]> {
    const { writer, holds } = this.#parts;
    try {
      return await writer.call('append', batches);
    } finally {
      if (!holds.none) {
        for (const { entries } of batches)
          for (const { data } of entries) holds.release(writtenDigests(data));
      }
    }
  }

  load(session: string): Promise<LoadedSession | undefined> {
    return this.#parts.reader.call('load', session);
  }

  async entry(session: string, id: string): Promise<Entry | undefined> {
    const json = await this.#parts.reader.call('entry', session, id);
    return json === undefined ? undefined : parseEntry(json);
  }

  async history(query: HistoryQuery): Promise<HistoryPage> {
    const page = await this.historyText(query);
    return { ...page, entries: page.entries.map(({ json }) => parseEntry(json)) };
  }

  historyText(query: HistoryQuery): Promise<HistoryTextPage> {
    return this.#parts.reader.call('history', query);
  }

  sessions(query: SessionQuery): Promise<SessionPage> {
    return this.#parts.reader.call('sessions', query, this.#parts.now().toISOString());
  }

  lineage(session: string): Promise<readonly string[]> {
    return this.#parts.reader.call('lineage', session);
  }

  family(sessions: readonly string[]): Promise<readonly string[]> {
    return this.#parts.reader.call('family', sessions);
  }

  children(sessions: readonly string[]): Promise<{ readonly [session: string]: number }> {
    return this.#parts.reader.call('children', sessions);
  }

  secrets(session: string): Promise<Secrets> {
    return this.#parts.reader.call('secrets', session);
  }

  nodeBack(
    session: string,
    query: { after: number; back: number },
  ): Promise<{ count: number; node: { id: string; seq: number } | null }> {
    return this.#parts.reader.call('nodeBack', session, query);
  }

  purgeable(at: string): Promise<readonly string[]> {
    return this.#parts.reader.call('purgeable', at);
  }

  purge(session: string): Promise<readonly string[]> {
    return this.#purger.purge(session);
  }

  /** Files that a process which ended has not removed. */
  removeLooseBlobs(): Promise<void> {
    return this.#purger.removeBlobs();
  }

  purged(session: string): Promise<boolean> {
    return this.#parts.reader.call('purged', session);
  }

  references(session: string, digest: string): Promise<boolean> {
    return this.#parts.reader.call('references', session, digest);
  }

  bypassed(): Promise<readonly { session: string; until: string }[]> {
    return this.#parts.reader.call('bypassed');
  }

  resolve(name: string): Promise<readonly SessionRow[]> {
    return this.#parts.reader.call('resolve', name);
  }

  runs(query: RunQuery): Promise<RunPage> {
    return this.#parts.reader.call('runs', query);
  }

  run(session: string, run: string): Promise<RunRow | undefined> {
    return this.#parts.reader.call('run', session, run);
  }

  usage(query: UsageQuery): Promise<UsageSummary> {
    return this.#parts.reader.call('usage', query);
  }

  async openApprovals(query: {
    sessions?: readonly string[];
    limit: number;
  }): Promise<readonly OpenApproval[]> {
    const open = await this.#parts.reader.call('openApprovals', query);
    return open.map(({ session, json }) => ({ session, entry: parseEntry(json) }));
  }

  async decisionOf(session: string, approval: string): Promise<Entry | undefined> {
    const json = await this.#parts.reader.call('decisionOf', session, approval);
    return json === undefined ? undefined : parseEntry(json);
  }

  async snapshots(query: SnapshotQuery): Promise<SnapshotPage> {
    const { entries, next } = await this.#parts.reader.call('snapshots', query);
    return { entries: entries.flatMap(snapshotIn), next };
  }

  async snapshotSpans(query: SnapshotSpanQuery): Promise<SnapshotSpanPage> {
    const page = await this.#parts.reader.call('snapshotSpans', query);
    const files = page.files.flatMap(({ path, first, last }) => {
      const [one] = snapshotIn(first);
      const [other] = snapshotIn(last);
      return one === undefined || other === undefined ? [] : [{ path, first: one, last: other }];
    });
    return { files, next: page.next };
  }

  openRestores(): Promise<readonly { session: string; entry: string }[]> {
    return this.#parts.reader.call('openRestores');
  }

  openHosts(): Promise<readonly HostRow[]> {
    return this.#parts.reader.call('openHosts');
  }

  hostInputs(host: string, offset: number, maxBytes: number): Promise<Uint8Array> {
    return this.#parts.reader.call('hostInputs', host, offset, maxBytes);
  }

  endedHosts(): Promise<readonly { host: string; ingested: number; withheld: boolean }[]> {
    return this.#parts.reader.call('endedHosts');
  }

  settleHost(host: string, files: SettledFiles): Promise<boolean> {
    return this.#parts.writer.call('settleHost', host, files);
  }

  inputMarks(host: string, offset: number, limit: number): Promise<readonly SentMark[]> {
    return this.#parts.reader.call('inputMarks', host, offset, limit);
  }

  runSpans(session: string, run: string): Promise<readonly RunSpan[]> {
    return this.#parts.reader.call('runSpans', session, run);
  }

  entriesBetween(query: MarksQuery): Promise<readonly EntryMark[]> {
    return this.#parts.reader.call('entriesBetween', query);
  }

  entriesNamed(session: string, ids: readonly string[]): Promise<readonly EntryMark[]> {
    return this.#parts.reader.call('entriesNamed', session, ids);
  }

  putBlob(bytes: Uint8Array, digest?: string): Promise<BlobRef> {
    return this.#parts.blobs.put(bytes, digest);
  }

  getBlob(digest: string): Promise<Uint8Array | undefined> {
    return this.#parts.blobs.get(digest);
  }

  async upload(
    pieces: AsyncIterable<Uint8Array>,
    { owner, digest }: { owner: string; digest?: string },
  ): Promise<BlobRef> {
    const { blobs, holds, uploads } = this.#parts;
    const draft = await blobs.draft(pieces);
    try {
      const { ref } = draft;
      if (digest !== undefined && digest !== ref.digest) {
        throw refuse('invalid', `digest: What came has the digest ${ref.digest}.`, {
          field: 'digest',
        });
      }
      return await holds.pinning([ref.digest], async () => {
        await uploads.keep(ref, owner);
        // Written anew also where it is there: how long it takes tells nobody that it was.
        await draft.place();
        return ref;
      });
    } catch (error) {
      await draft.drop();
      throw error;
    }
  }

  async nameable(
    digest: string,
    { owner, session }: { owner: string | null; session: string | null },
  ): Promise<number | undefined> {
    const { blobs, uploads } = this.#parts;
    const may =
      uploads.isOf(digest, owner) || (session !== null && (await this.references(session, digest)));
    return may ? blobs.size(digest) : undefined;
  }

  keeping<Result>(digests: readonly string[], act: () => Promise<Result>): Promise<Result> {
    return this.#parts.holds.pinning(digests, act);
  }

  removeUploads(): Promise<void> {
    return this.#purger.removeUploads();
  }

  async check(session?: string): Promise<readonly string[]> {
    const { openChecker, reader } = this.#parts;
    if (openChecker === undefined) return reader.call('check', session);
    const checker = await openChecker();
    try {
      return await checker.call('check', session);
    } finally {
      await checker.close();
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    await Promise.race([this.#group.drain(), this.#parts.writer.died]);
    await this.#parts.blobs.close();
    await this.#parts.reader.close();
    await this.#parts.writer.close();
  }
}
