import type { MemoryFiles } from '../ports/memory-files.ts';

/** Where the files of a session are, in the environment that its agent gets. */
export interface Whereabouts {
  files: MemoryFiles;
  folder: string;
  nativeId: string;
  /** The real path of the directory in which the agent works. */
  cwd: string;
}
