import type { McpServer, Secrets } from '../../domain/settings.ts';
import { secretName } from '../../domain/settings.ts';
import type { AgentFile, OpenSpec } from '../../ports/agent.ts';
import { isPath } from '../shape.ts';

/** Modes that ask. The others let the agent act unseen, which is for our policy to decide. */
export const modes = ['acceptEdits', 'manual', 'plan'] as const;

/** What is in force without a wish, under the name that Claude Code tells. */
export const usualMode = 'default';

export const efforts = ['low', 'medium', 'high', 'xhigh', 'max'] as const;

const modelPattern = /^[A-Za-z0-9][A-Za-z0-9._:/@[\]-]{0,127}$/;
/** A tool, or a server of tools: `mcp__SERVER`, `mcp__SERVER__TOOL`. */
const toolPattern = /^[A-Za-z][A-Za-z0-9_-]{0,199}$/;
const mcpPrefix = 'mcp__';

/** A wish that Claude Code is not told of, as the log has it. */
export interface Unmet {
  code: string;
  text: string;
  /** Working without it would be more than the session allows: it is not opened. */
  needed?: true;
}

/** Whether Claude Code may be told of this value, at the start or while it is open. */
export function passes(setting: 'model' | 'mode' | 'effort', value: string): boolean {
  switch (setting) {
    case 'model':
      return modelPattern.test(value);
    case 'mode':
      return value === usualMode || modes.some((mode) => mode === value);
    case 'effort':
      return efforts.some((effort) => effort === value);
  }
}

/** Settings as arguments, each value in one word with its option. */
export function settingArgs(spec: OpenSpec): readonly string[] {
  const { model, mode, effort, maxTurns, instructions } = spec;
  return [
    ...(model !== null && passes('model', model) ? [`--model=${model}`] : []),
    ...(mode !== null && mode !== usualMode && passes('mode', mode)
      ? [`--permission-mode=${mode}`]
      : []),
    ...(effort !== null && passes('effort', effort) ? [`--effort=${effort}`] : []),
    ...(maxTurns !== null && Number.isInteger(maxTurns) ? [`--max-turns=${maxTurns}`] : []),
    ...toolArgs(spec),
    ...spec.additionalDirs.filter(isPath).map((directory) => `--add-dir=${directory}`),
    // Otherwise a resumed session keeps the instructions that its first request had.
    ...(instructions === null ? [] : ['--system-prompt-snapshot=off']),
  ];
}

/**
 * `--tools` knows the built-in tools only. Servers of MCP that no allowed tool is of are withheld as a whole,
 * and those of the user's own settings, whose names are not known here, are left out.
 */
function toolArgs({ tools, mcpServers }: OpenSpec): readonly string[] {
  const { allow, deny = [] } = tools ?? {};
  const denied = deny.filter((name) => toolPattern.test(name));
  if (allow !== undefined) denied.push(...withheldServers(allow, mcpServers));
  const builtIn = allow?.filter((name) => toolPattern.test(name) && !name.startsWith(mcpPrefix));
  return [
    ...(builtIn === undefined ? [] : [`--tools=${builtIn.join(',')}`]),
    ...(denied.length === 0 ? [] : [`--disallowedTools=${denied.join(',')}`]),
    ...(mcpServers.length > 0 || allow !== undefined ? ['--strict-mcp-config'] : []),
  ];
}

function withheldServers(allow: readonly string[], servers: readonly McpServer[]): string[] {
  return servers
    .map(({ name }) => `${mcpPrefix}${name}`)
    .filter((server) => !allow.some((tool) => tool === server || tool.startsWith(`${server}__`)));
}

/** Instructions, which may be long and are nobody else's to read, and servers with their secrets. */
export function settingFiles(spec: OpenSpec, secrets: Secrets): readonly AgentFile[] {
  const { replace, append } = spec.instructions ?? {};
  const { mcpServers } = spec;
  return [
    ...(replace === undefined ? [] : [{ option: '--system-prompt-file', content: replace }]),
    ...(append === undefined ? [] : [{ option: '--append-system-prompt-file', content: append }]),
    ...(mcpServers.length === 0
      ? []
      : [{ option: '--mcp-config', content: mcpConfig(mcpServers, secrets) }]),
  ];
}

function mcpConfig(servers: readonly McpServer[], secrets: Secrets): string {
  const entries = servers.map((server) => [server.name, serverConfig(server, secrets)] as const);
  return JSON.stringify({ mcpServers: Object.fromEntries(entries) }, (_key, value: unknown) =>
    typeof value === 'string' ? literal(value) : value,
  );
}

function serverConfig(server: McpServer, secrets: Secrets): object {
  const valuesOf = (names: readonly string[]): object =>
    Object.fromEntries(names.map((name) => [name, secrets[secretName(name, server.name)]]));
  if (server.type === 'stdio') {
    const { type, command, args, env } = server;
    return { type, command, args, env: valuesOf(env) };
  }
  const { type, url, headers } = server;
  return { type, url, headers: valuesOf(headers) };
}

/**
 * Claude Code puts variables of its own environment in the place of `${NAME}` and `${NAME:-DEFAULT}`. No
 * variable has this name, so what comes of it is the text itself, which is not looked at again.
 */
function literal(text: string): string {
  return text.replaceAll('${', '${TURNKEEP_DOLLAR:-$}{');
}

/** What of the settings Claude Code is not told, or cannot do as it is meant. */
export function unmetOf(spec: OpenSpec): readonly Unmet[] {
  const { model, mode, effort } = spec;
  return [
    ...(model === null ? [] : unmet('model', model)),
    ...(mode === null ? [] : unmet('mode', mode)),
    ...(effort === null ? [] : unmet('effort', effort)),
    ...unmetTools(spec),
    ...spec.additionalDirs.filter((directory) => !isPath(directory)).map(unmetDirectory),
  ];
}

const reasons = {
  model: (value: string) => `This is no name of a model: ${value}`,
  mode: (value: string) => `Claude Code is not told of the mode ${value}, in which it may not ask.`,
  effort: (value: string) =>
    `Claude Code knows no effort ${value}; it knows ${efforts.join(', ')}.`,
} as const;

/** Nothing where the value is passed on. */
export function unmet(setting: keyof typeof reasons, value: string): readonly Unmet[] {
  if (passes(setting, value)) return [];
  return [{ code: `${setting}-not-set`, text: reasons[setting](value.slice(0, 200)) }];
}

function unmetTools({ tools }: OpenSpec): readonly Unmet[] {
  const { allow = [], deny = [] } = tools ?? {};
  const isNone = (name: string): boolean => !toolPattern.test(name);
  const single = allow.filter((name) => /^mcp__.+?__./.test(name));
  return [
    ...deny.filter(isNone).map((name) => ({
      code: 'tools-not-set',
      text: `Claude Code withholds tools by their names only: ${name.slice(0, 200)}`,
      needed: true as const,
    })),
    ...allow.filter(isNone).map((name) => ({
      code: 'tools-not-set',
      text: `This is no name of a tool: ${name.slice(0, 200)}`,
    })),
    ...(single.length === 0
      ? []
      : [
          {
            code: 'tools-not-set',
            text: `Of an MCP server Claude Code gets all tools or none: ${single.join(', ').slice(0, 400)}`,
          },
        ]),
  ];
}

function unmetDirectory(directory: string): Unmet {
  const text = `This is no absolute path of a directory: ${directory.slice(0, 200)}`;
  return { code: 'directory-not-added', text };
}
