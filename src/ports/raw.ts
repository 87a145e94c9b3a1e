/**
 * What went between the daemon and an agent, as bytes: `out` is what the agent wrote (its spool), `in` what
 * was sent to it. Offsets are those of the host's files, for ever: entries' ids are derived from them.
 */
export type Direction = 'in' | 'out';

/** When and why the bytes of the input from `offset` on were sent. */
export interface SentMark {
  offset: number;
  size: number;
  /** Time of the decision, ISO 8601 UTC; null where an older version stored it. */
  at: string | null;
  /** The last entry that was decided before it. */
  seq: number;
  /** So much of the output was folded by then: it orders both directions. */
  output: number;
  run: string | null;
  /** Id of the entry that it carries to the agent; null for what the agent's driver answers by itself. */
  entry: string | null;
}

/** Both files of one host, wherever they are. Its opener closes it. */
export interface RawReader {
  size(direction: Direction): Promise<number>;
  /** Bytes from `offset`, at most `maxBytes`, perhaps fewer; empty only at the end. */
  read(direction: Direction, offset: number, maxBytes: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** An archive holds also what the store held of the input. Reading damaged parts rejects with `ArchiveDamaged`. */
export interface ArchiveReader extends RawReader {
  /** Marks in order, from the one that holds `offset` on, at least one if there is one. */
  marks(offset: number, limit: number): Promise<readonly SentMark[]>;
}

export interface ArchiveFile {
  host: string;
  bytes: number;
  /** When it was made, in milliseconds since the epoch. */
  at: number;
}

export class ArchiveDamaged extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ArchiveDamaged';
  }
}
