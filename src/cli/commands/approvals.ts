import type { Command } from 'commander';
import type { Client } from '../../client/client.ts';
import type { EntryOf } from '../../domain/entry.ts';
import type { Rule } from '../../domain/policy.ts';
import { operations, type OutputOf } from '../../protocol/operations.ts';
import type { Act } from '../act.ts';
import { cleanAll, jsonLine, oneLine } from '../clean.ts';
import { type Common, findSession, withClient } from '../connect.ts';
import { type Io, lookOf } from '../io.ts';
import { renderApproval } from '../render/approval.ts';
import { renderQuestion } from '../render/question.ts';
import type { Look } from '../render/look.ts';
import { renderAge } from '../render/measure.ts';
import { ruleText } from '../render/rule.ts';
import { sessionText } from './sessions.ts';

interface ApprovalsOptions extends Common {
  json?: boolean;
}
type Open = OutputOf<'approvals.list'>['approvals'][number];

const atMost = 200;

export function addApprovals(program: Command, act: Act): void {
  program
    .command('approvals')
    .description(operations['approvals.list'].summary)
    .argument('[session]', sessionText)
    .option('--json', 'print JSON, one line for each')
    .action(act(approvals));
}

/** All that waits for a person, each with all that would be done. */
function approvals(io: Io, options: ApprovalsOptions, name: string | undefined): Promise<number> {
  return withClient(io, options, async (client) => {
    const session = name === undefined ? {} : { session: (await findSession(client, name)).id };
    const answer = await client.approvals.list({ ...session, limit: atMost, rules: true });
    const open = answer.approvals;
    if (options.json === true) {
      for (const one of open) io.out(`${jsonLine(one)}\n`);
    } else {
      const look = lookOf(io, options);
      for (const [id, ofSession] of Map.groupBy(open, (one) => one.session)) {
        const lines = [await headLine(client, id, look)];
        for (const one of ofSession) lines.push(...openLines(one, look, io.now()));
        io.out(`${lines.join('\n')}\n`);
      }
      if (open.length === 0) io.err('Nothing waits for an answer.\n');
    }
    if (open.length === atMost) io.err(`These are the first ${atMost}; there may be more.\n`);
    return 0;
  });
}

async function headLine(client: Client, session: string, { style }: Look): Promise<string> {
  const { title, key, agent, cwd } = (await client.sessions.get({ session })).session;
  const name = oneLine(title ?? key ?? session);
  return `${style.bold(name)}  ${style.dim(`${session} · ${oneLine(agent)} in ${oneLine(cwd)}`)}`;
}

function openLines({ entry, rules }: Open, look: Look, now: number): string[] {
  const question = cleanAll(entry) as EntryOf<'approval'> | EntryOf<'question'>;
  const shown =
    question.kind === 'approval'
      ? renderApproval(question, look, { whole: true })
      : renderQuestion(question, look);
  const [first, ...rest] = shown;
  const { dim } = look.style;
  const remembered = (rules ?? []).map((rule) => ruleText(rule as Rule)).join('; ');
  const age = dim(`${question.id} · ${renderAge(question.at, now)}`);
  return [
    `  ${first}  ${age}`,
    ...rest.map((line) => `  ${line}`),
    ...(remembered === ''
      ? []
      : [dim(`      --for-session or --for-directory allows ${remembered}`)]),
  ];
}
