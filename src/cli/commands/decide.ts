import type { Command } from 'commander';
import type { Client } from '../../client/client.ts';
import type { EntryOf } from '../../domain/entry.ts';
import type { Rule } from '../../domain/policy.ts';
import { refuse } from '../../domain/refusal.ts';
import type { InputOf, OutputOf } from '../../protocol/operations.ts';
import type { Act } from '../act.ts';
import { answer } from '../answer.ts';
import { cleanAll } from '../clean.ts';
import { type Common, findSession, withClient } from '../connect.ts';
import { editInput, readJson } from '../decision.ts';
import { type Io, lookOf } from '../io.ts';
import { collect, given } from '../pairs.ts';
import { renderApproval } from '../render/approval.ts';
import { answerContent, renderQuestion } from '../render/question.ts';
import { ruleText } from '../render/rule.ts';
import { ruleOf } from '../rule-list.ts';
import { sessionText } from './sessions.ts';

interface DecideOptions extends Common {
  option?: string;
  answer?: string;
  message?: string;
  input?: string;
  edit?: boolean;
  forSession?: boolean;
  forDirectory?: boolean;
  rule?: string[];
  json?: boolean;
}
type Question = EntryOf<'approval'> | EntryOf<'question'>;

export function addDecideCommands(program: Command, act: Act): void {
  const add = (verdict: 'allow' | 'deny', command: Command) =>
    command
      .argument('<session>', sessionText)
      .argument('[approval]', 'id of the approval; not needed where only one is open')
      .option('--option <id>', "one of the agent's own options, by id or number")
      .option('--json', 'print JSON')
      .action(
        act((io: Io, options: DecideOptions, name: string, approval: string | undefined) =>
          decide(io, options, { name, approval, verdict }),
        ),
      );
  add('allow', program.command('approve'))
    .description('Allow what an agent asks to do, or answer its question.')
    .option('--answer <text>', 'answer to a question; that of a form as JSON')
    .option('--input <json>', 'what the tool is to work with instead; JSON or @FILE')
    .option('--edit', 'the same, in your editor')
    .option('--for-session', 'and from now on in this session')
    .option('--for-directory', 'and from now on in its directory')
    .option('--rule <rule>', 'what to allow from now on; default: just this', collect);
  add('deny', program.command('deny'))
    .description('Deny what an agent asks to do.')
    .option('--message <text>', 'a word to the agent');
}

interface Asked {
  name: string;
  approval: string | undefined;
  verdict: 'allow' | 'deny';
}

function decide(io: Io, options: DecideOptions, asked: Asked): Promise<number> {
  return withClient(io, options, async (client) => {
    const session = await findSession(client, asked.name);
    const open = await openQuestions(client, session.id);
    const one = choose(open, asked.approval);
    if (one === null) {
      const look = lookOf(io, options);
      for (const each of open) {
        const lines =
          each.kind === 'approval'
            ? renderApproval(cleanAll(each), look)
            : renderQuestion(cleanAll(each), look);
        io.out(`${each.id}\n${lines.join('\n')}\n`);
      }
      throw refuse('invalid', `${open.length} questions are open: name one of the ids above.`);
    }
    const choice = choiceOf(session.id, one, { options, asked });
    const more = asked.verdict === 'allow' ? await moreOf(io, options, one) : {};
    const value = await client.approvals.decide({ ...choice, ...more });
    answer(io, options, { value, lines: decidedLines(value) });
    if (value.told === false) io.err('This agent does not hear the message.\n');
    return 0;
  });
}

async function openQuestions(client: Client, session: string): Promise<Question[]> {
  const { approvals } = await client.approvals.list({ session });
  return approvals.map(({ entry }) => entry as Question);
}

function decidedLines({ outcome, remembered }: OutputOf<'approvals.decide'>): string[] {
  const rules = (remembered?.rules ?? []) as Rule[];
  return [
    outcome,
    ...rules.map((rule) => `from now on, in this ${remembered?.level}: allow ${ruleText(rule)}`),
  ];
}

/** What is allowed beside the choice: other input, and rules for the time to come. */
async function moreOf(
  io: Io,
  options: DecideOptions,
  question: Question,
): Promise<Pick<InputOf<'approvals.decide'>, 'input' | 'remember' | 'rules'>> {
  const { forSession, forDirectory, rule } = options;
  if (forSession === true && forDirectory === true) {
    throw refuse('invalid', 'Give --for-session or --for-directory, not both.');
  }
  if (options.edit === true && options.input !== undefined) {
    throw refuse('invalid', 'Give --edit or --input, not both.');
  }
  const input = options.input === undefined ? undefined : readJson(io, options.input, '--input');
  const other =
    options.edit === true && question.kind === 'approval'
      ? await editInput(io, question.data)
      : input;
  const remember =
    forSession === true ? 'session' : forDirectory === true ? 'directory' : undefined;
  return given({ input: other, remember, rules: rule?.map(ruleOf) });
}

/** The question that is meant; null where several could be. */
function choose(open: readonly Question[], named: string | undefined): Question | null {
  const meant = named === undefined ? open : open.filter((one) => one.id.startsWith(named));
  if (meant.length === 0) {
    const what =
      named === undefined ? 'No approval is open' : `No open approval begins with ${named}`;
    throw refuse(
      'not_found',
      `${what} in this session; \`turnkeep ls\` marks those that wait with ?.`,
    );
  }
  return meant.length === 1 ? meant[0]! : null;
}

function choiceOf(
  session: string,
  question: Question,
  { options, asked }: { options: DecideOptions; asked: Asked },
): InputOf<'approvals.decide'> {
  const message = options.message === undefined ? {} : { message: options.message };
  const input = { session, approval: question.id, ...message };
  if (question.kind === 'question') {
    if (asked.verdict === 'deny') return { ...input, verdict: 'deny' };
    const text = options.answer ?? options.option;
    if (text === undefined)
      throw refuse('invalid', 'This is a question: answer it with --answer TEXT.');
    return { ...input, answer: answerContent(text, question.data.schema) };
  }
  if (options.option === undefined) return { ...input, verdict: asked.verdict };
  const byNumber = question.data.options[Number(options.option) - 1];
  const byId = question.data.options.find((one) => one.id === options.option);
  return { ...input, option: (byId ?? byNumber)?.id ?? options.option };
}
