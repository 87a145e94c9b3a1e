import type { AgentDriver } from '../ports/agent.ts';
import { acpAgentSettings, acpDriver, acpLiveSettings } from './acp/driver.ts';
import { claudeAgent } from './claude/driver.ts';
import type { ClaudeOptions } from './claude/program.ts';
import { codexAgent } from './codex/driver.ts';
import type { CodexOptions } from './codex/program.ts';
import { scriptedAgent, type ScriptedOptions } from './scripted/scripted.ts';

export interface AgentOptions {
  scripted: ScriptedOptions;
  /** Without them this agent is not offered. */
  claude?: ClaudeOptions;
  /** Without them this agent is not offered. */
  codex?: CodexOptions;
}

/** The agents that Turnkeep knows by itself. */
export function builtInAgents(options: AgentOptions): readonly AgentDriver[] {
  const { scripted, claude, codex } = options;
  return [
    scriptedAgent(scripted),
    ...(claude === undefined ? [] : [claudeAgent(claude)]),
    ...(codex === undefined ? [] : [codexAgent(codex)]),
  ];
}

/** An agent that somebody configured: any program that speaks ACP v1 on its standard streams. */
export interface CustomAgent {
  /** Lower case letters, digits and dashes. */
  name: string;
  command: string;
  args: readonly string[];
  env: { readonly [name: string]: string };
}

/** Nothing is known of it but the protocol, so nothing is claimed that the protocol leaves open. */
export function customAcpAgent(custom: CustomAgent): AgentDriver {
  const { name, command, args, env } = custom;
  return acpDriver({
    profile: {
      name,
      title: name,
      protocol: 'acp',
      steer: false,
      resume: true,
      activityIsEvidence: true,
      deduplicatesPrompts: false,
      editsInput: false,
      hearsDenials: false,
      images: true,
      fork: false,
      settings: acpAgentSettings,
      live: acpLiveSettings,
      mcpSecrets: false,
      install: `the program ${command}`,
    },
    program: () => ({ program: command, args, env }),
  });
}
