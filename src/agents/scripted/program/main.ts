#!/usr/bin/env node
// scripted: an agent without a model that speaks the Agent Client Protocol on stdio.
// Plain code on purpose, without the protocol's SDK: it must also be able to get things wrong.
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { Agent } from './agent.ts';
import { RunningCommands } from './command.ts';
import { Connection } from './connection.ts';
import { openMemory } from './memory.ts';
import { Misconduct } from './misconduct.ts';
import { Output } from './output.ts';
import { readSwitches } from './switches.ts';
import type { Switches } from './switches.ts';

const signals = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

async function main(switches: Switches): Promise<void> {
  if (switches.failStart) {
    process.stderr.write('scripted: told to fail at the start\n');
    process.exitCode = 3;
    return;
  }
  await setTimeout(switches.delayStartMs);

  const output = new Output();
  const connection = new Connection(output);
  const commands = new RunningCommands();
  const exit = async (code: number): Promise<never> => {
    commands.killAll();
    await output.drained();
    process.exit(code);
  };
  const misconduct = new Misconduct({ connection, output, commands, exit });
  for (const name of switches.misbehave) misconduct.beginWithProcess(name);
  for (const [signal, code] of Object.entries(signals)) {
    process.on(signal, () => {
      if (!misconduct.ignoresTerm) void exit(code);
    });
  }
  const memory = openMemory(switches.store);
  const agent = new Agent({ switches, connection, output, memory, commands, misconduct, exit });
  connection.listen(agent, () => void exit(0));
}

try {
  await main(readSwitches(process.argv.slice(2)));
} catch (error) {
  process.stderr.write(`scripted: ${(error as Error).message}\n`);
  process.exitCode = 2;
}
