import type { AgentCommand } from '../agent-event.ts';
import type { Draft } from '../draft.ts';
import type { SettingsChange } from '../entry.ts';
import { limits } from '../limits.ts';
import { refuse } from '../refusal.ts';
import { type AgentSetting, agentSettings, type McpServer, touched } from '../settings.ts';
import type { Applied } from '../command.ts';

/** Writes changed settings: the agent is told at once what it takes while it is open. */
export function changeSettings(draft: Draft, changes: SettingsChange): Applied {
  honoured(draft, changes);
  const live = draft.state.host?.phase === 'open' ? liveOf(draft, changes) : [];
  draft.write(
    'settings',
    { from: 'client', changes, ...(live.length === 0 ? {} : { live }) },
    { runId: null },
  );
  if (live.length > 0) draft.tell({ type: 'set', changes: only(changes, live) });
  return Object.fromEntries(
    touched(changes).map((name) => [name, live.includes(name) ? 'live' : 'next host']),
  );
}

/** A setting that the agent would not honour is refused; taking one back always goes. */
export function honoured(draft: Draft, changes: SettingsChange): void {
  const { settings } = draft.context.agent;
  for (const name of touched(changes)) {
    const value = changes[name];
    const nothing = value === null || (Array.isArray(value) && value.length === 0);
    if (nothing || settings.includes(name)) continue;
    const known = settings.length === 0 ? 'none of them' : settings.join(', ');
    const message = `This agent does not know the setting ${name}; it knows ${known}.`;
    throw refuse('unsupported', message, { field: name });
  }
  if (!draft.context.agent.mcpSecrets) unseen(changes.mcpServers ?? []);
  bounded(draft, changes);
}

/** They stand in the state, which is written with every entry. */
function bounded({ state }: Draft, changes: SettingsChange): void {
  const [field] = touched(changes);
  if (field === undefined) return;
  const after = agentSettings.map((name) => changes[name] ?? state[name]);
  if (new TextEncoder().encode(JSON.stringify(after)).length <= limits.settingsBytes) return;
  const message = `The settings of a session may have at most ${limits.settingsBytes} bytes as JSON.`;
  throw refuse('too_large', message, { field });
}

/** Values of variables and headers are secrets, and there is no way to this agent on which nobody sees them. */
function unseen(servers: readonly McpServer[]): void {
  const found = servers.find(
    (server) => (server.type === 'stdio' ? server.env : server.headers).length > 0,
  );
  if (found === undefined) return;
  const what = found.type === 'stdio' ? 'variables' : 'headers';
  const message = `This agent cannot be given the ${what} of the MCP server ${found.name} unseen.`;
  throw refuse('unsupported', message, { field: 'mcpServers' });
}

function liveOf(draft: Draft, changes: SettingsChange): readonly AgentSetting[] {
  return touched(changes).filter(
    (name) => draft.context.agent.live.includes(name) && changes[name] !== null,
  );
}

function only(
  changes: SettingsChange,
  names: readonly AgentSetting[],
): Extract<AgentCommand, { type: 'set' }>['changes'] {
  return Object.fromEntries(names.map((name) => [name, changes[name]]));
}
