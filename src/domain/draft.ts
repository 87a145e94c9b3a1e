import type { AgentCommand } from './agent-event.ts';
import type { Account } from './budget.ts';
import type { ContentBlock } from './content.ts';
import type { By, EntryDataByKind, EntryKind, NewEntry } from './entry.ts';
import { nodeRule } from './entry.ts';
import { evolve, type PlacedEntry } from './evolve.ts';
import type { Ruling } from './policy.ts';
import type { AgentSetting } from './settings.ts';
import type { OpenRun, SessionState } from './session-state.ts';
import type { Money, Tokens } from './usage.ts';

/** Facts that the decider may not find out by itself: time, ids, what the agent can do. */
export interface DecideContext {
  /** ISO 8601 UTC. */
  at: string;
  now: number;
  newId(): string;
  agent: AgentTraits;
  /** Content of a prompt of this session, as it stands in its entry; null where it cannot be read. */
  contentOf(prompt: string): EntryDataByKind['prompt']['content'] | null;
  /** What the agent is to be told before its next prompt, as it stands in an entry. */
  primer(): ContentBlock | null;
  /** What the policy says to the approval of that id; null where it was not asked. */
  rulingOf(approval: string): Ruling | null;
  /** Whether the session moves here from another daemon, and its log is not all here, or is not given up to it. */
  arriving: Arriving | null;
  /** What tokens of a model cost by the table of prices; null where it is not in it. */
  price(model: string, tokens: Tokens): Money | null;
  /** The budgets that a session in this state counts towards, with what others have used of them. */
  accounts(state: SessionState): readonly Account[];
}

/** `withdrawn`: what has come of it stays, and nothing more comes. */
export type Arriving = 'expected' | 'withdrawn';

/** The flags of an agent's profile that the decider asks. */
export interface AgentTraits {
  steer: boolean;
  resume: boolean;
  /** Its native session can be copied into a new one. */
  fork: boolean;
  /** Settings that it honours, and those among them that it takes while it works or waits. */
  settings: readonly AgentSetting[];
  live: readonly AgentSetting[];
  /** MCP servers may have variables and headers: their values reach it unseen. */
  mcpSecrets: boolean;
  deduplicatesPrompts: boolean;
  /** What is allowed may be allowed with another input. */
  editsInput: boolean;
  /** A denial may carry a message that reaches it. */
  hearsDenials: boolean;
  /** It tells what its messages cost in a later report of its own: until then there are only estimates. */
  costsLater?: true;
  /** Anything that the agent says counts as evidence that it has the prompt; else only `prompt_taken`. */
  activityIsEvidence: boolean;
}

/** What is to be done after the batch is committed. */
export type Effect =
  | { type: 'launch'; host: string }
  /** Climb the ladder for the run (R5); `force` begins at SIGKILL. */
  | { type: 'climb'; run: string; force: boolean }
  /** End what the agent started between these two times and left running. */
  | { type: 'sweep'; run: string; since: string; until: string }
  | { type: 'stop_host'; host: string };

/**
 * A decision in the making: entries are written one after another over the state they lead to. Only here
 * do entries get their parent, run and author.
 */
export class Draft {
  state: SessionState;
  readonly entries: NewEntry[] = [];
  readonly commands: AgentCommand[] = [];
  readonly effects: Effect[] = [];
  readonly context: DecideContext;
  readonly #by: By;
  readonly #nextId: () => string;

  constructor(state: SessionState, context: DecideContext, by: By, nextId: () => string) {
    this.state = state;
    this.context = context;
    this.#by = by;
    this.#nextId = nextId;
  }

  /** Writes an entry. `id` where its id is given; `by` where somebody else than the command's caller did it. */
  write<Kind extends EntryKind>(
    kind: Kind,
    data: EntryDataByKind[Kind],
    more: {
      id?: string;
      about?: string;
      runId?: string | null;
      parentCall?: string;
      by?: By;
      /** Of an entry whose producer says where in the tree it stands. */
      parentId?: string | null;
    } = {},
  ): PlacedEntry {
    const runId = more.runId === undefined ? this.state.run?.id : (more.runId ?? undefined);
    const rule = nodeRule[kind];
    const node = rule === 'always' || (rule === 'first' && more.about === undefined);
    const entry = {
      id: more.id ?? this.#nextId(),
      kind,
      at: this.context.at,
      by: more.by ?? this.#by,
      data,
      ...(node ? { parentId: this.state.head } : {}),
      ...(more.parentId === undefined ? {} : { parentId: more.parentId }),
      ...(runId === undefined ? {} : { runId }),
      ...(more.parentCall === undefined ? {} : { parentCall: more.parentCall }),
      ...(more.about === undefined ? {} : { about: more.about }),
    } as NewEntry;
    this.entries.push(entry);
    const placed: PlacedEntry = { ...entry, seq: this.state.lastSeq + 1 };
    this.state = evolve(this.state, placed);
    return placed;
  }

  /** Writes an entry as it stands, with its own id, author and time. */
  place(entry: NewEntry): void {
    this.entries.push(entry);
    this.state = evolve(this.state, { ...entry, seq: this.state.lastSeq + 1 });
  }

  /** A new id for a run. */
  newId(): string {
    return this.#nextId();
  }

  get run(): OpenRun | null {
    return this.state.run;
  }

  /** Sends a command if the host can take it now. */
  tell(command: AgentCommand): void {
    if (this.state.host?.phase === 'open') this.commands.push(command);
  }
}
