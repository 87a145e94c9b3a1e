import type { ContentBlock } from '../domain/content.ts';
import type { Answer, Command, Send } from '../domain/command.ts';
import type { By, EntryDataByKind } from '../domain/entry.ts';
import { canonicalJson } from '../domain/json.ts';
import type { SessionState } from '../domain/session-state.ts';
import type { Told } from './prompt-contents.ts';
import type { HeldBlob } from './withhold.ts';

/** A command on its way through an actor. */
export interface Letter {
  command: Command;
  by: By;
  /** Content of its prompt as the agent gets it; the command has it as the entry will. */
  whole?: readonly ContentBlock[];
  /** What of it is too large for entries; stored with them. */
  blobs?: readonly HeldBlob[];
  /** The text of its primer. */
  primer?: Told;
  /** Values of variables that it brings, by name; null takes one away. */
  secrets?: { readonly [name: string]: string | null };
  /** The caller named the prompt's id: the same one may be in the log already. */
  ownId: boolean;
  /** Spool size that must have been read before it is decided; found when it comes to the front. */
  barrier: number | null;
  resolve(outcome: Outcome): void;
  reject(error: unknown): void;
}

/** What became of a command: its answer, the seqs that were committed for it, the state after it. */
export interface Outcome {
  answer: Answer | { type: 'duplicate'; entry: string };
  seqOf(entry: string): number;
  /** Entries of it that were in the log already. */
  duplicates: readonly string[];
  state: SessionState;
}

/** Whether a command goes before everything else: Stop never waits behind a long spool. */
export function isUrgent(command: Command): boolean {
  return command.type === 'abort';
}

/** The prompt that a command brings. */
export function promptOf(command: Command): Send | undefined {
  if (command.type === 'send') return command;
  return command.type === 'create' ? command.prompt : undefined;
}

/** Whether a repeated prompt says the same. How it is delivered may have been decided otherwise. */
export function samePrompt(
  stored: Pick<EntryDataByKind['prompt'], 'content' | 'timeoutMs'>,
  given: Send,
): boolean {
  const { content, timeoutMs } = given;
  return (
    canonicalJson({ content, timeoutMs }) ===
    canonicalJson({ content: stored.content, timeoutMs: stored.timeoutMs })
  );
}
