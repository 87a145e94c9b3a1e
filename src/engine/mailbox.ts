import type { ContentBlock } from '../domain/content.ts';
import type { Answer, Command, Send } from '../domain/command.ts';
import type { By, EntryDataByKind } from '../domain/entry.ts';
import { canonicalJson } from '../domain/json.ts';
import { type Refusal, RefusalError } from '../domain/refusal.ts';
import type { SessionState } from '../domain/session-state.ts';
import type { HostGrip } from './host-grip.ts';
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

/** What waits to be decided, in the order in which it came. */
export class Mailbox {
  #letters: Letter[] = [];

  get empty(): boolean {
    return this.#letters.length === 0;
  }

  put(letter: Letter): void {
    this.#letters.push(letter);
  }

  /** Letters that were taken, and are to be decided again before all others. */
  putBack(letters: readonly Letter[]): void {
    this.#letters.unshift(...letters);
  }

  refuseAll(refusal: Refusal): void {
    for (const letter of this.#letters.splice(0)) letter.reject(new RefusalError(refusal));
  }

  /** Takes those that wait for nothing; `single`: at most one. */
  urgent(single: boolean): Letter[] {
    const all = this.#letters.filter((letter) => isUrgent(letter.command));
    const urgent = single ? all.slice(0, 1) : all;
    if (urgent.length > 0) {
      this.#letters = this.#letters.filter((letter) => !urgent.includes(letter));
    }
    return urgent;
  }

  /**
   * Takes those whose part of the spool has been read (log order records what was known). `behind`: the
   * first one waits for more of it.
   */
  async ready(
    grip: HostGrip | null,
    single: boolean,
  ): Promise<{ letters: Letter[]; behind: boolean }> {
    if (this.empty) return { letters: [], behind: false };
    const most = single ? 1 : this.#letters.length;
    if (grip === null || grip.host === null) {
      return { letters: this.#letters.splice(0, most), behind: false };
    }
    // Its end wakes the actor; what is asked of a session whose agent is gone is decided after that.
    if (grip.exit !== null && grip.end === null) return { letters: [], behind: false };
    if (this.#letters.some((letter) => letter.barrier === null)) {
      const size = await grip.host.size();
      for (const letter of this.#letters) letter.barrier ??= size;
    }
    const ahead = this.#letters.findIndex((letter) => !grip.readTo(letter.barrier ?? 0));
    const count = ahead === -1 ? most : Math.min(most, ahead);
    return { letters: this.#letters.splice(0, count), behind: ahead === 0 };
  }
}

/** Whether a command goes before everything else: Stop never waits behind a long spool. */
function isUrgent(command: Command): boolean {
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
