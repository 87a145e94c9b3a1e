import { fileURLToPath } from 'node:url';
import type { AgentOptions } from '../agents/agents.ts';
import { type ClaudeOptions, claudeVariables } from '../agents/claude/program.ts';
import { type CodexOptions, codexVariables } from '../agents/codex/program.ts';
import type { StateDirectory } from './state-directory.ts';
import { trustedDirectories } from './working-directory.ts';

/** What of a daemon's options decides how its agents are started. */
export interface AgentChoices {
  claude?: Omit<ClaudeOptions, 'trusted'>;
  codex?: Omit<CodexOptions, 'trusted'>;
  trusted?: readonly string[];
}

/** How the agents of a daemon of this environment are started. */
export async function agentOptions(
  directory: Pick<StateDirectory, 'scripted'>,
  choices: AgentChoices,
): Promise<AgentOptions> {
  const program = fileURLToPath(new URL('../agents/scripted/program/main.ts', import.meta.url));
  const trusted = await trustedDirectories(choices.trusted ?? []);
  return {
    scripted: { node: process.execPath, program, store: directory.scripted },
    claude: {
      ...(choices.claude ?? { program: 'claude', env: ownVariables(claudeVariables) }),
      trusted,
    },
    codex: {
      ...(choices.codex ?? { program: 'codex', env: ownVariables(codexVariables) }),
      trusted,
    },
  };
}

function ownVariables(names: readonly string[]): { [name: string]: string } {
  const env: { [name: string]: string } = {};
  for (const name of names) {
    const value = process.env[name];
    if (value !== undefined) env[name] = value;
  }
  return env;
}
