import type { Budget } from './budget.ts';
import { limits } from './limits.ts';
import type { SessionPolicy } from './policy.ts';
import { refuse } from './refusal.ts';
import type { ContextWindow } from './usage.ts';

/** What the agent is told beside its own instructions; `replace` takes their place where the agent allows it. */
export interface Instructions {
  replace?: string;
  append?: string;
}

/** Tools by the agent's own names: those that it gets, and those that are withheld from it. */
export interface ToolRules {
  allow?: readonly string[];
  deny?: readonly string[];
}

/**
 * A server of the Model Context Protocol that the agent is to use. `env` and `headers` are names only: the
 * values are secrets, kept beside the log under `secretName`.
 */
export type McpServer =
  | {
      type: 'stdio';
      name: string;
      command: string;
      args: readonly string[];
      env: readonly string[];
    }
  | { type: 'http' | 'sse'; name: string; url: string; headers: readonly string[] };

/** Settings that `create` and `patch` take and that are in force for the session. */
export interface SettingsChange {
  key?: string | null;
  agent?: string;
  cwd?: string;
  title?: string | null;
  label?: string | null;
  meta?: { readonly [name: string]: string };
  model?: string | null;
  mode?: string | null;
  effort?: string | null;
  instructions?: Instructions | null;
  tools?: ToolRules | null;
  maxTurns?: number | null;
  mcpServers?: readonly McpServer[];
  env?: readonly string[];
  additionalDirs?: readonly string[];
  /** Nothing is launched for it before the first prompt that is sent or released. */
  draft?: boolean;
  archived?: boolean;
  parent?: string | null;
  /** Whether a run whose agent is gone with the machine goes on in a resumed host. */
  onLost?: 'stop' | 'continue';
  policy?: SessionPolicy;
  /** What it and all that descend from it may use. */
  budget?: Budget | null;
  /** Where it worked, of a session that was written elsewhere. */
  originCwd?: string;
  /** What the agent reported, verbatim. */
  modelInForce?: { provider?: string; id: string };
  context?: ContextWindow;
}

/** Settings that the agent has to honour; the others are only ours. */
export const agentSettings = [
  'model',
  'mode',
  'effort',
  'instructions',
  'tools',
  'maxTurns',
  'mcpServers',
  'env',
  'additionalDirs',
] as const satisfies readonly (keyof SettingsChange)[];
export type AgentSetting = (typeof agentSettings)[number];

/** Settings in force, as a host is opened with them. */
export interface AgentSettings {
  model: string | null;
  mode: string | null;
  effort: string | null;
  instructions: Instructions | null;
  tools: ToolRules | null;
  /** Most turns of the model in one run. */
  maxTurns: number | null;
  mcpServers: readonly McpServer[];
  /** Names of the session's own environment variables; their values are secrets. */
  env: readonly string[];
  /** Directories beside the working directory, absolute. */
  additionalDirs: readonly string[];
}

export const noSettings: AgentSettings = {
  model: null,
  mode: null,
  effort: null,
  instructions: null,
  tools: null,
  maxTurns: null,
  mcpServers: [],
  env: [],
  additionalDirs: [],
};

/** Values that are kept beside the log, by name; null takes one away. */
export type Secrets = { readonly [name: string]: string };

/** Under which name the value of an environment variable, or of a server's variable or header, is kept. */
export function secretName(variable: string, server?: string): string {
  return server === undefined ? `env/${variable}` : `mcp/${server}/${variable}`;
}

/** Names of the values that these settings need. */
export function secretNames({
  env,
  mcpServers,
}: Pick<AgentSettings, 'env' | 'mcpServers'>): ReadonlySet<string> {
  const ofServers = mcpServers.flatMap((server) =>
    (server.type === 'stdio' ? server.env : server.headers).map((name) =>
      secretName(name, server.name),
    ),
  );
  return new Set([...env.map((name) => secretName(name)), ...ofServers]);
}

/** Client-owned pairs as a patch gives them; null takes one away. */
export type MetaChange = { readonly [name: string]: string | null };

export function joinedMeta(before: SettingsMeta, given: MetaChange): SettingsMeta {
  const entries = Object.entries({ ...before, ...given });
  const kept = entries.filter((entry): entry is [string, string] => entry[1] !== null);
  const meta = Object.fromEntries(kept);
  checkMeta(meta);
  return meta;
}

export function checkMeta(meta: SettingsMeta): void {
  if (new TextEncoder().encode(JSON.stringify(meta)).length <= limits.metaBytes) return;
  throw refuse('too_large', `meta may have at most ${limits.metaBytes} bytes as JSON.`, {
    field: 'meta',
  });
}

type SettingsMeta = { readonly [name: string]: string };

/** Which agent settings a change touches. */
export function touched(changes: SettingsChange): readonly AgentSetting[] {
  return agentSettings.filter((name) => changes[name] !== undefined);
}
