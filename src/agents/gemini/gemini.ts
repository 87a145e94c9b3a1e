import type { AgentDriver, AgentProfile, OpenSpec } from '../../ports/agent.ts';
import { acpAgentSettings, acpDriver, acpFlags, acpLiveSettings } from '../acp/driver.ts';
import type { AcpQuirks } from '../acp/quirks.ts';
import { type ForeignOptions, isTrusted, networkVariables } from '../trust.ts';

const profile: AgentProfile = {
  ...acpFlags,
  name: 'gemini',
  title: 'Gemini CLI',
  settings: acpAgentSettings.filter(
    (setting) => setting !== 'additionalDirs' && setting !== 'effort',
  ),
  live: acpLiveSettings.filter((setting) => setting !== 'effort'),
  install: 'npm install -g @google/gemini-cli',
};

export const geminiQuirks: AcpQuirks = {
  replayUntil: 'available_commands_update',
  titledCommands: /^run_shell_command__/,
};

/** Variables of the user's environment that are Gemini's own business and are passed on to it. */
export const geminiVariables: readonly string[] = [
  ...networkVariables,
  'GEMINI_API_KEY',
  'GEMINI_MODEL',
  'GOOGLE_API_KEY',
  'GOOGLE_APPLICATION_CREDENTIALS',
  'GOOGLE_CLOUD_LOCATION',
  'GOOGLE_CLOUD_PROJECT',
  'GOOGLE_GEMINI_BASE_URL',
  'GOOGLE_GENAI_USE_VERTEXAI',
  'GOOGLE_VERTEX_BASE_URL',
];

/** Gemini CLI by `gemini --acp` (README.md). */
export function geminiAgent(options: ForeignOptions): AgentDriver {
  const env = (spec: OpenSpec): { [name: string]: string } => ({
    ...options.env,
    // One process instead of two, which also ends when it is told to.
    GEMINI_CLI_NO_RELAUNCH: 'true',
    GEMINI_CLI_TRUST_WORKSPACE: String(isTrusted(options, spec)),
  });
  return acpDriver({
    profile,
    quirks: geminiQuirks,
    program: (spec) => ({ program: options.program, args: ['--acp'], env: env(spec) }),
    tested: '0.61.0',
  });
}
