import { Argument, type Command } from 'commander';
import { refuse } from '../../domain/refusal.ts';
import type { InputOf } from '../../protocol/operations.ts';
import type { Act } from '../act.ts';
import { answer } from '../answer.ts';
import { type Common, findSession, withClient } from '../connect.ts';
import { duration } from '../duration.ts';
import type { Io } from '../io.ts';
import { bypassText } from '../render/policy.ts';
import { sessionText } from './sessions.ts';

type Change = NonNullable<InputOf<'sessions.patch'>['policy']>;

interface SwitchOptions extends Common {
  end?: boolean;
  json?: boolean;
}

/** Commands that change what a session is asked about beside its rules. */
export function addPolicyOfSession(policy: Command, act: Act): void {
  policy
    .command('bypass')
    .description('Ask nothing for a time; rules that deny or ask hold on.')
    .argument('<session>', sessionText)
    .argument('[time]', 'for how long: 90s, 15m, 2h, at most 24h')
    .option('--end', 'ask again from now on')
    .option('--json', 'print JSON')
    .action(act(bypass));
  policy
    .command('accept-edits')
    .description('Whether files in the directory of a session are changed unasked.')
    .argument('<session>', sessionText)
    .addArgument(new Argument('<state>', 'on or off').choices(['on', 'off']))
    .option('--json', 'print JSON')
    .action(act(acceptEdits));
  policy
    .command('answer-within')
    .description('Deny what nobody answers for so long; 0 waits for ever.')
    .argument('<session>', sessionText)
    .argument('<time>', '90s, 15m, 2h, 1d, or 0')
    .option('--json', 'print JSON')
    .action(act(answerWithin));
}

function change(
  io: Io,
  options: SwitchOptions,
  { name, policy, line }: { name: string; policy: Change; line: string },
): Promise<number> {
  return withClient(io, options, async (client) => {
    const { id } = await findSession(client, name);
    await client.sessions.patch({ session: id, policy });
    const { session } = await client.policy.get({ session: id });
    const until = bypassText(session?.bypassUntil ?? null, io.now());
    const bypassed = policy.bypassMs !== undefined && until !== null;
    const lines = bypassed ? [until, `\`turnkeep policy bypass ${id} --end\` ends it.`] : [line];
    answer(io, options, { value: { session: id, policy: session }, lines });
    return 0;
  });
}

function bypass(
  io: Io,
  options: SwitchOptions,
  name: string,
  time: string | undefined,
): Promise<number> {
  if ((time === undefined) === (options.end !== true)) {
    throw refuse('invalid', 'Give a time such as 10m, or --end.');
  }
  const bypassMs = time === undefined ? null : duration(time, 'The time');
  return change(io, options, {
    name,
    policy: { bypassMs },
    line: 'what no rule decides is asked about',
  });
}

function acceptEdits(
  io: Io,
  options: SwitchOptions,
  name: string,
  state: 'on' | 'off',
): Promise<number> {
  const autoAcceptEdits = state === 'on';
  const line = autoAcceptEdits ? 'edits are accepted' : 'edits are asked about';
  return change(io, options, { name, policy: { autoAcceptEdits }, line });
}

function answerWithin(io: Io, options: SwitchOptions, name: string, time: string): Promise<number> {
  const ms = duration(time, 'The time');
  const answerMs = ms === 0 ? null : ms;
  const line = answerMs === null ? 'questions wait for ever' : `denied after ${time}`;
  return change(io, options, { name, policy: { answerMs }, line });
}
