import { realpathSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { inject } from 'vitest';

const absent = 'an-agent-that-nobody-has';

/** The program of the scripted agent, as it stands beside the command. */
function scripted(): string {
  // Installed, the command is a link to it.
  const main = realpathSync(inject('turnkeep'));
  const file = `main${path.extname(main)}`;
  return path.join(path.dirname(main), '..', 'agents', 'scripted', 'program', file);
}

/** Agents that are named in `agents.json`: the scripted program, of which no more is known than its protocol. */
export async function withAgents(home: string): Promise<void> {
  const state = path.join(home, 'state');
  await mkdir(state, { mode: 0o700 });
  const flawed = await program(home, 'flawed', [
    `if [ -e '${path.join(home, 'flaw')}' ]; then`,
    `  echo 'No key: log in with \`flawed login\`.' >&2; exit 3`,
    'fi',
    `exec '${process.execPath}' '${scripted()}'`,
  ]);
  const agents = [
    { name: 'deaf', title: 'Deaf agent', command: process.execPath, args: [scripted()] },
    {
      name: 'absent',
      title: 'Absent agent',
      command: absent,
      install: 'npm install --global an-agent-that-nobody-has-installed-on-this-machine',
    },
    { name: 'flawed', title: 'Flawed agent', command: flawed },
  ];
  await writeFile(path.join(state, 'agents.json'), JSON.stringify({ agents }), { mode: 0o600 });
}

/** From now on the agent that was not there is. */
export async function installAbsent(home: string): Promise<void> {
  await program(home, absent, [`exec '${process.execPath}' '${scripted()}'`]);
}

/** Claude Code's place is taken by a program that does what its prompts say, and can be steered. */
export async function withClaude(home: string): Promise<void> {
  const standIn = path.join(import.meta.dirname, '..', 'scenarios', 'claude-stand-in.mjs');
  await program(home, 'claude', [`exec '${process.execPath}' '${standIn}' "$@"`]);
}

async function program(home: string, name: string, lines: readonly string[]): Promise<string> {
  const file = path.join(home, 'bin', name);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, ['#!/bin/sh', ...lines, ''].join('\n'));
  await chmod(file, 0o755);
  return file;
}
