import type { Command } from 'commander';
import type { Client } from '../../client/client.ts';
import { operations, type OutputOf } from '../../protocol/operations.ts';
import type { Act } from '../act.ts';
import { jsonLine, oneLine } from '../clean.ts';
import { type Common, findSession, withClient } from '../connect.ts';
import { followSession } from '../follow.ts';
import { type Io, lookOf } from '../io.ts';
import { readAll } from '../keys.ts';
import { renderShutRuns } from '../render/shut-runs.ts';
import { heldText } from './queue.ts';
import { sessionText } from './sessions.ts';

interface SendOptions extends Common {
  interrupt?: boolean;
  steer?: boolean;
  /** Interrupt where the agent cannot be steered. */
  interruptIfNeeded?: boolean;
  wait?: boolean;
  json?: boolean;
}
interface AbortOptions extends Common {
  force?: boolean;
  wait?: boolean;
  withdraw?: boolean;
  json?: boolean;
}

export function addDriveCommands(program: Command, act: Act): void {
  program
    .command('send')
    .description(operations['sessions.send'].summary)
    .argument('<session>', sessionText)
    .argument('[text]', 'the prompt; read from stdin where that is piped')
    .option('--interrupt', 'abort the run first')
    .option('--steer', 'into the run, where the agent can')
    .option('--wait', 'show the run and end with it')
    .option('--json', 'print JSON')
    .action(act(send));
  program
    .command('steer')
    .description(operations['sessions.steer'].summary)
    .argument('<session>', sessionText)
    .argument('[text]', 'the prompt; read from stdin where that is piped')
    .option('--wait', 'show the run and end with it')
    .option('--json', 'print JSON')
    .action(
      act((io: Io, options: SendOptions, name: string, text: string | undefined) =>
        send(io, { ...options, steer: true, interruptIfNeeded: true }, name, text),
      ),
    );
  program
    .command('abort')
    .description(operations['sessions.abort'].summary)
    .argument('<session>', sessionText)
    .option('--force', 'kill at once, and print what was ended')
    .option('--wait', 'return when the run has really ended')
    .option('--withdraw', 'withdraw the prompts that wait, too')
    .option('--json', 'print JSON')
    .action(act(abort));
  program
    .command('stop')
    .description('End the daemon with all runs; with --detach the agents go on working.')
    .option('--detach', 'leave the agents working')
    .option('--json', 'print JSON')
    .action(act(stop));
}

function send(
  io: Io,
  options: SendOptions,
  name: string,
  text: string | undefined,
): Promise<number> {
  return withClient(io, options, async (client) => {
    const content = text ?? (await readAll(io));
    const session = await findSession(client, name);
    const sent = await give(client, { session: session.id, content }, options);
    if (options.wait !== true) {
      const place = sent.position === undefined ? '' : ` (position ${sent.position})`;
      io.out(options.json === true ? `${jsonLine(sent)}\n` : `${sent.state}${place}\n`);
      if (sent.state === 'queued' && (await isHeld(client, session.id))) {
        io.err(heldText(session.id));
      }
      return 0;
    }
    const { fate } = await followSession({
      client,
      session: session.id,
      after: sent.entry.seq - 1,
      io,
      look: lookOf(io, options),
      prompt: sent.entry.id,
      json: options.json === true,
    });
    return fate === 'completed' ? 0 : 1;
  });
}

async function isHeld(client: Client, session: string): Promise<boolean> {
  return (await client.queue.list({ session })).held;
}

function give(
  client: Client,
  prompt: { session: string; content: string },
  { interrupt, steer, interruptIfNeeded }: SendOptions,
): Promise<OutputOf<'sessions.send'>> {
  if (interruptIfNeeded === true) return client.sessions.steer(prompt);
  const delivery = interrupt === true ? 'interrupt' : steer === true ? 'steer' : 'queue';
  return client.sessions.send({ ...prompt, delivery });
}

const abortTexts: Record<OutputOf<'sessions.abort'>['status'], string> = {
  aborted: 'aborted',
  stopping: 'stopping',
  'no-active-run': 'Nothing is working there.',
};

function abort(io: Io, options: AbortOptions, name: string): Promise<number> {
  return withClient(io, options, async (client) => {
    const session = await findSession(client, name);
    const answer = await client.sessions.abort({
      session: session.id,
      force: options.force === true,
      wait: options.wait === true || options.force === true,
      queue: options.withdraw === true ? 'withdraw' : 'keep',
    });
    if (options.json === true) io.out(`${jsonLine(answer)}\n`);
    else {
      io.out(
        `${abortTexts[answer.status]}${answer.outcome === undefined ? '' : ` (${answer.outcome})`}\n`,
      );
      for (const one of answer.proof?.ended ?? []) {
        io.out(`  ${one.how} ${one.pid} ${oneLine(one.name)}\n`);
      }
      if (answer.proof?.gone === false) io.err('Not every process is gone.\n');
      if (answer.queued > 0)
        io.err(`${answer.queued} prompts wait until the next \`turnkeep send\`.\n`);
    }
    return answer.proof?.gone === false ? 1 : 0;
  });
}

interface StopOptions extends Common {
  detach?: boolean;
  json?: boolean;
}

function stop(io: Io, options: StopOptions): Promise<number> {
  return withClient(io, options, async (client) => {
    const mode = options.detach === true ? 'detach' : 'stop';
    const answer = await client.server.shutdown({ mode });
    if (options.json === true) io.out(`${jsonLine(answer)}\n`);
    else io.out(`${renderShutRuns(mode, answer.runs).join('\n')}\n`);
    return 0;
  });
}
