import type { Entry } from '../domain/entry.ts';
import type { Store } from '../ports/store.ts';
import type { Line } from './lines.ts';

/** SHA-256 of what it is given bit by bit. */
export interface RunningHash {
  update(content: string | Uint8Array): void;
  /** Lower-case hex. */
  digest(): string;
}

/** What formats need of the world. */
export interface FormatPorts {
  store: Pick<Store, 'historyText' | 'getBlob' | 'putBlob' | 'entriesNamed'>;
  sha256(content: string | Uint8Array): string;
  newHash(): RunningHash;
}

/** Of the session that is exported, as of the beginning of the export. */
export interface ExportedSession {
  id: string;
  key: string | null;
  agent: string;
  cwd: string;
  title: string | null;
  model: string | null;
  createdAt: string;
  /** Only what comes after it; default: all. */
  after?: number;
  lastSeq: number;
  head: string | null;
  forkedFrom: { session: string; entry: string | null; seq: number } | null;
}

/** What the first line of a file says. */
export interface ReadHeader {
  session: string;
  agent: string;
}

/** Entries that an import has made of lines, and where those are in the file. */
export interface ReadEntries {
  entries: readonly Entry[];
  /** Line of each entry. */
  lines: readonly number[];
}

/**
 * Reads one format. Every method throws a refusal that names the line; what was read before it has been
 * given out by then.
 */
export interface LogReader {
  readonly header: ReadHeader;
  /** Takes lines; what can be stored by now comes from `take`. */
  read(lines: readonly Line[]): Promise<ReadEntries>;
  /** The file has ended: what is left of it, or the refusal of a file that is torn. */
  end(): Promise<ReadEntries>;
}

export const nothingRead: ReadEntries = { entries: [], lines: [] };
