import type { SettingsChange } from '../domain/entry.ts';
import { refuse } from '../domain/refusal.ts';
import { type McpServer, secretName, type Secrets } from '../domain/settings.ts';
import type { ParsedInputOf } from '../protocol/operations.ts';

type AgentInput = Pick<
  ParsedInputOf<'sessions.patch'>,
  'instructions' | 'tools' | 'mcpServers' | 'env'
>;

/** Settings as entries have them, and the secret values apart. */
export interface GivenSettings {
  changes: SettingsChange;
  secrets: Secrets;
}

/** Names of variables by which programs are made to load or run other code, or that are ours. */
const refusedVariables =
  /^(TURNKEEP_|LD_|DYLD_|NODE_OPTIONS$|BASH_ENV$|ENV$|PATH$|IFS$|SHELLOPTS$|PYTHONSTARTUP$|PERL5OPT$|RUBYOPT$|GIT_SSH)/;

export function settingsOf(
  given: AgentInput & { readonly [field: string]: unknown },
): GivenSettings {
  const { env, mcpServers, instructions, tools, ...plain } = given;
  for (const name of Object.keys(env ?? {})) checkVariable(name);
  const servers = mcpServers?.map(serverOf);
  twice(servers?.map(({ name }) => name) ?? []);
  const secrets = {
    ...named(env ?? {}),
    ...Object.assign({}, ...(mcpServers ?? []).map(secretsOf)),
  };
  const changes = {
    ...plain,
    ...(instructions === undefined ? {} : { instructions }),
    ...(tools === undefined ? {} : { tools }),
    ...(env === undefined ? {} : { env: Object.keys(env) }),
    ...(servers === undefined ? {} : { mcpServers: servers }),
  };
  const defined = Object.entries(changes).filter(([, value]) => value !== undefined);
  return { changes: Object.fromEntries(defined), secrets };
}

function checkVariable(name: string): void {
  if (!refusedVariables.test(name)) return;
  throw refuse('invalid', `env: The variable ${name} cannot be set for a session.`, {
    field: `env.${name}`,
  });
}

function twice(names: readonly string[]): void {
  const again = names.find((name, at) => names.indexOf(name) !== at);
  if (again === undefined) return;
  throw refuse('invalid', `mcpServers: Two servers are called ${again}.`, { field: 'mcpServers' });
}

type GivenServer = NonNullable<AgentInput['mcpServers']>[number];

function serverOf(given: GivenServer): McpServer {
  if (given.type === 'stdio') return { ...given, env: Object.keys(given.env) };
  return { ...given, headers: Object.keys(given.headers) };
}

function secretsOf(given: GivenServer): Secrets {
  return named(given.type === 'stdio' ? given.env : given.headers, given.name);
}

function named(values: { readonly [name: string]: string }, server?: string): Secrets {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [secretName(name, server), value]),
  );
}
