import type { FileSide } from '../domain/snapshot.ts';

/** Where a session may have files: its working directory and the others that it names. */
export interface Area {
  cwd: string;
  dirs: readonly string[];
}

/** Where a path leads: through links of directories, but not through a link of its own name. */
export interface Place {
  path: string;
  /** Whether it lies in the session's area; of what does not nothing is read or written. */
  inside: boolean;
}

/** A file at one moment, with its content. */
export type FoundFile =
  | { state: 'file'; bytes: Uint8Array; digest: string; binary: boolean; mode: number }
  | Exclude<FileSide, { state: 'file' }>;

/** What a file is to be. */
export type FileTarget =
  | { state: 'file'; bytes: Uint8Array; mode?: number }
  | { state: 'absent' }
  | { state: 'link'; target: string };

export interface PutFile {
  path: string;
  area: Area;
  to: FileTarget;
  /** Told what is there: whether it may go. */
  expected: (found: FoundFile) => boolean;
  maxBytes: number;
  /** Names what a put that was cut off leaves behind, so that the same one done again removes it. */
  name: string;
}

/**
 * Files of sessions' directories, which agents write at the same time. However the path is made (links,
 * pipes, devices, directories, files without end), no call waits for anybody, reads beyond `maxBytes`, or
 * leaves the area.
 */
export interface Files {
  /** The place that an agent names, relative to the working directory; of a link also where it leads, if inside. */
  places(named: string, area: Area): Promise<readonly Place[]>;
  /** Never rejects: what cannot be read is `unread`. */
  read(path: string, area: Area, maxBytes: number): Promise<FoundFile>;
  /**
   * Makes the file so, whole or not at all, and lasting when it resolves. `changed` where what is there is
   * not expected; rejects with the reason where it cannot be done.
   */
  put(put: PutFile): Promise<'done' | 'changed'>;
}
