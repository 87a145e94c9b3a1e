/**
 * The session store interface of the Claude Agent SDK (0.3), as far as a store has to know it. Declared here
 * so that nothing depends on the SDK: what has this shape fits there.
 */
export interface SessionKey {
  /** Usually made from the directory in which the session began. */
  projectKey: string;
  sessionId: string;
  /** Of a sub-agent's transcript, such as `subagents/agent-…`; absent for the main one. */
  subpath?: string;
}

/** A line of a transcript. */
export interface SessionStoreEntry {
  type: string;
  uuid?: string;
  timestamp?: string;
  [member: string]: unknown;
}

/** What the SDK shows in a list; `data` is its own. */
export interface SessionSummaryEntry {
  sessionId: string;
  mtime: number;
  data: Record<string, unknown>;
}

/** The SDK's own `foldSessionSummary`. */
export type FoldSummary = (
  before: SessionSummaryEntry | undefined,
  key: SessionKey,
  entries: SessionStoreEntry[],
  options: { mtime: number },
) => SessionSummaryEntry;

export interface SessionStore {
  append(key: SessionKey, entries: SessionStoreEntry[]): Promise<void>;
  load(key: SessionKey): Promise<SessionStoreEntry[] | null>;
  listSessions(projectKey: string): Promise<{ sessionId: string; mtime: number }[]>;
  listSessionSummaries?(projectKey: string): Promise<SessionSummaryEntry[]>;
  delete(key: SessionKey): Promise<void>;
  listSubkeys(key: { projectKey: string; sessionId: string }): Promise<string[]>;
}
