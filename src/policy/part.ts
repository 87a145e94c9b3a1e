/** A word of a command as the shell would pass it on. */
export interface Word {
  /** As it was written. */
  readonly text: string;
  /** What it is once quotes and escapes are resolved; null where only the shell can tell. */
  readonly fixed: string | null;
  /** Whether it is surely one word, neither none nor several. */
  readonly single: boolean;
  /** What is fixed of it, up to the first expansion. */
  readonly prefix: string;
  /** Everything that is fixed of it, in pieces. */
  readonly pieces: readonly string[];
}

export interface Assigned {
  readonly name: string;
  readonly value: Word;
}

export interface CommandPart {
  readonly type: 'command';
  readonly text: string;
  readonly assignments: readonly Assigned[];
  /** The program and its arguments; empty where only variables are set. */
  readonly words: readonly Word[];
}

export interface FilePart {
  readonly type: 'file';
  readonly text: string;
  readonly access: 'read' | 'write';
  /** As it was given: absolute, or from where the tool starts. */
  readonly path: string;
}

/** Something that is to happen and that nobody can tell beforehand, so that it is asked about. */
export interface UnclearPart {
  readonly type: 'unclear';
  readonly text: string;
  readonly why: string;
}

/** A tool of which nothing is known but its name and kind. */
export interface ToolPart {
  readonly type: 'tool';
  readonly text: string;
}

/** The smallest things that a policy decides: a question is allowed when each of its parts is. */
export type Part = CommandPart | FilePart | UnclearPart | ToolPart;

/** A word that the shell makes, none or many of them. */
export function openWord(text: string): Word {
  return { text, fixed: null, single: false, prefix: '', pieces: [] };
}

/** A piece of a script as it is shown with a verdict. */
export function shown(text: string): string {
  return text.length > 200 ? `${text.slice(0, 199)}…` : text;
}
