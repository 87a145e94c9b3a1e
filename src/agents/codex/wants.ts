import { isObject, type Json } from '../../domain/json.ts';
import type { Wanted } from '../../domain/policy.ts';
import { memberAt, textAt } from '../shape.ts';
import type { OpenCall } from './state.ts';
import { mcpName } from './tool-call.ts';

/** In this mode Codex asks because nothing is to be changed, not because nothing allows it yet. */
const idleMode = 'read-only';

/**
 * What a command that Codex asks about is, for the policy: the text with which it quotes what it runs, a shell
 * with its script. Undefined where more is asked than that, so that a person decides: the host of a network
 * connection, other permissions, input for a command that runs already, a part of a command.
 */
export function wantedCommand(params: Json, mode: string | null): Wanted | undefined {
  const command = textAt(params, 'command');
  const cwd = textAt(params, 'cwd') ?? null;
  if (command === undefined || command.includes('\0') || mode === idleMode) return undefined;
  const isPlain = (textAt(params, 'kind') ?? 'command') === 'command';
  if (!isPlain || beyond.some((key) => (memberAt(params, key) ?? null) !== null)) return undefined;
  if ((memberAt(params, 'environmentId') ?? 'local') !== 'local') return undefined;
  if (cwd !== null && !cwd.startsWith('/')) return undefined;
  return { tool: 'exec_command', kind: 'execute', command, locations: [], cwd };
}

const beyond = ['additionalPermissions', 'approvalId', 'networkApprovalContext'] as const;

/** A change of files: the item that came before the question names them all. */
export function wantedChange(
  params: Json,
  open: OpenCall | undefined,
  mode: string | null,
): Wanted | undefined {
  const locations = open?.paths ?? null;
  if (open === undefined || locations === null || mode === idleMode) return undefined;
  // More than this change: a directory, for as long as the session lasts.
  if ((memberAt(params, 'grantRoot') ?? null) !== null) return undefined;
  if (!locations.every((path) => path.startsWith('/'))) return undefined;
  const { kind } = open.toolCall;
  return { tool: 'apply_patch', kind, command: null, locations, cwd: null };
}

/** A tool of an MCP server. */
export function wantedTool(params: Json, mode: string | null): Wanted | undefined {
  const server = textAt(params, 'serverName') ?? '';
  const tool = textAt(memberAt(params, '_meta'), 'tool_name') ?? '';
  if (server === '' || tool === '' || mode === idleMode) return undefined;
  return { tool: mcpName(server, tool), kind: 'other', command: null, locations: [], cwd: null };
}

/** Whether a form is no form but asks whether a tool may be used. */
export function asksForTool(params: Json): boolean {
  const meta = memberAt(params, '_meta');
  return isObject(meta) && textAt(meta, 'codex_approval_kind') === 'mcp_tool_call';
}
