import type { AgentProgram, OpenSpec } from '../../ports/agent.ts';
import { mcpArgs, tomlText } from './mcp.ts';

export interface CodexOptions {
  /** The program; a bare name is looked for in the `PATH`. */
  program: string;
  /** Added to its environment: the user's keys and endpoints (see `codexVariables`). */
  env: { readonly [name: string]: string };
  /**
   * Real paths of directories whose own configuration, hooks, MCP servers, skills and instructions Codex may
   * use, there and in all that is in them. In every other directory it is told of none.
   */
  trusted: readonly string[];
}

/** Variables of the user's environment that are Codex's own business and are passed on to it. */
export const codexVariables: readonly string[] = [
  'AZURE_OPENAI_API_KEY',
  'CODEX_API_KEY',
  'CODEX_CA_CERTIFICATE',
  'CODEX_HOME',
  'HTTPS_PROXY',
  'HTTP_PROXY',
  'NO_PROXY',
  'OPENAI_API_KEY',
  'OPENAI_BASE_URL',
  'SSL_CERT_FILE',
];

const constantArgs: readonly string[] = [
  'app-server',
  '--config=check_for_update_on_startup=false',
];

/**
 * Instructions of a directory, and what is announced of its skills. The user's own instructions stay; of the
 * user's own skills the model hears only where a prompt names them.
 */
const untrustedArgs: readonly string[] = [
  '--config=project_doc_max_bytes=0',
  '--config=skills.include_instructions=false',
];

/**
 * What a session wants is said when its thread is opened. Whether a directory is trusted is said here: it
 * holds from the first instant, goes before what the user's own configuration says of the directory, and
 * keeps Codex from writing there that the directory is trusted, as it does with all in which it may write.
 */
export function codexProgram(options: CodexOptions, spec: OpenSpec): AgentProgram {
  const isTrusted = trusts(options, spec);
  const levels = isTrusted ? [spec.cwd] : around(spec.cwd);
  return {
    program: options.program,
    args: [
      ...constantArgs,
      trustArg(levels, isTrusted ? 'trusted' : 'untrusted'),
      ...(isTrusted ? [] : untrustedArgs),
      ...mcpArgs(spec),
    ],
    env: options.env,
  };
}

/** Codex also reads what an additional directory brings along. */
export function trusts(
  { trusted }: Pick<CodexOptions, 'trusted'>,
  { cwd, additionalDirs }: Pick<OpenSpec, 'cwd' | 'additionalDirs'>,
): boolean {
  return [cwd, ...additionalDirs].every((directory) => isWithin(directory, trusted));
}

/** Codex looks for new plugins as soon as it begins: a question about itself is no reason to. */
const probeArgs: readonly string[] = ['--config=features.plugins=false'];

/** Asked about itself, in an empty directory. */
export function probeProgram(options: CodexOptions, cwd: string): AgentProgram {
  const trust = trustArg(around(cwd), 'untrusted');
  const args = [...constantArgs, trust, ...untrustedArgs, ...probeArgs];
  return { program: options.program, args, env: options.env };
}

function trustArg(directories: readonly string[], level: 'trusted' | 'untrusted'): string {
  const projects = directories.map((path) => `${tomlText(path)}={trust_level="${level}"}`);
  return `--config=projects={${projects.join(',')}}`;
}

/** The directory and all around it: what is trusted of them would be used in the directory, too. */
function around(directory: string): readonly string[] {
  const names = directory.split('/').filter((name) => name !== '');
  return ['/', ...names.map((_, at) => `/${names.slice(0, at + 1).join('/')}`)].toReversed();
}

function isWithin(path: string, directories: readonly string[]): boolean {
  return directories.some((directory) => {
    const beneath = directory.endsWith('/') ? directory : `${directory}/`;
    return path === directory || path.startsWith(beneath);
  });
}
