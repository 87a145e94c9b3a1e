import type { AgentDriver, AgentProfile, OpenSpec } from '../../ports/agent.ts';
import { acpAgentSettings, acpDriver, acpFlags, acpLiveSettings } from '../acp/driver.ts';
import { type ForeignOptions, isTrusted, networkVariables } from '../trust.ts';

const profile: AgentProfile = {
  ...acpFlags,
  name: 'opencode',
  title: 'OpenCode',
  settings: acpAgentSettings.filter((setting) => setting !== 'additionalDirs'),
  live: acpLiveSettings,
  install: 'npm install -g opencode-ai',
};

/** Variables of the user's environment that are OpenCode's own business and are passed on to it. */
export const openCodeVariables: readonly string[] = [
  ...networkVariables,
  'ANTHROPIC_API_KEY',
  'AZURE_API_KEY',
  'CEREBRAS_API_KEY',
  'DEEPSEEK_API_KEY',
  'GEMINI_API_KEY',
  'GOOGLE_GENERATIVE_AI_API_KEY',
  'GROQ_API_KEY',
  'MISTRAL_API_KEY',
  'OPENAI_API_KEY',
  'OPENCODE_API_KEY',
  'OPENCODE_CONFIG',
  'OPENCODE_CONFIG_DIR',
  'OPENROUTER_API_KEY',
  'XAI_API_KEY',
];

/**
 * It does everything unasked unless it is told to ask: before all, tools of MCP servers too, but what only
 * reads in the directory or notes something for itself. What may then be done is for the policy to say.
 */
const permission = {
  '*': 'ask',
  glob: 'allow',
  grep: 'allow',
  list: 'allow',
  read: { '*': 'allow', '*.env': 'ask', '*.env.*': 'ask', '*.env.example': 'allow' },
  todoread: 'allow',
  todowrite: 'allow',
} as const;

/** OpenCode by `opencode acp` (README.md). */
export function openCodeAgent(options: ForeignOptions): AgentDriver {
  const env = (spec: OpenSpec): { [name: string]: string } => ({
    ...options.env,
    OPENCODE_DISABLE_AUTOUPDATE: '1',
    OPENCODE_PERMISSION: JSON.stringify(permission),
    ...(isTrusted(options, spec)
      ? {}
      : { OPENCODE_DISABLE_PROJECT_CONFIG: '1', OPENCODE_DISABLE_EXTERNAL_SKILLS: '1' }),
  });
  return acpDriver({
    profile,
    program: (spec) => ({ program: options.program, args: ['acp'], env: env(spec) }),
    tested: '1.18.33',
  });
}
