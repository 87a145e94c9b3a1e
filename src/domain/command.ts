import type { ApprovalOption, BlobRef, ContentBlock, ToolCall } from './content.ts';
import type {
  Delivery,
  Entry,
  Fidelity,
  HostEndReason,
  Owner,
  Place,
  RunFailure,
  SettingsChange,
} from './entry.ts';
import type { Json } from './json.ts';
import type { AppendedLine } from './native.ts';
import type { PolicyChange, Rule, Ruling, SessionPolicy, Wanted } from './policy.ts';
import type { AgentSetting, MetaChange } from './settings.ts';
import type { Restore, RestoredFile, Snapshot } from './snapshot.ts';

/** What clients ask of a session. The caller's identity is the draft's author. */
export type Command =
  | { type: 'create'; changes: SettingsChange; fork?: ForkFrom; prompt?: Send }
  | Send
  | {
      type: 'abort';
      run?: string;
      force: boolean;
      reason: 'asked' | 'timeout' | 'stop' | 'budget';
      queue: 'keep' | 'withdraw';
    }
  | Decide
  | AskOutside
  /** Its time has come: of the bypass, of questions that nobody answers. */
  | { type: 'expire' }
  | {
      type: 'patch';
      changes: SettingsChange;
      /** Joined with what is set; null takes one away. */
      meta?: MetaChange;
      policy?: PolicyChange;
      expectedHead?: string | null;
    }
  | { type: 'queue_edit'; prompt: string; content: readonly ContentBlock[] }
  | { type: 'queue_move'; prompt: string; to: number }
  | { type: 'queue_withdraw'; prompt: string }
  /** `beyondBudget`: also where only somebody who may approve lets it go on. */
  | { type: 'release'; beyondBudget?: true }
  /** What is used of a budget, or may be, is more than before: is the run to go on? */
  | { type: 'watch_budget' }
  | { type: 'reset'; reason: 'new' | 'reset' }
  | {
      type: 'compact';
      /** The head up to which the primer tells. */
      head: string | null;
      keep: string | null;
      keepSeq: number;
      summary?: string;
      primer?: BlobRef;
    }
  | { type: 'delete'; purgeAt: string }
  /** `key` is what it is called from now on: its old one may be taken. */
  | { type: 'restore'; key: string | null }
  | {
      type: 'append';
      entries: readonly Appended[];
      expect?: { head: string | null } | { seq: number };
      /** Of the session's writer: the one in force, and the one that the producer means. */
      epoch: { inForce: number; expected?: number };
    }
  | {
      type: 'append_lines';
      lines: readonly AppendedLine[];
      expect?: { head: string | null };
      epoch: { inForce: number; expected?: number };
      /** Of a session that begins with them. */
      begins?: { agent: string; originCwd?: string };
      /** Read from the files of an agent of this daemon, which rests. */
      captured?: true;
    }
  /** The writer changes. `here` is the id of this daemon's state directory. */
  | {
      type: 'own';
      to: { state: Owner['state']; to?: Place };
      here: string;
      /** The epoch that the caller has seen. */
      at?: number;
      /** Of `host`: where it goes on, unless where it was, and what is remembered there. */
      cwd?: string;
      memory?: Memory;
      /** What is remembered goes up to this seq: refused where the log has gone on. */
      upTo?: number;
    }
  /** The entry that proves it comes from the log of the copy that gave the session up. */
  | { type: 'arrive'; moved: Entry; here: string; cwd?: string; memory: Memory }
  /** Entries of an exported log, with their seqs; those up to `after` were compared with what is here. */
  | {
      type: 'import';
      entries: readonly Entry[];
      after: number;
      /** Of a session that moves here. */
      arriving?: true;
    }
  /** The log of an import is whole: what was open in it is over. */
  | { type: 'settle_import' }
  /** The supervisor is about to end the host. */
  | { type: 'condemn'; host: string; reason: HostEndReason; error?: RunFailure }
  /** Changes nothing: it is answered when all that came before it is folded. */
  | { type: 'sync' }
  /** The server tells of something that it did or found. */
  | { type: 'note'; code: string; text: string; data?: Json }
  /** The agent of this run has said nothing for so long. */
  | { type: 'stall'; run: string; silentMs: number }
  /** `about` is the first state of the tool call. */
  | { type: 'snapshot'; about: string; files: readonly NewSnapshot[] }
  | {
      type: 'begin_restore';
      id: string;
      forced: boolean;
      files: Extract<Restore, { state: 'begun' }>['files'];
    }
  /** Does nothing where that restoration has ended. */
  | {
      type: 'end_restore';
      about: string;
      files: readonly RestoredFile[];
      snapshots: readonly NewSnapshot[];
    };

/** A snapshot with the id of its entry, which follows from what it is of. */
export interface NewSnapshot {
  id: string;
  data: Snapshot;
}

export interface Send {
  type: 'send';
  id: string;
  content: readonly ContentBlock[];
  delivery: Delivery;
  allowInterrupt: boolean;
  timeoutMs?: number;
  effort?: string;
  expectedHead?: string | null;
}

export interface Decide {
  type: 'decide';
  approval: string;
  choice: Choice;
  /** For the agent, with a denial. */
  message?: string;
  /** With what the tool is to run, where it is allowed. */
  input?: Json;
  /** Rules that are made of it; those of a directory are kept beside the log. */
  remember?: { level: 'session' | 'directory'; rules: readonly Rule[] };
}

/** Something inside the session asks its person, as an approval with options or as a question. */
export interface AskOutside {
  type: 'ask_outside';
  id: string;
  ask:
    | {
        kind: 'approval';
        title: string;
        toolCall?: ToolCall;
        options: readonly ApprovalOption[];
        wants?: Wanted;
        ruling?: Ruling;
        /** The session's policy from which the ruling came. */
        ruledBy?: SessionPolicy;
      }
    | { kind: 'question'; message: string; schema?: Json };
}

/** Where a fork comes from, and how much of it the agent remembers. */
export interface ForkFrom {
  session: string;
  entry: string | null;
  seq: number;
  fidelity: Fidelity;
  nativeId?: string;
  nativeMark?: string;
  primer?: BlobRef;
}

/** What an agent that takes over remembers on this machine. */
export type Memory = Pick<Owner, 'memory' | 'reason' | 'nativeId' | 'primer'> & {
  memory: Fidelity;
};

/** An opaque entry of a producer. With a `parentId` it is a node of the tree. */
export interface Appended {
  id: string;
  parentId?: string | null;
  entryType?: string;
  raw: Json;
}

/** An answer to an approval (an option, or allow or deny in general) or to a question. */
export type Choice = { option: string } | { verdict: 'allow' | 'deny' } | { answer: Json };

/** What the caller is told once its batch is committed. */
export type Answer =
  | { type: 'created'; sent?: Sent }
  | Sent
  | { type: 'aborting'; run: string | null; queued: number }
  /** `told`: whether the message reaches the agent. */
  | { type: 'decided'; decision: string; outcome: string; option?: string; told?: boolean }
  | { type: 'patched'; applied: Applied }
  | Placed
  | Deleted
  | { type: 'done' };

/** When each changed agent setting is in force. */
export type Applied = { readonly [Name in AgentSetting]?: 'live' | 'next host' };

/** A waiting prompt as its change left it; what comes after that may have taken it already. */
export interface Placed {
  type: 'placed';
  /** From 0. */
  position: number;
  edited: boolean;
  timeoutMs?: number;
}

/** When it was deleted, be it just now, and until when it is kept; a later command may restore it at once. */
export interface Deleted {
  type: 'deleted';
  deletedAt: string;
  purgeAt: string;
}

export interface Sent {
  type: 'sent';
  entry: string;
  state: 'starting' | 'queued' | 'steering';
  run?: string;
  position?: number;
  queued: number;
  interrupted?: string;
}
