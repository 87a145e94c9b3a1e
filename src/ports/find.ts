/** A file of a session's directory, as it is named from there; directories end with a slash. */
export interface FoundName {
  path: string;
  type: 'file' | 'directory';
}

export interface FoundNames {
  /** The best ones first. */
  files: readonly FoundName[];
  /** Everything was looked at, and all that was found is here. */
  complete: boolean;
}

/**
 * Finds files below a directory by a part of their path. It follows no link, leaves the directory nowhere, and is
 * bounded in time and in what it looks at. Never rejects: what cannot be read is left out.
 */
export type FindFiles = (wanted: {
  cwd: string;
  query: string;
  limit: number;
}) => Promise<FoundNames>;
