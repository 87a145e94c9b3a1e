import type { BlobRef, ContentBlock } from '../content.ts';
import type { Draft } from '../draft.ts';
import type {
  Delivery,
  Entry,
  Fidelity,
  HostEndReason,
  RunFailure,
  SettingsChange,
} from '../entry.ts';
import type { Json } from '../json.ts';
import { refuse } from '../refusal.ts';
import type { AgentSetting } from '../settings.ts';
import { abort } from './abort.ts';
import { append, importEntries, settleImport } from './append.ts';
import { decide } from './approval.ts';
import { compact, remove, reset, restore } from './lifecycle.ts';
import { editItem, moveItem, release, withdrawItem } from './queue.ts';
import { condemnHost } from './run.ts';
import { send } from './send.ts';
import { create, patch } from './settings.ts';
import { decideStall } from './stall.ts';

/** What clients ask of a session. The caller's identity is the draft's author. */
export type Command =
  | { type: 'create'; changes: SettingsChange; fork?: ForkFrom; prompt?: Send }
  | Send
  | {
      type: 'abort';
      run?: string;
      force: boolean;
      reason: 'asked' | 'timeout' | 'stop';
      queue: 'keep' | 'withdraw';
    }
  | { type: 'decide'; approval: string; choice: Choice; message?: string }
  | { type: 'patch'; changes: SettingsChange; expectedHead?: string | null }
  | { type: 'queue_edit'; prompt: string; content: readonly ContentBlock[] }
  | { type: 'queue_move'; prompt: string; to: number }
  | { type: 'queue_withdraw'; prompt: string }
  | { type: 'release' }
  | { type: 'reset'; reason: 'new' | 'reset' }
  | { type: 'compact'; keep: string | null; keepSeq: number; summary?: string; primer?: BlobRef }
  | { type: 'delete'; purgeAt: string }
  /** `key` is what it is called from now on: its old one may be taken. */
  | { type: 'restore'; key: string | null }
  | {
      type: 'append';
      entries: readonly Appended[];
      expect?: { head: string | null } | { seq: number };
    }
  /** Entries of an exported log, with their seqs. */
  | { type: 'import'; entries: readonly Entry[] }
  /** The log of an import is whole: what was open in it is over. */
  | { type: 'settle_import' }
  /** The supervisor is about to end the host. */
  | { type: 'condemn'; host: string; reason: HostEndReason; error?: RunFailure }
  /** Changes nothing: it is answered when all that came before it is folded. */
  | { type: 'sync' }
  /** The server tells of something that it did or found. */
  | { type: 'note'; code: string; text: string; data?: Json }
  /** The agent of this run has said nothing for so long. */
  | { type: 'stall'; run: string; silentMs: number };

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

/** Where a fork comes from, and how much of it the agent remembers. */
export interface ForkFrom {
  session: string;
  entry: string | null;
  seq: number;
  fidelity: Fidelity;
  nativeId?: string;
  primer?: BlobRef;
}

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
  | { type: 'decided'; decision: string; outcome: string; option?: string }
  | { type: 'patched'; applied: Applied }
  | { type: 'done' };

/** When each changed agent setting is in force. */
export type Applied = { readonly [Name in AgentSetting]?: 'live' | 'next host' };

export interface Sent {
  type: 'sent';
  entry: string;
  state: 'starting' | 'queued' | 'steering';
  run?: string;
  position?: number;
  queued: number;
  interrupted?: string;
}

/** Decides a command: writes entries into the draft, or throws a `RefusalError` and nothing counts. */
export function decideCommand(draft: Draft, command: Command): Answer {
  if (draft.state.deletedAt !== null && !ofDeleted.has(command.type)) throw deleted();
  switch (command.type) {
    case 'create':
      return create(draft, command);
    case 'send':
      return send(draft, command);
    case 'abort':
      return abort(draft, command);
    case 'decide':
      return decide(draft, command);
    case 'patch':
      return patch(draft, command);
    default:
      change(draft, command);
      return { type: 'done' };
  }
}

type Change = Exclude<Command, { type: 'create' | 'send' | 'abort' | 'decide' | 'patch' }>;

/** Commands of which there is nothing to tell but that they are done. */
function change(draft: Draft, command: Change): void {
  switch (command.type) {
    case 'queue_edit':
      return editItem(draft, command);
    case 'queue_move':
      return moveItem(draft, command);
    case 'queue_withdraw':
      return withdrawItem(draft, command.prompt);
    case 'release':
      return release(draft);
    case 'reset':
      return reset(draft, command.reason);
    case 'compact':
      return compact(draft, command);
    case 'delete':
      return remove(draft, command.purgeAt);
    case 'restore':
      return restore(draft, command.key);
    case 'append':
      return append(draft, command);
    case 'import':
      return importEntries(draft, command.entries);
    case 'settle_import':
      return settleImport(draft);
    case 'condemn':
      return condemn(draft, command);
    case 'sync':
      return;
    case 'note':
      return note(draft, command);
    case 'stall':
      return decideStall(draft, command.run, command.silentMs);
  }
}

/** What may still be done with a deleted session. */
const ofDeleted: ReadonlySet<Command['type']> = new Set(['restore', 'delete', 'condemn', 'sync']);

function deleted(): Error {
  return refuse('not_found', 'The session was deleted; sessions.restore brings it back.', {
    field: 'session',
  });
}

function condemn(draft: Draft, command: Extract<Command, { type: 'condemn' }>): void {
  const { host, run } = draft.state;
  // Only an idle host gives way for a fresh one or goes to rest.
  const polite = command.reason === 'recycle' || command.reason === 'idle';
  if (host?.id !== command.host || (polite && run !== null)) return;
  condemnHost(draft, command.reason, command.error);
}

function note(draft: Draft, command: Extract<Command, { type: 'note' }>): void {
  const { code, text, data } = command;
  const more = data === undefined ? {} : { data };
  draft.write('notice', { code, text, ...more }, { runId: null });
}
