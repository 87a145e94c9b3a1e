import type { Client } from '../client/client.ts';
import type { Entry, EntryOf } from '../domain/entry.ts';
import { RefusalError } from '../domain/refusal.ts';
import { cleanAll } from './clean.ts';
import type { Io } from './io.ts';
import { readKey, readLine } from './keys.ts';
import { answerContent, choicesOf, optionOfKey } from './render/approval.ts';
import type { View } from './view.ts';

export interface AskerPorts {
  client: Client;
  session: string;
  view: View;
  io: Io;
  /** Ctrl-C was pressed while a question waited for its key. */
  onInterrupt(): void;
}

type Question = EntryOf<'approval'> | EntryOf<'question'>;

/** Asks the person at the terminal what the agent asks, one question after another. */
export class Asker {
  readonly #ports: AskerPorts;
  #waiting: Question[] = [];
  #now: { id: string; abort: AbortController } | null = null;

  constructor(ports: AskerPorts) {
    this.#ports = ports;
  }

  /** Takes note of an entry: a new question, or the end of one. */
  see(entry: Entry): void {
    if (entry.kind === 'approval' || entry.kind === 'question') {
      if (!this.knows(entry.id)) this.#waiting.push(cleanAll(entry) as Question);
      void this.#askNext();
    }
    if (entry.kind === 'decision' || entry.kind === 'answer') {
      this.#waiting = this.#waiting.filter((one) => one.id !== entry.about);
      if (this.#now?.id === entry.about) this.#now?.abort.abort();
    }
  }

  /** Whether a question is being asked, or will be. */
  knows(id: string): boolean {
    return this.#waiting.some((one) => one.id === id) || this.#now?.id === id;
  }

  close(): void {
    this.#waiting = [];
    this.#now?.abort.abort();
  }

  async #askNext(): Promise<void> {
    if (this.#now !== null) return;
    const question = this.#waiting.shift();
    if (question === undefined) return;
    const abort = new AbortController();
    this.#now = { id: question.id, abort };
    try {
      await (question.kind === 'approval'
        ? this.#askApproval(question, abort.signal)
        : this.#askQuestion(question, abort.signal));
    } catch (error) {
      // Aborted: somebody else decided. A refusal (already decided) is told.
      if (error instanceof RefusalError) this.#ports.view.note(error.message);
    } finally {
      this.#now = null;
      void this.#askNext();
    }
  }

  async #askApproval(question: EntryOf<'approval'>, signal: AbortSignal): Promise<void> {
    const { client, session, view, io } = this.#ports;
    const { options } = question.data;
    view.note('  y allow once · a always · n deny · or the number of an option');
    for (;;) {
      const key = await readKey(io, signal);
      if (key === '\u0003') return this.#ports.onInterrupt();
      const option = optionOfKey(key, options);
      const verdict = key === 'y' ? 'allow' : key === 'n' ? 'deny' : undefined;
      if (option === undefined && verdict === undefined) continue;
      const choice = option === undefined ? { verdict } : { option: option.id };
      await client.call('approvals.decide', {
        session,
        approval: question.id,
        ...(choice as { option: string }),
      });
      return;
    }
  }

  async #askQuestion(question: EntryOf<'question'>, signal: AbortSignal): Promise<void> {
    const { client, session, io } = this.#ports;
    const { schema } = question.data;
    const line = await readLine(io, '  answer: ', signal);
    if (signal.aborted) return;
    if (line === null) return this.#ports.onInterrupt();
    const chosen = choicesOf(schema)[Number(line) - 1] ?? line;
    const answer = answerContent(chosen, schema);
    await client.approvals.decide({ session, approval: question.id, answer });
  }
}
