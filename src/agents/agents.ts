import type { AgentDriver } from '../ports/agent.ts';
import { acpAgentSettings, acpDriver, acpFlags, acpLiveSettings } from './acp/driver.ts';
import type { AcpQuirks } from './acp/quirks.ts';
import { claudeAgent } from './claude/driver.ts';
import type { ClaudeOptions } from './claude/program.ts';
import { codexAgent } from './codex/driver.ts';
import type { CodexOptions } from './codex/program.ts';
import { geminiAgent } from './gemini/gemini.ts';
import { openCodeAgent } from './opencode/opencode.ts';
import { piAgent, type PiOptions } from './pi/pi.ts';
import { scriptedAgent, type ScriptedOptions } from './scripted/scripted.ts';
import type { ForeignOptions } from './trust.ts';

export interface AgentOptions {
  scripted: ScriptedOptions;
  /** Without them this agent is not offered. */
  claude?: ClaudeOptions;
  /** Without them this agent is not offered. */
  codex?: CodexOptions;
  /** Without them this agent is not offered; so for all. */
  gemini?: ForeignOptions;
  opencode?: ForeignOptions;
  pi?: PiOptions;
  /** Those of the operator's own file. */
  custom?: readonly CustomAgent[];
}

/** The agent whose transcripts programs keep in remote logs. */
export const transcriptAgent = 'claude';

/** The agents that Turnkeep knows by itself, then those that somebody configured. */
export function builtInAgents(options: AgentOptions): readonly AgentDriver[] {
  const { scripted, claude, codex, gemini, opencode, pi, custom = [] } = options;
  return [
    scriptedAgent(scripted),
    ...(claude === undefined ? [] : [claudeAgent(claude)]),
    ...(codex === undefined ? [] : [codexAgent(codex)]),
    ...(gemini === undefined ? [] : [geminiAgent(gemini)]),
    ...(opencode === undefined ? [] : [openCodeAgent(opencode)]),
    ...(pi === undefined ? [] : [piAgent(pi)]),
    ...custom.map((agent) => customAcpAgent(agent)),
  ];
}

/** An agent that somebody configured: any program that speaks ACP v1 on its standard streams. */
export interface CustomAgent {
  /** Lower case letters, digits and dashes. */
  name: string;
  /** Default: the name. */
  title?: string;
  command: string;
  args: readonly string[];
  env: { readonly [name: string]: string };
  /** How to get it. */
  install?: string;
  /** In what it is known to differ from the protocol. */
  quirks?: AcpQuirks;
}

/** Nothing is known of it but the protocol, so nothing is claimed that the protocol leaves open. */
export function customAcpAgent(custom: CustomAgent): AgentDriver {
  const { name, title = name, command, args, env, quirks = {} } = custom;
  return acpDriver({
    profile: {
      ...acpFlags,
      name,
      title,
      settings: acpAgentSettings,
      live: acpLiveSettings,
      install: custom.install ?? `the program ${command}`,
    },
    quirks,
    program: () => ({ program: command, args, env }),
  });
}
