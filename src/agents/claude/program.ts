import type { AgentProgram, OpenSpec } from '../../ports/agent.ts';
import { isUuid, nativeCandidate } from './ids.ts';
import { settingArgs } from './settings.ts';

export interface ClaudeOptions {
  /** The program; a bare name is looked for in the `PATH`. */
  program: string;
  /** Added to its environment: the user's keys and endpoints (see `claudeVariables`). */
  env: { readonly [name: string]: string };
  /**
   * Real paths of directories whose own settings, hooks, MCP servers and instructions Claude Code may use,
   * there and in all that is in them. In every other directory it is told of none.
   */
  trusted: readonly string[];
}

/** Variables of the user's environment that are Claude Code's own business and are passed on to it. */
export const claudeVariables: readonly string[] = [
  'ANTHROPIC_API_KEY',
  'ANTHROPIC_AUTH_TOKEN',
  'ANTHROPIC_BASE_URL',
  'ANTHROPIC_CUSTOM_HEADERS',
  'ANTHROPIC_MODEL',
  'ANTHROPIC_SMALL_FAST_MODEL',
  'ANTHROPIC_BEDROCK_BASE_URL',
  'ANTHROPIC_VERTEX_BASE_URL',
  'ANTHROPIC_VERTEX_PROJECT_ID',
  'AWS_ACCESS_KEY_ID',
  'AWS_BEARER_TOKEN_BEDROCK',
  'AWS_PROFILE',
  'AWS_REGION',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'CLAUDE_CODE_MAX_OUTPUT_TOKENS',
  'CLAUDE_CODE_MAX_RETRIES',
  'CLAUDE_CODE_OAUTH_TOKEN',
  'CLAUDE_CODE_USE_BEDROCK',
  'CLAUDE_CODE_USE_VERTEX',
  'CLAUDE_CONFIG_DIR',
  'CLOUD_ML_REGION',
  'GOOGLE_APPLICATION_CREDENTIALS',
  'HTTPS_PROXY',
  'HTTP_PROXY',
  'NODE_EXTRA_CA_CERTS',
  'NO_PROXY',
];

const constantArgs: readonly string[] = [
  '-p',
  '--output-format=stream-json',
  '--input-format=stream-json',
  '--verbose',
  '--include-partial-messages',
  '--replay-user-messages',
  '--permission-prompt-tool=stdio',
];

const constantEnv = {
  // Without it nothing says that a turn is over.
  CLAUDE_CODE_EMIT_SESSION_STATE_EVENTS: '1',
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
  DISABLE_AUTOUPDATER: '1',
  DISABLE_ERROR_REPORTING: '1',
  DISABLE_TELEMETRY: '1',
} as const;

/**
 * With `-p` Claude Code asks nobody whether it may trust a directory: it runs the hooks and MCP servers that
 * a repository brings along and takes its environment, an endpoint included. The user's own settings stay.
 */
const untrustedArgs: readonly string[] = ['--setting-sources=user'];

/** An id that is none of Claude Code's resumes nothing: it gets one that no session and no line has. */
const nobody = '00000000-0000-0000-0000-000000000000';

/** Every value from outside is one argument together with its option, so that none can be an option. */
export function claudeProgram(options: ClaudeOptions, spec: OpenSpec): AgentProgram {
  // Claude Code also reads what an additional directory brings along.
  const directories = [spec.cwd, ...spec.additionalDirs];
  const isTrusted = directories.every((directory) => isWithin(directory, options.trusted));
  return {
    program: options.program,
    args: [
      ...constantArgs,
      // What it writes into its own files it also says, for the log.
      '--session-mirror',
      ...(isTrusted ? [] : untrustedArgs),
      ...sessionArgs(spec),
      ...settingArgs(spec),
    ],
    env: { ...options.env, ...constantEnv },
  };
}

/** A copy of another session gets its name from us, too: it is known before anything is said in it. */
function sessionArgs({ session, host, nativeId, forkOf, forkAt }: OpenSpec): readonly string[] {
  if (nativeId !== null) return [`--resume=${named(nativeId)}`];
  const own = `--session-id=${nativeCandidate(session, host)}`;
  if (forkOf === null) return [own];
  const cut = forkAt === null ? [] : [`--resume-session-at=${named(forkAt)}`];
  return [`--resume=${named(forkOf)}`, '--fork-session', ...cut, own];
}

function named(id: string): string {
  return isUuid(id) ? id : nobody;
}

/** Asked about itself: no session on the disk, no hooks and no MCP servers of the user. */
export function probeProgram(options: ClaudeOptions): AgentProgram {
  return {
    program: options.program,
    args: [
      ...constantArgs,
      ...untrustedArgs,
      '--no-session-persistence',
      '--strict-mcp-config',
      '--settings={"disableAllHooks":true}',
    ],
    env: { ...options.env, ...constantEnv },
  };
}

function isWithin(path: string, directories: readonly string[]): boolean {
  return directories.some((directory) => {
    const beneath = directory.endsWith('/') ? directory : `${directory}/`;
    return path === directory || path.startsWith(beneath);
  });
}
