import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { idPattern } from '../../domain/entry.ts';
import { refuse } from '../../domain/refusal.ts';
import type { SessionRow } from '../../domain/row.ts';
import { type Client, createClient } from '../client.ts';
import { type Appender, createAppender } from '../ingress/appender.ts';
import { isMissing, storedLines } from './native-lines.ts';
import type {
  FoldSummary,
  SessionKey,
  SessionStore,
  SessionStoreEntry,
  SessionSummaryEntry,
} from './session-store.ts';

export interface MirrorOptions {
  /** Where Turnkeep listens, and a token with the scope `manage`. */
  url: string;
  token: string | (() => Promise<string>);
  /**
   * `project`: a session belongs to the directory in which it began, as in the SDK's own files. `everywhere`:
   * it is found from any directory, and has the SDK's id in Turnkeep, too.
   */
  scope: 'project' | 'everywhere';
  /** The SDK's `foldSessionSummary`, for lists that need not read every session. */
  foldSessionSummary?: FoldSummary;
  /** How long an append may take; the SDK gives up after a minute. Default 30 s. */
  deadlineMs?: number;
}

/** A session store in Turnkeep, with a connection that has to be ended. */
export interface MirrorStore extends SessionStore {
  close(): Promise<void>;
}

/**
 * Keeps the sessions of programs that are built on the Claude Agent SDK, for its option `sessionStore`. An
 * append has happened when its entries are durable in the log; what fails is tried again by the SDK.
 */
export async function sessionStore(options: MirrorOptions): Promise<MirrorStore> {
  const { url, token, deadlineMs = 30_000 } = options;
  const name = 'claude-sdk';
  const client = createClient({ url, token, name });
  const given = typeof token === 'string' ? token : async () => token();
  const appender = await createAppender({
    url,
    token: given,
    name,
    onConflict: 'rebase',
    deadlineMs,
  });
  const mirror = new Mirror(client, appender, options);
  const fold = options.foldSessionSummary;
  return {
    append: (key, entries) => mirror.append(key, entries),
    load: (key) => mirror.load(key),
    listSessions: (project) => mirror.list(project),
    ...(fold === undefined
      ? {}
      : { listSessionSummaries: (project: string) => mirror.summaries(project, fold) }),
    delete: (key) => mirror.delete(key),
    listSubkeys: (key) => mirror.subkeys(key),
    close: async () => {
      await appender.close();
      client.close();
    },
  };
}

const labels = {
  project: 'claude-sdk.project',
  session: 'claude-sdk.session',
  /** A session of which only sub-agents have written is in no list. */
  main: 'claude-sdk.main',
  summary: 'claude-sdk.summary',
  /** Followed by a digest of the sub-path: what is before that seq was deleted. */
  without: 'claude-sdk.without.',
} as const;

/** Sessions whose labels are known to be there. */
const labelled = 1000;
/** Of a summary that is kept with its session. */
const summaryChars = 2500;

class Mirror {
  readonly #client: Client;
  readonly #appender: Appender;
  readonly #scope: MirrorOptions['scope'];
  readonly #labelled = new Set<string>();

  constructor(client: Client, appender: Appender, { scope }: MirrorOptions) {
    this.#client = client;
    this.#appender = appender;
    this.#scope = scope;
  }

  async append(key: SessionKey, entries: readonly SessionStoreEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const session = this.#id(key);
    const file = key.subpath === undefined ? {} : { file: key.subpath };
    const receipts = await Promise.all(
      entries.map((entry) => this.#appender.append(session, entry, file)),
    );
    const fates = await Promise.all(receipts.map(({ settled }) => settled));
    const failed = fates.find(({ result }) => result !== 'stored' && result !== 'duplicate');
    if (failed !== undefined) {
      // The SDK brings them again: nothing of them is to be sent beside that.
      await this.#appender.discard(session);
      throw refuse('unavailable', `The entries were not stored (${failed.result}).`);
    }
    await this.#label(session, key);
  }

  async load(key: SessionKey): Promise<SessionStoreEntry[] | null> {
    const session = this.#id(key);
    const row = await this.#row(session);
    if (row === null) return null;
    const file = key.subpath ?? '';
    const from = Number(row.meta[withoutLabel(file)] ?? 0);
    const entries: SessionStoreEntry[] = [];
    for await (const line of storedLines(this.#client, session, from)) {
      if (line.file === file) entries.push(JSON.parse(line.text) as SessionStoreEntry);
    }
    return entries.length === 0 ? null : entries;
  }

  async list(project: string): Promise<{ sessionId: string; mtime: number }[]> {
    const rows = await this.#rows(project);
    return rows.map((row) => ({ sessionId: sessionOf(row), mtime: mtimeOf(row) }));
  }

  async summaries(project: string, fold: FoldSummary): Promise<SessionSummaryEntry[]> {
    const summaries: SessionSummaryEntry[] = [];
    for (const row of await this.#rows(project)) {
      const summary = await this.#summary(row, { projectKey: project, fold });
      if (summary !== undefined) summaries.push(summary);
    }
    return summaries;
  }

  async delete({ subpath, ...key }: SessionKey): Promise<void> {
    const session = this.#id(key);
    const row = await this.#row(session);
    if (row === null) return;
    if (subpath === undefined) {
      this.#labelled.delete(session);
      await this.#client.sessions.delete({ session });
      return;
    }
    // A log never loses entries: they are left out from now on.
    const meta = { [withoutLabel(subpath)]: String(row.lastSeq) };
    await this.#client.sessions.patch({ session, meta });
  }

  async subkeys(key: { projectKey: string; sessionId: string }): Promise<string[]> {
    const session = this.#id(key);
    const row = await this.#row(session);
    const files = new Set<string>();
    if (row === null) return [];
    for await (const { file, seq } of storedLines(this.#client, session, 0)) {
      if (file !== '' && seq > Number(row.meta[withoutLabel(file)] ?? 0)) files.add(file);
    }
    return [...files];
  }

  /** Found by what was told of its beginning; what came since is folded on. */
  async #summary(
    row: SessionRow,
    { projectKey, fold }: { projectKey: string; fold: FoldSummary },
  ): Promise<SessionSummaryEntry | undefined> {
    const [sessionId, mtime] = [sessionOf(row), mtimeOf(row)];
    const key = { projectKey, sessionId };
    const kept = keptSummary(row);
    let summary = kept === null ? undefined : { sessionId, mtime, data: kept.data };
    let seq = kept?.seq ?? 0;
    const before = seq;
    for await (const line of storedLines(this.#client, row.id, seq)) {
      ({ seq } = line);
      if (line.file !== '') continue;
      const entry = JSON.parse(line.text) as SessionStoreEntry;
      summary = fold(summary, key, [entry], { mtime });
    }
    if (summary !== undefined && seq > before) await this.#keep(row, { seq, data: summary.data });
    return summary;
  }

  async #keep({ id }: SessionRow, kept: KeptSummary): Promise<void> {
    const text = JSON.stringify(kept);
    if (text.length > summaryChars) return;
    await this.#client.sessions.patch({ session: id, meta: { [labels.summary]: text } });
  }

  /** Says once whose session it is: its log has only what the agent wrote. */
  async #label(session: string, { projectKey, sessionId, subpath }: SessionKey): Promise<void> {
    const name = `${subpath === undefined ? 'main' : 'sub'} ${session}`;
    if (this.#labelled.has(name)) return;
    const meta = {
      [labels.project]: projectKey,
      [labels.session]: sessionId,
      ...(subpath === undefined ? { [labels.main]: 'yes' } : {}),
    };
    await this.#client.sessions.patch({ session, meta });
    if (this.#labelled.size >= labelled) this.#labelled.clear();
    this.#labelled.add(name);
  }

  async #rows(project: string): Promise<readonly SessionRow[]> {
    const rows: SessionRow[] = [];
    const meta = { [labels.project]: project, [labels.main]: 'yes' };
    for (let cursor: string | null = ''; cursor !== null;) {
      const more: { cursor?: string } = cursor === '' ? {} : { cursor };
      const page: { sessions: unknown[]; next: string | null } = await this.#client.sessions.list({
        meta,
        limit: 200,
        ...more,
      });
      rows.push(...(page.sessions as SessionRow[]));
      cursor = page.next;
    }
    return rows;
  }

  async #row(session: string): Promise<SessionRow | null> {
    try {
      return (await this.#client.sessions.get({ session })).session as SessionRow;
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
  }

  #id({ projectKey, sessionId }: SessionKey): string {
    if (this.#scope === 'everywhere' && idPattern.test(sessionId)) return sessionId;
    const scope = this.#scope === 'project' ? [projectKey, sessionId] : [sessionId];
    return `claude-${digest(JSON.stringify(scope))}`;
  }
}

interface KeptSummary {
  /** What is after it was not folded in yet. */
  seq: number;
  data: Record<string, unknown>;
}

function keptSummary({ meta }: SessionRow): KeptSummary | null {
  const text = meta[labels.summary];
  return text === undefined ? null : (JSON.parse(text) as KeptSummary);
}

function sessionOf({ id, meta }: SessionRow): string {
  return meta[labels.session] ?? id;
}

function mtimeOf({ lastActivityAt }: SessionRow): number {
  return Math.floor(Date.parse(lastActivityAt));
}

function withoutLabel(subpath: string): string {
  return `${labels.without}${digest(subpath).slice(0, 16)}`;
}

function digest(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text))).slice(0, 40);
}
