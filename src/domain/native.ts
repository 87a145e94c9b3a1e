import type { ContentBlock, PlanItem, ToolCall } from './content.ts';
import type { NativeLine } from './entry.ts';
import type { Tokens } from './usage.ts';

/**
 * What a line of an agent's own memory shows in the log, in the words that all agents share. `call` is the
 * agent-side id of a tool call: its first state is a node, later ones are about it.
 */
export type Shown =
  | { kind: 'delivery'; content: readonly ContentBlock[]; parentCall?: string }
  | {
      kind: 'message' | 'thought';
      content: readonly ContentBlock[];
      incomplete?: true;
      parentCall?: string;
    }
  /** `later`: only what it came to is known; what was called is in its first state. */
  | { kind: 'tool_call'; toolCall: ToolCall; later?: true; parentCall?: string }
  | { kind: 'plan'; items: readonly PlanItem[] }
  | { kind: 'compaction'; summary?: string }
  | { kind: 'usage'; key: string; model?: string; tokens: Tokens };

/** A line as an agent's reader of its memory understands it. */
export interface ReadLine {
  /** The line's own name, unique in its session; null where it has none. */
  name: string | null;
  /** The agent's own id of the session, where the line says it. */
  session: string | null;
  /** What is before it need not be remembered. */
  boundary: boolean;
  /** The tool call that began the sub-agent in whose file it is, where the line says it. */
  begunBy?: string;
  shows: readonly Shown[];
  /** What it says of the whole session. */
  title?: string;
  cwd?: string;
}

/**
 * A line that somebody appends. What it shows is written first; the line itself is the node that clients
 * know as the head, where it has a name.
 */
export interface AppendedLine {
  id: string;
  /** Its id where its name is that of another line, which says something else; absent where it has no name. */
  otherwise?: string;
  /** Moves the head. */
  node: boolean;
  /** Of a line with the name of another: that one. */
  about?: string;
  line: NativeLine;
  shows: readonly PlacedShown[];
  /** What the session is called from now on, unless a person named it. */
  title?: string;
  /** Where the agent worked, unless an earlier line said it. */
  cwd?: string;
}

/**
 * With the id of its entry. Of a tool call `first` is the id that its first state has; where that is in the
 * log already, this one is `about` it.
 */
export type PlacedShown = Shown & { id: string; about?: string; first?: string };
