import { Command } from 'commander';
import { actWith } from './act.ts';
import { version } from '../app/version.ts';
import { addAcp } from './commands/acp.ts';
import { addAgents } from './commands/agents.ts';
import { addAppend } from './commands/append.ts';
import { addApprovals } from './commands/approvals.ts';
import { addAsk } from './commands/ask.ts';
import { addBudget } from './commands/budget.ts';
import { addCompletion } from './commands/completion.ts';
import { addConsole } from './commands/console.ts';
import { addDecideCommands } from './commands/decide.ts';
import { addDoctor } from './commands/doctor.ts';
import { addDriveCommands } from './commands/drive.ts';
import { addExport } from './commands/export.ts';
import { addFiles } from './commands/files.ts';
import { addHooks } from './commands/hooks.ts';
import { addImport } from './commands/import.ts';
import { addOpenApi } from './commands/openapi.ts';
import { addLife } from './commands/life.ts';
import { addList } from './commands/list.ts';
import { addMcp } from './commands/mcp.ts';
import { addNew } from './commands/new.ts';
import { addPolicy } from './commands/policy.ts';
import { addPrices } from './commands/prices.ts';
import { addPreview } from './commands/preview.ts';
import { addQueue } from './commands/queue.ts';
import { addRawCommand } from './commands/raw.ts';
import { addRun } from './commands/run.ts';
import { addRuns } from './commands/runs.ts';
import { addServerCommands } from './commands/server.ts';
import { addSessionCommands } from './commands/sessions.ts';
import { addTakeover } from './commands/takeover.ts';
import { addSet } from './commands/set.ts';
import { addSnapshots } from './commands/snapshots.ts';
import { addTeleport } from './commands/teleport.ts';
import { addUp } from './commands/up.ts';
import { addUsage } from './commands/usage.ts';
import { examples } from './examples.ts';
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

/** The program with all its commands; `finished` gets the exit code of the one that has run. */
export function buildProgram(io: Io, finished: (exitCode: number) => void): Command {
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
    .configureOutput({
      writeOut: io.out,
      writeErr: io.err,
      outputError: (text, write) => write(text.replace(/^error: /, 'turnkeep: ')),
      getOutHelpWidth: () => io.columns,
      getErrHelpWidth: () => io.columns,
    })
    .configureHelp({ subcommandTerm: termOf })
    .exitOverride()
    .showHelpAfterError('(--help shows what there is)');
  const act = actWith(io, finished);
  program.commandsGroup('Work with an agent:');
  addRun(program, act);
  addDriveCommands(program, act);
  addApprovals(program, act);
  addDecideCommands(program, act);
  program.commandsGroup('Look:');
  addList(program, act);
  addSessionCommands(program, act);
  addPreview(program, act);
  addRuns(program, act);
  addSnapshots(program, act);
  addFiles(program, act);
  addUsage(program, act);
  addBudget(program, act);
  addPrices(program, act);
  addRawCommand(program, act);
  addExport(program, act);
  addImport(program, act);
  program.commandsGroup('Sessions:');
  addNew(program, act);
  addSet(program, act);
  addQueue(program, act);
  addLife(program, act);
  addAppend(program, act);
  addTakeover(program, act);
  addTeleport(program, act);
  addPolicy(program, act);
  program.commandsGroup('Inside a session:');
  addAsk(program, act);
  addMcp(program, act);
  program.commandsGroup('For editors:');
  addAcp(program, act);
  program.commandsGroup('The daemon:');
  addUp(program, act);
  addConsole(program, act);
  addAgents(program, act);
  addServerCommands(program, act);
  addHooks(program, act);
  addDoctor(program, act);
  addOpenApi(program, act);
  addCompletion(program, act);
  program.helpCommand(true);
  for (const command of program.commands) addExamples(command, command.name());
  return program;
}

/** A command as the list of commands has it: that there are options goes without saying. */
function termOf(command: Command): string {
  const places = command.registeredArguments.map((one) => {
    const name = `${one.name()}${one.variadic ? '…' : ''}`;
    return one.required ? `<${name}>` : `[${name}]`;
  });
  return [command.name(), ...places].join(' ');
}

function addExamples(command: Command, name: string): void {
  const shown = examples[name];
  if (shown !== undefined) {
    command.addHelpText('after', `\nExamples:\n${shown.map((line) => `  ${line}\n`).join('')}`);
  }
  for (const below of command.commands) addExamples(below, `${name} ${below.name()}`);
}
