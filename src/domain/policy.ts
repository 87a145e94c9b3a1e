import type { ToolKind } from './content.ts';

/** `allow` lets a thing happen unasked, `ask` has a person decide, `deny` refuses it. */
export type Effect = 'allow' | 'ask' | 'deny';

/**
 * One line of a policy. What it does not say, it does not ask for: a rule with a `kind` alone is about
 * every tool of that kind.
 */
export interface Rule {
  readonly effect: Effect;
  /** The tool's own name, exactly. */
  readonly tool?: string;
  readonly kind?: ToolKind;
  /** A glob over real paths, absolute or beginning with `./` for the session's directory. */
  readonly path?: string;
  /** Words of a command: `git log **`. See docs/policy.md. */
  readonly command?: string;
  /** The wildcards of an allowing `command` also stand for words that only the shell can tell. */
  readonly expansions?: true;
  readonly note?: string;
}

/** What a rule is about, in words for people. */
export function aboutOf({ tool, kind, path, command, expansions }: Rule): string {
  const parts = [
    tool === undefined ? [] : `tool ${tool}`,
    kind === undefined ? [] : `kind ${kind}`,
    path === undefined ? [] : `path ${path}`,
    command ?? [],
  ].flat();
  const about = parts.length === 0 ? 'everything' : parts.join(', ');
  return expansions === true ? `${about} (with expansions)` : about;
}

/** What the agent of one session may do unasked, beside the rules of directories and those that hold everywhere. */
export interface SessionPolicy {
  readonly rules: readonly Rule[];
  /** Edits inside the working directory need no answer. */
  readonly autoAcceptEdits: boolean;
  /** Nothing is asked before this time, ISO 8601 UTC; its end is an entry. */
  readonly bypassUntil: string | null;
  /** A question that nobody answers for so long is denied; null asks for ever. */
  readonly answerMs: number | null;
}

export const noPolicy: SessionPolicy = {
  rules: [],
  autoAcceptEdits: false,
  bypassUntil: null,
  answerMs: null,
};

/** What is named is changed, the rest stays. */
export type PolicyChange = Partial<SessionPolicy>;

/** What an agent wants to do, in words that a policy understands; its driver knows the agent's own. */
export interface Wanted {
  /** The tool's own name, where the agent gives one. */
  readonly tool: string | null;
  readonly kind: ToolKind;
  /** The text that a shell is to run; null for tools that run none. */
  readonly command: string | null;
  /** Files that the tool is to work on, as the agent names them. */
  readonly locations: readonly string[];
  /** Where the tool starts, for relative paths; null where an agent's shell remembers and does not tell. */
  readonly cwd: string | null;
}

export type Level = 'session' | 'directory' | 'global';

/** What a policy says to something that an agent wants, and by what. */
export interface Ruling {
  readonly effect: Effect;
  /** The level whose rule decided; null where none did. */
  readonly level: Level | null;
  /** The number of the rule in its list, from 0, or what decided instead; `state` guards the daemon's own files. */
  readonly rule: number | 'edits' | 'bypass' | 'state' | 'none';
  /** The directory whose rule it is, at the level of directories. */
  readonly directory?: string;
  readonly why: string;
}

/** Whether the bypass of a policy is there and over. */
export function isOver(policy: SessionPolicy, now: number): boolean {
  return policy.bypassUntil !== null && Date.parse(policy.bypassUntil) <= now;
}

/** Whether an absolute path is a directory or lies in it. */
export function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory === '/' ? '/' : `${directory}/`);
}
