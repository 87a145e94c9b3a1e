/** The version of the format that is written; a file of a later one is refused. */
export const formatVersion = 1;

/**
 * The first line of a file. After it come entries by their seqs (`{type: 'entry', entry}`), before each one
 * the blobs that it names for the first time; then one end. docs/formats.md describes them.
 */
export interface HeaderLine {
  type: 'header';
  format: 'turnkeep';
  version: number;
  session: {
    id: string;
    key: string | null;
    agent: string;
    cwd: string;
    title: string | null;
    createdAt: string;
    /** The base of a fork, which is not in the file. */
    forkedFrom?: { session: string; entry: string | null; seq: number };
  };
}

/** A part of a blob, in base64; the parts of one follow each other. */
export interface BlobLine {
  type: 'blob';
  digest: string;
  size: number;
  offset: number;
  base64: string;
}

/** A blob that an entry names and that could not be read. */
export interface MissingLine {
  type: 'missing';
  digest: string;
  size: number;
}

/** `digest` is the SHA-256 of all lines before it, each with a line feed. */
export interface EndLine {
  type: 'end';
  entries: number;
  digest: string;
}

/** Bytes of a blob in one line. */
export const blobPart = 768 * 1024;
