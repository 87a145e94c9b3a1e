import type { Client } from '../client/client.ts';
import type { Entry, EntryOf } from '../domain/entry.ts';
import type { Rule } from '../domain/policy.ts';
import { RefusalError } from '../domain/refusal.ts';
import type { InputOf } from '../protocol/operations.ts';
import { cleanAll } from './clean.ts';
import { editInput } from './decision.ts';
import type { Io } from './io.ts';
import { readKey, readLine } from './keys.ts';
import { optionOfKey } from './render/approval.ts';
import { answerContent, choicesOf } from './render/question.ts';
import { isRuled } from './render/policy.ts';
import { ruleText } from './render/rule.ts';
import { ruleOf } from './rule-list.ts';
import type { View } from './view.ts';

export interface AskerPorts {
  client: Client;
  session: string;
  view: View;
  io: Io;
  /** Ctrl-C was pressed while a question waited for its key; resolves when it is known what that meant. */
  onInterrupt: () => Promise<void>;
}

type Approval = EntryOf<'approval'>;
type Question = Approval | EntryOf<'question'>;
/** What is left to say of a decision; none where nothing was decided. */
type Decision = Omit<InputOf<'approvals.decide'>, 'session' | 'approval'> | null;
type Level = 'session' | 'directory';

const interrupt = '\u0003';

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
      if (entry.kind === 'approval' && isRuled(entry.data)) return;
      // As it came: what a person edits of it goes back.
      if (!this.knows(entry.id)) this.#waiting.push(entry);
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
      while (!(await this.#ask(question, abort.signal)));
    } catch (error) {
      // Aborted: somebody else decided. What else goes wrong is told.
      if (error instanceof RefusalError) this.#ports.view.note(error.message);
    } finally {
      this.#now = null;
      void this.#askNext();
    }
  }

  /** Whether it is over: decided, here or elsewhere. */
  async #ask(question: Question, signal: AbortSignal): Promise<boolean> {
    const { client, session, view } = this.#ports;
    try {
      const decision = await (question.kind === 'approval'
        ? this.#askApproval(question, signal)
        : this.#askQuestion(question, signal));
      if (signal.aborted) return true;
      if (decision === null) return false;
      const { told } = await client.call('approvals.decide', {
        session,
        approval: question.id,
        ...decision,
      });
      if (told === false) view.note('  The agent does not hear the message.');
      return true;
    } catch (error) {
      const again = error instanceof RefusalError && retried.has(error.refusal.code);
      if (!again || signal.aborted) throw error;
      view.note(`  ${error.message}`);
      return false;
    }
  }

  async #askApproval(question: Approval, signal: AbortSignal): Promise<Decision> {
    const { view, io, onInterrupt } = this.#ports;
    const rules = await this.#rulesFor(question);
    if (signal.aborted) return null;
    view.note(keysText(question, rules));
    for (;;) {
      const key = await readKey(io, signal);
      const option = optionOfKey(key, question.data.options);
      if (key === interrupt) {
        await onInterrupt();
        return null;
      }
      if (key === 'y' || key === 'n') {
        return option === undefined
          ? { verdict: key === 'y' ? 'allow' : 'deny' }
          : { option: option.id };
      }
      if (option !== undefined) return { option: option.id };
      if (key === 's') return this.#remember('session', rules, signal);
      if (key === 'd') return this.#remember('directory', rules, signal);
      if (key === 'e') return { verdict: 'allow', input: await editInput(io, question.data) };
      if (key === 'm') return this.#denyWith(signal);
    }
  }

  /** Rules that would allow just this; none where it is not known, or no rule can. */
  async #rulesFor({ id }: Approval): Promise<readonly Rule[]> {
    const { client, session } = this.#ports;
    const { approvals } = await client.approvals.list({ session, rules: true });
    return (approvals.find(({ entry }) => entry.id === id)?.rules ?? []) as Rule[];
  }

  /** Shows the rules before they are made; another one may be written instead. */
  async #remember(level: Level, rules: readonly Rule[], signal: AbortSignal): Promise<Decision> {
    const { view, io } = this.#ports;
    const where = level === 'session' ? 'in this session' : 'in this directory';
    for (const rule of rules) view.note(`  from now on, ${where}: allow ${ruleText(rule)}`);
    const [make, other] = ['Enter makes it so', 'w writes another rule'];
    if (rules.length === 0) view.note('  No rule can allow just this.');
    view.note(
      `  ${[...(rules.length === 0 ? [] : [make]), other].join(' · ')} · other keys go back`,
    );
    const key = await readKey(io, signal);
    if (key === '\r' && rules.length > 0) {
      return { verdict: 'allow', remember: level, rules: [...rules] };
    }
    if (key !== 'w') return null;
    const line = await readLine(io, '  allow: ', signal);
    if (line === null || line.trim() === '') return null;
    return { verdict: 'allow', remember: level, rules: [ruleOf(line.trim())] };
  }

  async #denyWith(signal: AbortSignal): Promise<Decision> {
    const message = await readLine(this.#ports.io, '  what to tell the agent: ', signal);
    if (message === null || message.trim() === '') return null;
    return { verdict: 'deny', message };
  }

  async #askQuestion({ data }: EntryOf<'question'>, signal: AbortSignal): Promise<Decision> {
    const { io, onInterrupt } = this.#ports;
    const schema = cleanAll(data.schema);
    const line = await readLine(io, '  answer: ', signal);
    if (signal.aborted) return null;
    if (line === null) {
      await onInterrupt();
      return null;
    }
    const chosen = choicesOf(schema)[Number(line) - 1] ?? line;
    return { answer: answerContent(chosen, schema) };
  }
}

/** Refusals after which the same question is asked again. */
const retried: ReadonlySet<string> = new Set([
  'invalid',
  'unsupported',
  'too_large',
  'unavailable',
]);

/** The keys of a question, in lines that fit a terminal of 80 columns. */
function keysText({ data: { options } }: Approval, rules: readonly Rule[]): string {
  const always = options.some(({ kind }) => kind === 'allow_always')
    ? ' · a always (the agent’s own)'
    : '';
  const lines = [
    '  y allow once · n deny · m deny with a message · e edit it first',
    `  or a number${always}`,
  ];
  if (rules.length > 0) {
    const texts = rules.map(ruleText).join('; ');
    lines.push(`  from now on, s in this session · d in this directory: ${texts}`);
  }
  return lines.join('\n');
}
