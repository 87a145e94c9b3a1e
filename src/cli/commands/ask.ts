import path from 'node:path';
import { type Command, Option } from 'commander';
import { newId } from '../../client/new-id.ts';
import type { Json } from '../../domain/json.ts';
import { refuse } from '../../domain/refusal.ts';
import type { InputOf } from '../../protocol/operations.ts';
import { toolKinds } from '../../protocol/policy.ts';
import { answerSchema, answerText } from '../../mcp/ask.ts';
import { type Asked, askPerson, type Decided } from '../../mcp/asking.ts';
import type { Act } from '../act.ts';
import { answer } from '../answer.ts';
import { clean } from '../clean.ts';
import { type Common, findSession, withClient } from '../connect.ts';
import { readJson } from '../decision.ts';
import { duration } from '../duration.ts';
import { insideSession } from '../inside.ts';
import type { Io } from '../io.ts';
import { collect, given } from '../pairs.ts';

interface AskOptions extends Common {
  session?: string;
  command?: string;
  read?: string[];
  write?: string[];
  tool?: string;
  kind?: (typeof toolKinds)[number];
  question?: boolean;
  choice?: string[];
  schema?: string;
  wait?: string;
  id?: string;
  json?: boolean;
}
type Wants = NonNullable<InputOf<'approvals.request'>['wants']>;

export function addAsk(program: Command, act: Act): void {
  program
    .command('ask')
    .description('Ask the person of this session whether something may be done, or a question.')
    .argument('<text>', 'what is asked')
    .option('--command <command>', 'what a shell is to run, for the policy and to be seen')
    .option('--read <file>', 'a file that is to be read; may be given more than once', collect)
    .option('--write <file>', 'a file that is to be written; may be given more than once', collect)
    .option('--tool <name>', 'a name for what asks, for the policy')
    .addOption(new Option('--kind <kind>', 'of which kind it is').choices(toolKinds))
    .option('--question', 'a question: its answer is printed')
    .option('--choice <text>', 'an answer that there is; may be given more than once', collect)
    .option('--schema <json>', 'JSON schema of the answer, or @FILE')
    .option('--wait <time>', 'at most so long: 90s, 15m, 2h; 0 does not wait (default: for ever)')
    .option('--id <id>', 'asked again with it, it is the same question')
    .option('--session <session>', 'which session (default: the one that it runs in)')
    .option('--json', 'print JSON')
    .action(act(ask));
}

/** Exit codes beside those of refusals: 1 for no, 3 where nobody has answered yet. */
const notYet = 3;

function ask(io: Io, options: AskOptions, text: string): Promise<number> {
  const asked = askedOf(io, options, text);
  const { wait } = options;
  const until = wait === undefined ? {} : { until: io.now() + duration(wait, '--wait') };
  return withClient(io, options, async (client) => {
    const named = options.session;
    const session =
      named === undefined ? insideSession(io, options) : (await findSession(client, named)).id;
    if (session === null) {
      throw refuse('invalid', 'This is not inside a session: name one with --session.');
    }
    const decision = await askPerson(client, { session, ...asked }, until);
    const value = { session, id: asked.id, decision };
    answer(io, options, { value, lines: decision === null ? [] : decidedLines(decision) });
    return codeOf(io, asked.id, decision);
  });
}

function askedOf(io: Io, options: AskOptions, text: string): Omit<Asked, 'session'> {
  const { choice, schema, question } = options;
  const id = options.id ?? newId();
  const wants = wantsOf(io, options);
  if (question !== true && choice === undefined && schema === undefined) {
    return { id, title: text, ...given({ wants }) };
  }
  if (wants !== undefined) {
    throw refuse(
      'invalid',
      'A question has an answer; what is to be done goes without --question.',
    );
  }
  if (choice !== undefined && schema !== undefined) {
    throw refuse('invalid', 'Give --choice or --schema, not both.');
  }
  const wanted: Json | undefined =
    schema === undefined ? undefined : readJson(io, schema, '--schema');
  return { id, message: text, ...given({ schema: choice ? answerSchema(choice) : wanted }) };
}

function wantsOf(io: Io, options: AskOptions): Wants | undefined {
  const { command, read, write, tool, kind } = options;
  const files = [...(read ?? []), ...(write ?? [])];
  const what = [command, read, write].filter((one) => one !== undefined).length;
  if (what > 1) throw refuse('invalid', 'Give one of --command, --read and --write.');
  if (what === 0 && tool === undefined && kind === undefined) return undefined;
  const usual = command !== undefined ? 'execute' : write !== undefined ? 'edit' : 'read';
  return {
    kind: kind ?? (what === 0 ? 'other' : usual),
    locations: files.map((file) => path.resolve(io.cwd, file)),
    cwd: io.cwd,
    ...given({ tool, command }),
  };
}

function decidedLines({ outcome, message, reason, input, content }: Decided): string[] {
  if (outcome === 'answered') return [clean(answerText(content))];
  const why = message ?? reason;
  return [
    why === undefined ? outcome : `${outcome}: ${clean(why)}`,
    ...(input === undefined ? [] : [clean(JSON.stringify(input))]),
  ];
}

function codeOf(io: Io, id: string, decision: Decided | null): number {
  switch (decision?.outcome) {
    case undefined:
      io.err(`Nobody has answered yet. Ask again with --id ${id}\n`);
      return notYet;
    case 'allowed':
    case 'answered':
      return 0;
    case 'denied':
    case 'declined':
      return 1;
    case 'withdrawn':
      throw refuse('conflict', 'The question was withdrawn: the run has ended.');
  }
}
