import type { AgentDriver, AgentProfile, OpenSpec } from '../../ports/agent.ts';
import { acpDriver, acpFlags } from '../acp/driver.ts';
import type { AcpQuirks } from '../acp/quirks.ts';
import { piMemoryFiles } from './memory-files.ts';
import { type ForeignOptions, isTrusted, networkVariables } from '../trust.ts';

export interface PiOptions extends ForeignOptions {
  /** pi itself; `program` is its adapter. */
  pi: string;
  /** Our part within it, as paths: this layer knows no files. */
  launcher: string;
  extension: string;
}

const profile: AgentProfile = {
  ...acpFlags,
  name: 'pi',
  title: 'pi',
  settings: ['model', 'effort', 'env'],
  live: ['model', 'effort'],
  install: 'npm install -g pi-acp @earendil-works/pi-coding-agent',
};

export const piQuirks: AcpQuirks = {
  prelude: ['piAcp', 'startupInfo'],
  asides: ['piAcp', 'notify'],
  ownWords:
    /Retrying(?: \(attempt \d+\/\d+, waiting \d+s\))?\.\.\.|Retry finished, resuming\.|Context nearing limit, running automatic compaction\.\.\.|Automatic compaction finished; context was summarized to continue the session\./,
};

/** Variables of the user's environment that are pi's own business and are passed on to it. */
export const piVariables: readonly string[] = [
  ...networkVariables,
  'ANTHROPIC_API_KEY',
  'ANTHROPIC_OAUTH_TOKEN',
  'AZURE_OPENAI_API_KEY',
  'AZURE_OPENAI_BASE_URL',
  'CEREBRAS_API_KEY',
  'DEEPSEEK_API_KEY',
  'FIREWORKS_API_KEY',
  'GEMINI_API_KEY',
  'GROQ_API_KEY',
  'HF_TOKEN',
  'MISTRAL_API_KEY',
  'OPENAI_API_KEY',
  'OPENROUTER_API_KEY',
  'PI_CODING_AGENT_DIR',
  'XAI_API_KEY',
  'ZAI_API_KEY',
];

/** Left out where the directory is not trusted: what is protected by pi's own trust, and instructions. */
const untrusted = '--no-approve --no-context-files';

/** pi by its adapter `pi-acp`, with a part of ours in it that asks and tells (README.md). */
export function piAgent(options: PiOptions): AgentDriver {
  const env = (spec: OpenSpec): { [name: string]: string } => ({
    ...options.env,
    PI_SKIP_VERSION_CHECK: '1',
    PI_ACP_PI_COMMAND: options.launcher,
    TURNKEEP_PI: options.pi,
    TURNKEEP_PI_EXTENSION: options.extension,
    TURNKEEP_PI_ARGUMENTS: isTrusted(options, spec) ? '--approve' : untrusted,
  });
  return acpDriver({
    profile,
    quirks: piQuirks,
    program: (spec) => ({ program: options.program, args: [], env: env(spec) }),
    tested: '0.0.34',
    memoryFiles: piMemoryFiles(options),
  });
}
