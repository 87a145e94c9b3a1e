import { Command } from 'commander';
import { actWith } from './act.ts';
import { version } from '../app/version.ts';
import { addAgents } from './commands/agents.ts';
import { addDecideCommands } from './commands/decide.ts';
import { addDoctor } from './commands/doctor.ts';
import { addDriveCommands } from './commands/drive.ts';
import { addRawCommand } from './commands/raw.ts';
import { addRun } from './commands/run.ts';
import { addServerCommands } from './commands/server.ts';
import { addSessionCommands } from './commands/sessions.ts';
import { addUp } from './commands/up.ts';
import { reportFailure } from './failure.ts';
import type { Io } from './io.ts';

/** Runs a command line (without program and script) and answers its exit code. */
export async function runProgram(words: readonly string[], io: Io): Promise<number> {
  let exitCode = 0;
  const program = buildProgram(io, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync([...words], { from: 'user' });
    return exitCode;
  } catch (error) {
    return reportFailure(error, io);
  }
}

function buildProgram(io: Io, finished: (exitCode: number) => void): Command {
  const program = new Command('turnkeep')
    .description('Sessions of coding agents that lose no turn.')
    .version(
      `turnkeep ${version} (Node ${process.versions.node})`,
      '-V, --version',
      'print the versions',
    )
    .option('--state <dir>', 'state directory of the daemon (TURNKEEP_STATE)')
    .option('--url <url>', 'where the daemon listens (TURNKEEP_URL)')
    .option('--token-file <file>', 'file with the token (TURNKEEP_TOKEN_FILE)')
    .option('--no-color', 'no colours (NO_COLOR)')
    .configureOutput({ writeOut: io.out, writeErr: io.err })
    .exitOverride()
    .showHelpAfterError('(--help shows what there is)');
  const act = actWith(io, finished);
  addUp(program, act);
  addRun(program, act);
  addSessionCommands(program, act);
  addRawCommand(program, act);
  addDriveCommands(program, act);
  addDecideCommands(program, act);
  addAgents(program, act);
  addServerCommands(program, act);
  addDoctor(program, act);
  return program;
}
