import type { McpServer, Secrets } from '../../domain/settings.ts';
import { secretName } from '../../domain/settings.ts';
import type { AgentFile, OpenSpec } from '../../ports/agent.ts';
import type { Unmet } from './wish.ts';

type Stdio = Extract<McpServer, { type: 'stdio' }>;

const serverName = /^[A-Za-z0-9_-]{1,64}$/;
const variableName = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The variable of a server that says where its values lie. */
const fileVariable = 'TURNKEEP_SECRETS';

/** The values become variables of the server, and the way to them is forgotten. */
const readValues = `. "$${fileVariable}" && unset ${fileVariable} && exec "$@"`;

/** The session's servers as arguments, beside those of the user. */
export function mcpArgs({ mcpServers }: Pick<OpenSpec, 'mcpServers'>): readonly string[] {
  return mcpServers
    .filter((server) => unmetServers([server]).length === 0)
    .map((server) => `--config=mcp_servers.${server.name}=${tableOf(server)}`);
}

/**
 * Values of variables, in a file for each server. Codex takes them in its configuration only, where arguments
 * and lines would show them; so it is told where they lie, and a shell in front of the server reads them.
 */
export function mcpFiles(
  { mcpServers }: Pick<OpenSpec, 'mcpServers'>,
  secrets: Secrets,
): readonly AgentFile[] {
  return mcpServers
    .filter((server): server is Stdio => server.type === 'stdio' && server.env.length > 0)
    .filter((server) => unmetServers([server]).length === 0)
    .map(({ name, env }) => ({
      option: `--config=mcp_servers.${name}.env.${fileVariable}`,
      content: env.map((key) => exported(key, secrets[secretName(key, name)] ?? '')).join(''),
    }));
}

function exported(name: string, value: string): string {
  return `export ${name}='${value.replaceAll("'", "'\\''")}'\n`;
}

function tableOf(server: McpServer): string {
  if (server.type !== 'stdio') return `{url=${tomlText(server.url)}}`;
  const { command, args, env, name } = server;
  if (env.length === 0) return commandTable(command, args);
  return commandTable('/bin/sh', ['-c', readValues, name, command, ...args]);
}

function commandTable(command: string, args: readonly string[]): string {
  return `{command=${tomlText(command)},args=[${args.map(tomlText).join(',')}]}`;
}

/** A text of TOML: JSON has the same escapes, and leaves one character as it is that TOML does not take. */
export function tomlText(text: string): string {
  return JSON.stringify(text).replaceAll('\u007f', '\\u007f');
}

/** Servers that Codex does not get. */
export function unmetServers(servers: readonly McpServer[]): readonly Unmet[] {
  return servers.flatMap((server): Unmet[] => {
    const name = server.name.slice(0, 100);
    if (!serverName.test(server.name)) {
      return [{ code: 'mcp-server', text: `Codex takes no MCP server of this name: ${name}` }];
    }
    if (server.type === 'sse') {
      return [{ code: 'mcp-server', text: `Codex does not speak to MCP servers by SSE: ${name}` }];
    }
    if (server.type === 'http' && server.headers.length > 0) {
      const text = `Codex cannot be given the headers of the MCP server ${name} unseen.`;
      return [{ code: 'mcp-server', text, needed: true }];
    }
    if (server.type === 'stdio' && !server.env.every((key) => variableName.test(key))) {
      const text = `The MCP server ${name} has a variable of a name that no shell takes.`;
      return [{ code: 'mcp-server', text, needed: true }];
    }
    return [];
  });
}
