import { fileURLToPath } from 'node:url';
import { type AgentOptions, builtInAgents } from '../agents/agents.ts';
import { type ClaudeOptions, claudeVariables } from '../agents/claude/program.ts';
import { type CodexOptions, codexVariables } from '../agents/codex/program.ts';
import { geminiVariables } from '../agents/gemini/gemini.ts';
import { openCodeVariables } from '../agents/opencode/opencode.ts';
import { type PiOptions, piVariables } from '../agents/pi/pi.ts';
import type { ForeignOptions } from '../agents/trust.ts';
import { readAgentsFile } from './agents-file.ts';
import type { StateDirectory } from './state-directory.ts';
import { trustedDirectories } from './working-directory.ts';

/** What of a daemon's options decides how its agents are started. */
export interface AgentChoices {
  claude?: Omit<ClaudeOptions, 'trusted'>;
  codex?: Omit<CodexOptions, 'trusted'>;
  gemini?: Omit<ForeignOptions, 'trusted'>;
  opencode?: Omit<ForeignOptions, 'trusted'>;
  pi?: Pick<PiOptions, 'program' | 'pi' | 'env'>;
  trusted?: readonly string[];
}

/** How the agents of a daemon of this environment are started. */
export async function agentOptions(
  directory: Pick<StateDirectory, 'scripted' | 'agentFile'>,
  choices: AgentChoices,
): Promise<AgentOptions> {
  const trusted = await trustedDirectories(choices.trusted ?? []);
  const known = knownOptions(directory, choices, trusted);
  const names = builtInAgents(known).map(({ profile }) => profile.name);
  const file = { known: names, own: process.env };
  return { ...known, custom: await readAgentsFile(directory.agentFile, file) };
}

function knownOptions(
  directory: Pick<StateDirectory, 'scripted'>,
  choices: AgentChoices,
  trusted: readonly string[],
): AgentOptions {
  const program = fileURLToPath(new URL('../agents/scripted/program/main.ts', import.meta.url));
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
    gemini: {
      ...(choices.gemini ?? { program: 'gemini', env: ownVariables(geminiVariables) }),
      trusted,
    },
    opencode: {
      ...(choices.opencode ?? { program: 'opencode', env: ownVariables(openCodeVariables) }),
      trusted,
    },
    pi: {
      ...(choices.pi ?? { program: 'pi-acp', pi: 'pi', env: ownVariables(piVariables) }),
      launcher: fileURLToPath(new URL('../agents/pi/program/pi.sh', import.meta.url)),
      extension: fileURLToPath(new URL('../agents/pi/program/extension.ts', import.meta.url)),
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
