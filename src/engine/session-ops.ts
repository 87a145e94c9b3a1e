import type { Budget, GlobalBudget, Spent } from '../domain/budget.ts';
import type { Applied, Appended } from '../domain/command.ts';
import type { ContentBlock } from '../domain/content.ts';
import type {
  By,
  Entry,
  Fidelity,
  Place,
  Proof,
  RunOutcome,
  SettingsChange,
} from '../domain/entry.ts';
import type { PolicyChange } from '../domain/policy.ts';
import type { MetaChange } from '../domain/settings.ts';
import type { Arrival } from '../ports/moves.ts';
import type { SessionRow } from '../domain/row.ts';
import type { RestoredFile } from '../domain/snapshot.ts';
import type { CreateAnswer, CreateInput } from './create-input.ts';
import type { HeldBlob } from './withhold.ts';

/** What else can be done with a session, in groups; each promise resolves after the commit of what it tells. */
export interface SessionOps {
  /** Changes settings; `applied` says which of those that concern the agent it has now. */
  patch(session: string, input: PatchInput, by: By): Promise<{ row: SessionRow; applied: Applied }>;
  readonly queue: QueueOps;
  readonly budgets: BudgetOps;
  readonly life: LifeOps;
  readonly branches: BranchOps;
  readonly logs: LogOps;
  readonly owners: OwnerOps;
  readonly arrivals: ArrivalOps;
  readonly snapshots: SnapshotOps;
}

export interface PatchInput {
  changes: SettingsChange;
  /** Joined with what is set; null takes one away. */
  meta?: MetaChange;
  /** What is named is changed, the rest stays. */
  policy?: PolicyChange;
  /** Values of variables, by `secretName`; null takes one away. */
  secrets?: SecretChanges;
  expectedHead?: string | null;
}
export type SecretChanges = { readonly [name: string]: string | null };

export interface QueueOps {
  list(session: string): Promise<{ held: boolean; items: readonly QueueItem[] }>;
  edit(
    session: string,
    prompt: string,
    content: readonly ContentBlock[],
    by: By,
  ): Promise<QueueItem>;
  move(session: string, prompt: string, to: number, by: By): Promise<QueueItem>;
  withdraw(session: string, prompt: string, by: By): Promise<void>;
  /**
   * Lets a held queue or a draft go on, `beyondBudget` also where a budget asks before that; answers the run
   * that began, if one did.
   */
  release(
    session: string,
    by: By,
    more?: { beyondBudget: boolean },
  ): Promise<{ run: string | null; queued: number }>;
}

export interface QueueItem {
  prompt: string;
  /** From 1. */
  position: number;
  /** As the entry has it; null where it cannot be read. */
  content: readonly ContentBlock[] | null;
  edited: boolean;
  timeoutMs?: number;
}

export interface LifeOps {
  /** Stops the run and the host, withdraws the queue, and begins a new conversation in the same log. */
  reset(session: string, reason: 'new' | 'reset', by: By): Promise<SessionRow>;
  /** Stops the run and the host; the log is kept until `purgeAt`. Repeated it answers as the first time. */
  remove(session: string, by: By): Promise<{ deletedAt: string; purgeAt: string }>;
  restore(session: string, by: By): Promise<SessionRow>;
  /** Removes a session for good, deleted before or not. */
  purge(session: string, by: By): Promise<void>;
  /** Aborts every open run that may be seen, and says how each ended. */
  stopAll(sessions: readonly string[] | null, by: By): Promise<readonly StoppedRun[]>;
}

export interface StoppedRun {
  session: string;
  run: string;
  outcome: RunOutcome | null;
  proof?: Proof;
}

export interface BudgetOps {
  /** The budget of all sessions, and what they have used. */
  global(): { budget: GlobalBudget | null; spent: Spent };
  /** Null takes it away. */
  set(budget: GlobalBudget | null): Promise<void>;
  /** The budget of a session, and what it and all that descend from it have used. */
  ofSession(session: string): Promise<{ budget: Budget | null; spent: Spent }>;
}

export interface BranchOps {
  /** Readers after it, and the agent's next host, begin with the last `keep` nodes and the summary. */
  compact(
    session: string,
    input: { keep: number; summary?: string },
    by: By,
  ): Promise<{ compacted: boolean; kept: number; reason?: 'short' }>;
  /** A new session whose history is that of the base up to an entry. */
  fork(session: string, input: ForkInput, by: By): Promise<CreateAnswer & { fidelity: Fidelity }>;
}

export interface ForkInput extends CreateInput {
  /** Id of an entry of the base or of what it was forked from; default: its last. */
  at?: string;
}

export interface LogOps {
  append(session: string, input: AppendInput, by: By): Promise<AppendAnswer>;
  /** Lines of an agent's own memory, written elsewhere. The first ones make the session where it is not there. */
  appendLines(session: string, input: AppendLinesInput, by: By): Promise<AppendLinesAnswer>;
  /** Blobs of an import are to be given with the entries that name them, not put before. */
  readonly holdsBlobs: boolean;
  /** Takes an exported log in pieces. One that is broken off keeps what was added: a repeated one goes on. */
  openImport(header: ImportHeader, by: By): Promise<ImportSink>;
}

export interface AppendInput {
  entries: readonly (Omit<Appended, 'id'> & { id?: string })[];
  expect?: { head: string | null } | { seq: number };
  epoch?: number;
  /** Names entries that have no id of their own: the same number means the same entry. */
  producer?: { id: string; epoch: number; seq: number };
}
export interface AppendAnswer {
  key: string | null;
  entries: readonly { id: string; seq: number; duplicate: boolean }[];
  head: string | null;
  lastSeq: number;
}

export interface OwnerOps {
  /** A new writer: those before it are fenced. Ends a move that is not done. */
  takeOver(session: string, input: TakeOverInput, by: By): Promise<OwnerAnswer>;
  /** Nobody writes it while `to` gets a copy; an agent that only waits is ended. */
  give(session: string, to: Place, by: By): Promise<SessionRow>;
  /** It goes on at the copy: from this commit on the entry proves it to the other side. Repeatable. */
  moved(session: string, to: Place, by: By): Promise<Entry>;
  /** It moves nowhere: the copy was not given up to. */
  keep(session: string, by: By): Promise<SessionRow>;
  /** This copy is the session from now on. A repeated proof answers as the first. */
  arrive(session: string, input: { moved: Entry; cwd?: string }, by: By): Promise<OwnerAnswer>;
}

export interface TakeOverInput {
  writer: 'host' | 'external';
  /** Where it goes on; default: where it was. */
  cwd?: string;
  /** Refused as `conflict` where the writer has changed since. */
  epoch?: number;
}

/** What the next agent of a session remembers, and why not all of it. */
export interface OwnerAnswer {
  row: SessionRow;
  memory: Fidelity | null;
  reason: string | null;
}

export interface AppendLinesInput {
  /** The agent whose format it is. */
  format: string;
  /** Each a JSON object, to the byte as it was written; `file` where it is not of the main one. */
  lines: readonly { text: string | Uint8Array; file?: string }[];
  /** The head that the writer knows, null for none; without it what is there is not asked. */
  expect?: { head: string | null };
  epoch?: number;
}
export interface AppendLinesAnswer {
  key: string | null;
  /** `differs`: a line of that name is there already and says something else; both are kept. */
  lines: readonly { id: string; seq: number; duplicate: boolean; differs: boolean }[];
  head: string | null;
  lastSeq: number;
  epoch: number;
  created: boolean;
}

/** Sessions that move here from other daemons. */
export interface ArrivalOps {
  readonly list: readonly Arrival[];
  /** Says how far it is here already. From then on only its log comes in, with `openImport`. */
  expect(session: string, input: ExpectInput): Promise<ExpectAnswer>;
  /** Nothing more of it comes. Does nothing where none is expected. */
  withdraw(session: string): Promise<void>;
}

export interface ExpectInput {
  /** Id of the daemon that has it. */
  from: string;
  /** Id of the token by which it comes in, and until when that holds. */
  token: string;
  expiresAt: string;
  agent: string;
  key: string | null;
  /** Where it is to go on here. */
  cwd: string;
  /** How far its log is there. */
  lastSeq: number;
  /** What that daemon's logs fold to. */
  stateVersion: number;
}
/** The last entry that is here; 0 and null for none. */
export interface ExpectAnswer {
  lastSeq: number;
  /** Of the entry there; a before-commit hook may have left something else of it than what was sent. */
  id: string | null;
  digest: string | null;
}

export interface ImportHeader {
  session: string;
  agent: string;
  /** It moves here: it is to be expected, and stays as it is until it is given up to this daemon. */
  arriving?: true;
}
export interface ImportSink {
  /** Entries in the order of their seqs; those that are there already must be the same. */
  add(entries: readonly Entry[], blobs?: readonly HeldBlob[]): Promise<void>;
  /** Settles what was open in it. */
  end(): Promise<{ row: SessionRow; created: boolean; added: number }>;
}

export interface SnapshotOps {
  /** Puts files back as they were; refused as `conflict` where one is not as it was left, unless forced. */
  restore(session: string, input: RestoreInput, by: By): Promise<RestoreAnswer>;
}

export interface RestoreInput {
  of: { snapshot: string } | { run: string };
  /** Absolute, of files of the run; default: all. */
  paths?: readonly string[];
  to: 'before' | 'after';
  force: boolean;
  /** Says what would be done. */
  dryRun: boolean;
}
export interface RestoreAnswer {
  key: string | null;
  /** The entry that began it; null where nothing was done. */
  restore: { id: string; seq: number } | null;
  files: readonly RestoredFile[];
}
