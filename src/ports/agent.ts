import type { AgentCommand, AgentEvent } from '../domain/agent-event.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import type { ReadLine } from '../domain/native.ts';
import type { AgentSetting, AgentSettings, Secrets } from '../domain/settings.ts';
import type { AgentFile, AgentProgram } from './agent-program.ts';
import type { MemoryFiles } from './memory-files.ts';
import type { AgentProbe, ProbeReport } from './probe.ts';

export type { AgentFile, AgentProgram } from './agent-program.ts';

/** What an agent can do, as data: interfaces and commands ask these flags, never the agent's name. */
export interface AgentProfile {
  /** The agent's name in settings and keys: lower case letters, digits and dashes. */
  name: string;
  title: string;
  protocol: 'acp' | 'stream-json' | 'app-server';
  /** A prompt can be folded into the running turn. */
  steer: boolean;
  /** A stopped host's native session can be opened again. */
  resume: boolean;
  /** Anything it says shows that it has the prompt; otherwise its decoder says `prompt_taken`. */
  activityIsEvidence: boolean;
  /** It recognises a repeated prompt id, so that an unconfirmed prompt may be sent again. */
  deduplicatesPrompts: boolean;
  /** What it asks for may be allowed with another input. */
  editsInput: boolean;
  /** A denial may carry a message that reaches it. */
  hearsDenials: boolean;
  /** It tells what its messages cost in a later report of its own: until then there are only estimates. */
  costsLater?: true;
  images: boolean;
  /**
   * Its native session can be copied into a new one (`OpenSpec.forkOf`), and it marks the ends of its turns,
   * so that the copy can be cut off there.
   */
  fork: boolean;
  /** Settings that it honours. */
  settings: readonly AgentSetting[];
  /** Those among them that it takes while it is open, by a `set` command. */
  live: readonly AgentSetting[];
  /** MCP servers may have variables and headers: there is a way to hand it their values unseen. */
  mcpSecrets: boolean;
  /** How to get it, one line for people. */
  install: string;
}

/** With what an agent is opened in a new host. Stored with the host, so it holds no secrets. */
export interface OpenSpec extends AgentSettings {
  session: string;
  host: string;
  cwd: string;
  /** Resumes this native session; null opens a new one. */
  nativeId: string | null;
  /** Opens a copy of this native session; only with a `nativeId` of null. */
  forkOf: string | null;
  /** The copy ends at this `mark` of the agent's `turn_ended`; null for one of all that there is. */
  forkAt: string | null;
}

/** A whole line of the spool. `id` is the base for ids of entries that begin here: `itemId(line, n)`. */
export interface SpoolLine {
  id: string;
  text: string;
  from: number;
  to: number;
}

/** The decoder's state is plain JSON: it is stored beside the spool offset and loaded after a restart. */
export type DecoderState = Json;

/**
 * One agent behind one port. `decode` is a pure fold and `encode` a pure function of the decoder's state;
 * neither touches clocks, files or sockets.
 */
export interface AgentDriver {
  readonly profile: AgentProfile;
  /** Rises when the same bytes would decode to other entries or another state. */
  readonly decoderVersion: number;
  program(spec: OpenSpec): AgentProgram;
  /** What it gets as files; the one place for the session's secrets. Absent where it takes none. */
  files?(spec: OpenSpec, secrets: Secrets): readonly AgentFile[];
  /** State before the first line. */
  initial(spec: OpenSpec): DecoderState;
  /** The lines that open the conversation, written before the agent says anything. */
  open(spec: OpenSpec): readonly string[];
  decode(
    state: DecoderState,
    line: SpoolLine,
  ): { state: DecoderState; events: readonly AgentEvent[] };
  encode(state: DecoderState, command: AgentCommand): readonly string[];
  /** Absent where the agent cannot be asked without a session. */
  readonly probe?: AgentProbe;
  /** Absent where nothing is known of how it keeps conversations. */
  readonly memory?: AgentMemory;
  /** Absent where its files cannot be put in their place on another machine. */
  readonly memoryFiles?: MemoryFiles;
}

/** How an agent keeps a conversation by itself: files of lines, each a JSON object. */
export interface AgentMemory {
  /** What a line shows, wherever it was written. Pure and total: what it does not know shows nothing. */
  read(line: JsonObject): ReadLine;
}

/**
 * Finds out about one agent; null for one that cannot be asked. Answers within a deadline, and never rejects
 * for what the agent does.
 */
export type Probe = (driver: AgentDriver) => Promise<ProbeReport | null>;

/** Id of the nth item that begins at a line: stable under every restart, and sorted like the spool. */
export function itemId(line: { id: string }, ordinal: number): string {
  return `${line.id}-${ordinal.toString(36)}`;
}

/** Base id of a spool line. */
export function lineId(host: string, from: number): string {
  return `${host}-${from.toString(36).padStart(7, '0')}`;
}
