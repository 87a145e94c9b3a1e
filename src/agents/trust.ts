import type { OpenSpec } from '../ports/agent.ts';

/** How a program that is not ours is started, and where what a directory brings along may be used. */
export interface ForeignOptions {
  /** The program; a bare name is looked for in the `PATH`. */
  program: string;
  /** Added to its environment: the user's keys and endpoints. */
  env: { readonly [name: string]: string };
  /**
   * Real paths of directories whose own settings, hooks, MCP servers and instructions the agent may use, there
   * and in all that is in them. In every other directory it is told to use none.
   */
  trusted: readonly string[];
}

/** Whether all directories of the session are trusted: what any of them brings along may be used by all. */
export function isTrusted(
  { trusted }: Pick<ForeignOptions, 'trusted'>,
  { cwd, additionalDirs }: Pick<OpenSpec, 'cwd' | 'additionalDirs'>,
): boolean {
  return [cwd, ...additionalDirs].every((directory) => isWithin(directory, trusted));
}

function isWithin(path: string, directories: readonly string[]): boolean {
  return directories.some((directory) => {
    const beneath = directory.endsWith('/') ? directory : `${directory}/`;
    return path === directory || path.startsWith(beneath);
  });
}

/** Variables for proxies and certificates, which every agent's program knows. */
export const networkVariables: readonly string[] = [
  'ALL_PROXY',
  'HTTPS_PROXY',
  'HTTP_PROXY',
  'NODE_EXTRA_CA_CERTS',
  'NO_PROXY',
  'SSL_CERT_FILE',
  'all_proxy',
  'http_proxy',
  'https_proxy',
  'no_proxy',
];
