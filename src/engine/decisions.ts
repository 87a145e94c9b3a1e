import type { Send } from '../domain/command.ts';
import type { Entry } from '../domain/entry.ts';
import type { Verdict } from '../ports/store.ts';
import type { Batch } from './batch.ts';
import { knownPart } from './known.ts';
import { type Letter, type Outcome, promptOf } from './mailbox.ts';
import type { PromptContents } from './prompt-contents.ts';
import { refuseLetters } from './turn-refusal.ts';

export interface DecisionContext {
  contents: PromptContents;
  /** An entry of the log; undefined for none. */
  entryOf: (id: string) => Promise<Entry | undefined>;
  /** What was stored may not be what was sent: an id alone says that it is the same. */
  withholds: boolean;
}

interface Decided {
  letter: Letter;
  answer: Outcome['answer'];
  known: ReadonlyMap<string, number>;
}

/** The commands of one batch: decided one after another, and told their fate when it is committed. */
export class Decisions {
  readonly #batch: Batch;
  readonly #context: DecisionContext;
  readonly #before: number;
  readonly #decided: Decided[] = [];
  // A refusal may name what is only about to be stored, so it too waits for the commit.
  readonly #refused: { letter: Letter; error: unknown }[] = [];
  /** What is only about to be stored, by id; prompts with what they say. */
  readonly #inBatch = new Map<string, Send | null>();

  constructor(batch: Batch, context: DecisionContext, lastSeq: number) {
    this.#batch = batch;
    this.#context = context;
    this.#before = lastSeq;
  }

  async add(letter: Letter): Promise<void> {
    try {
      await this.#decide(letter);
    } catch (error) {
      this.#refused.push({ letter, error });
    }
  }

  async #decide(letter: Letter): Promise<void> {
    const log = { ...this.#context, here: (id: string) => this.#entryHere(id) };
    const { seqs: known, rest } = await knownPart(letter, this.#inBatch, log);
    if (rest === null) {
      const { command } = letter;
      const done = { type: 'done' } as const;
      const answer =
        command.type === 'send' ? ({ type: 'duplicate', entry: command.id } as const) : done;
      this.#decided.push({ letter, known, answer });
      return;
    }
    if (letter.primer !== undefined) this.#context.contents.addPrimer(letter.primer);
    const prompt = promptOf(rest);
    if (prompt !== undefined) {
      const whole = letter.whole ?? prompt.content;
      this.#context.contents.add(prompt.id, { stored: prompt.content, whole });
    }
    const { by, whole, secrets, blobs } = letter;
    const answer = this.#batch.command(rest, by, { whole, secrets, blobs });
    // Only now: what was refused is not about to be stored.
    if (prompt !== undefined) this.#inBatch.set(prompt.id, prompt);
    if (rest.type === 'ask_outside') this.#inBatch.set(rest.id, null);
    if (rest.type === 'append') for (const { id } of rest.entries) this.#inBatch.set(id, null);
    if (rest.type === 'append_lines') for (const { id } of rest.lines) this.#inBatch.set(id, null);
    this.#decided.push({ letter, known, answer });
  }

  #entryHere(id: string): Entry | undefined {
    const { entries } = this.#batch;
    const at = entries.findLastIndex(({ entry }) => entry.id === id);
    const found = entries[at];
    return found && { ...found.entry, seq: this.#before + at + 1, digest: found.digest };
  }

  /** Tells the callers; null where there was nothing to store. */
  settle(verdict: Verdict | null): void {
    if (verdict !== null && verdict.status !== 'stored') {
      return refuseLetters([...this.#decided, ...this.#refused], verdict);
    }
    for (const { letter, error } of this.#refused) letter.reject(error);
    const { entries, state } = this.#batch;
    const seqs = new Map(entries.map(({ entry }, at) => [entry.id, this.#before + at + 1]));
    for (const { letter, answer, known } of this.#decided) {
      const seqOf = (entry: string): number => known.get(entry) ?? seqs.get(entry) ?? 0;
      letter.resolve({ answer, seqOf, state, duplicates: [...known.keys()] });
    }
  }
}
