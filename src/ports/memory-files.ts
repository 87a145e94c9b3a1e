import type { JsonObject } from '../domain/json.ts';

/**
 * In which files an agent keeps its conversations, as data and pure functions. A file is lines of JSON
 * objects. Its name is the same on every machine, and empty for a main file whose place follows from the
 * session.
 */
export interface MemoryFiles {
  /** The agent says each line while it works; of others the files are read when it rests. */
  readonly told: boolean;
  /** Added to the agent's environment before the session's own variables. */
  readonly env: { readonly [name: string]: string };
  /** The folder of all conversations; null where the environment does not say it. */
  folder(env: { readonly [name: string]: string }): string | null;
  /** Where a file belongs beneath the folder; null for a name that is none of this agent's. */
  placeOf(session: PlacedSession, file: string): string | null;
  /** The name of what is found at a path beneath the folder; null where it is not of the session. */
  fileAt(path: string, nativeId: string): string | null;
  /** Whether files of the session may be beneath that folder. */
  mayHold(path: string, nativeId: string): boolean;
  /** By what a line is known again; null for one that tells nothing of the conversation. */
  nameOf(line: JsonObject): string | null;
  /** The line as an agent needs it that works in this directory; null: as it is. */
  placed(line: JsonObject, cwd: string): string | null;
  /** What the agent keeps in a file beside and not as a line; the last one counts. */
  beside(line: JsonObject): { suffix: string; text: string } | null;
}

export interface PlacedSession {
  nativeId: string;
  /** The real path of the directory in which the agent works. */
  cwd: string;
}
