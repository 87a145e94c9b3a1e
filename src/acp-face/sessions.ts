import type * as acp from '@agentclientprotocol/sdk/unstable';
import type { Client } from '../client/client.ts';
import { isObject } from '../domain/json.ts';
import { refuse } from '../domain/refusal.ts';
import type { SessionRow } from '../domain/row.ts';
import type { InputOf } from '../protocol/operations.ts';

/** What an editor gives a session to work with. */
export type Given = Pick<
  acp.NewSessionRequest,
  'cwd' | 'additionalDirectories' | 'systemPrompt' | '_meta'
> & { mcpServers?: readonly acp.McpServer[] };

type Wanted = Pick<
  InputOf<'sessions.create'>,
  'cwd' | 'agent' | 'mcpServers' | 'additionalDirs' | 'instructions'
>;
type Server = NonNullable<Wanted['mcpServers']>[number];

/**
 * The fields of a new session. What is empty is left out: servers and directories are for tokens that may
 * give them, and an editor names none by an empty list.
 */
export function wantedOf(given: Given, agent: string | undefined): Wanted {
  const { cwd, additionalDirectories: more = [], mcpServers = [], systemPrompt, _meta } = given;
  const asked = agentIn(_meta) ?? agent;
  return {
    cwd,
    ...(asked === undefined ? {} : { agent: asked }),
    ...(mcpServers.length === 0 ? {} : { mcpServers: mcpServers.map(serverOf) }),
    ...(more.length === 0 ? {} : { additionalDirs: more }),
    ...(systemPrompt ? { instructions: instructionsOf(systemPrompt) } : {}),
  };
}

/** `_meta.turnkeep.agent` says which agent a session is for. */
function agentIn(meta: unknown): string | undefined {
  if (!isObject(meta ?? null)) return undefined;
  const { turnkeep } = meta as { turnkeep?: unknown };
  const { agent } = (turnkeep ?? {}) as { agent?: unknown };
  if (agent === undefined) return undefined;
  if (typeof agent === 'string') return agent;
  throw refuse('invalid', 'The agent is named by a text.', { field: '_meta' });
}

function serverOf(server: acp.McpServer): Server {
  if (!('type' in server)) {
    const { name, command, args, env } = server;
    return { type: 'stdio', name: nameOf(name), command, args: [...args], env: pairs(env) };
  }
  if (server.type === 'acp') {
    const message = 'A server is a program or an address here: this one has neither.';
    throw refuse('unsupported', message, { field: 'mcpServers' });
  }
  const { type, name, url, headers } = server;
  return { type, name: nameOf(name), url, headers: pairs(headers) };
}

/** Names as agents take them in the names of tools. */
function nameOf(name: string): string {
  return name.replace(/[^A-Za-z0-9_-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '') || name;
}

function pairs(given: readonly { name: string; value: string }[]): Record<string, string> {
  return Object.fromEntries(given.map(({ name, value }) => [name, value]));
}

function instructionsOf({ mode, content }: acp.SystemPrompt): {
  replace?: string;
  append?: string;
} {
  const text = content.map((block) => (block.type === 'text' ? block.text : '')).join('\n');
  return mode === 'override' ? { replace: text } : { append: text };
}

/** A page of sessions as the protocol has them. */
export async function listPage(
  client: Client,
  { cwd, cursor }: acp.ListSessionsRequest,
): Promise<acp.ListSessionsResponse> {
  const { sessions, next } = await client.sessions.list({
    limit: 50,
    archived: false,
    ...(typeof cwd === 'string' ? { cwd } : {}),
    ...(typeof cursor === 'string' ? { cursor } : {}),
  });
  return { sessions: sessions.map(infoOf), ...(next === null ? {} : { nextCursor: next }) };
}

function infoOf(row: SessionRow): acp.SessionInfo {
  const { id, cwd, title, updatedAt, agent, status, key, label } = row;
  return {
    sessionId: id,
    cwd,
    title,
    updatedAt,
    _meta: { turnkeep: { agent, status, key, label } },
  };
}
