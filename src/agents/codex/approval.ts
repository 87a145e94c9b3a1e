import type { AgentEvent } from '../../domain/agent-event.ts';
import type { ApprovalOption, ToolCall } from '../../domain/content.ts';
import type { Json } from '../../domain/json.ts';
import { limits } from '../../domain/limits.ts';
import type { Wanted } from '../../domain/policy.ts';
import { listAt, memberAt, objectAt, sizeOf, textAt } from '../shape.ts';
import { knownCall } from './calls.ts';
import { invalidLine } from './message.ts';
import type { RequestId } from './protocol.ts';
import type { Asked, Reading } from './state.ts';
import { mcpName } from './tool-call.ts';
import { wantedChange, wantedCommand, wantedTool } from './wants.ts';

const titleChars = 1024;
const permissionChars = 16 * 1024;

const allow = { id: 'accept', name: 'Allow', kind: 'allow_once' } as const;
const allowSession = {
  id: 'acceptForSession',
  name: 'Allow for as long as Codex runs',
  kind: 'allow_always',
} as const;
const decline = { id: 'decline', name: 'Deny', kind: 'reject_once' } as const;

type Approval = Omit<Extract<AgentEvent, { type: 'approval' }>, 'type' | 'item' | 'wants'>;

/** `item/commandExecution/requestApproval` */
export function readCommandApproval(reading: Reading, request: RequestId, params: Json): void {
  const call = callOf(params);
  const command = textAt(params, 'command');
  const reason = textAt(params, 'reason');
  const what = command ?? reason ?? hostOf(params) ?? 'A command';
  const known = call === undefined ? undefined : knownCall(reading, call);
  const cwd = textAt(params, 'cwd');
  const toolCall: ToolCall = {
    call: call ?? `request ${String(request)}`,
    title: (known?.toolCall.title ?? what).slice(0, titleChars),
    name: 'exec_command',
    kind: 'execute',
    status: 'pending',
    input: {
      ...(command === undefined ? {} : { command }),
      ...(cwd === undefined ? {} : { cwd }),
      ...(reason === undefined ? {} : { reason }),
    },
  };
  const options = [allow, ...(offersSession(params) ? [allowSession] : []), decline];
  const approval = { request, title: toolCall.title, toolCall, options };
  ask(reading, { params, approval, wants: wantedCommand(params, reading.state.inForce.mode) });
  remember(reading, { type: 'decision', request });
}

/** A command may be allowed for longer only where Codex says so. */
function offersSession(params: Json): boolean {
  return (listAt(params, 'availableDecisions') ?? []).includes('acceptForSession');
}

function hostOf(params: Json): string | undefined {
  const host = textAt(objectAt(params, 'networkApprovalContext'), 'host');
  return host === undefined ? undefined : `Connect to ${host}`;
}

/** `item/fileChange/requestApproval` */
export function readChangeApproval(reading: Reading, request: RequestId, params: Json): void {
  const call = callOf(params);
  const known = call === undefined ? undefined : knownCall(reading, call);
  const toolCall: ToolCall = {
    ...(known?.toolCall ?? {
      call: call ?? `request ${String(request)}`,
      title: 'Edit files',
      kind: 'edit',
    }),
    status: 'pending',
  };
  const options = [allow, allowSession, decline];
  const approval = { request, title: toolCall.title, toolCall, options };
  ask(reading, {
    params,
    approval,
    wants: wantedChange(params, known, reading.state.inForce.mode),
  });
  remember(reading, { type: 'decision', request });
}

/** `mcpServer/elicitation/request` that asks for a tool of a server. */
export function readToolApproval(reading: Reading, request: RequestId, params: Json): void {
  const server = textAt(params, 'serverName') ?? '';
  const meta = objectAt(params, '_meta');
  const name = mcpName(server, textAt(meta, 'tool_name') ?? 'a tool');
  const open = reading.state.calls.findLast(({ toolCall }) => toolCall.name === name);
  const input = memberAt(meta, 'tool_params') ?? null;
  const message = textAt(params, 'message') ?? `Use ${name}`;
  const toolCall: ToolCall = {
    call: open?.toolCall.call ?? `request ${String(request)}`,
    title: (open?.toolCall.title ?? message).slice(0, titleChars),
    name,
    kind: 'other',
    status: 'pending',
    input,
  };
  const persists = (listAt(meta, 'persist') ?? []).includes('session');
  const options = [allow, ...(persists ? [allowSession] : []), decline];
  const approval = { request, title: toolCall.title, toolCall, options };
  ask(reading, { params, approval, wants: wantedTool(params, reading.state.inForce.mode) });
  remember(reading, { type: 'tool', request });
}

/** `item/permissions/requestApproval`: more than the sandbox allows, for the turn or the session. */
export function readPermissions(reading: Reading, request: RequestId, params: Json): void {
  const wanted = memberAt(params, 'permissions') ?? null;
  if (sizeOf(wanted, permissionChars) > permissionChars) {
    reading.unrecognized('permissions that are too many to be asked about');
    return reading.send(invalidLine(request, 'too many permissions at once'));
  }
  const call = callOf(params) ?? `request ${String(request)}`;
  const title = (textAt(params, 'reason') ?? 'More permissions').slice(0, titleChars);
  const toolCall: ToolCall = { call, title, kind: 'other', status: 'pending', input: wanted };
  const options: readonly ApprovalOption[] = [allow, allowSession, decline];
  ask(reading, { params, approval: { request, title, toolCall, options } });
  remember(reading, { type: 'permissions', request, wanted });
}

/** A sub-agent asks inside of the call that began it. */
function ask(
  reading: Reading,
  { params, approval, wants }: { params: Json; approval: Approval; wants?: Wanted | undefined },
): void {
  const thread = textAt(params, 'threadId');
  const call = reading.state.children.find((child) => child.thread === thread)?.call ?? null;
  const item = reading.nextItem();
  const more = wants === undefined ? {} : { wants };
  const parent = call === null ? {} : { parentCall: call };
  reading.emit({ type: 'approval', item, ...approval, ...more, ...parent });
}

/** What an answer has to be depends on what was asked. */
export function remember(reading: Reading, asked: Asked): void {
  const others = reading.state.asked.filter((open) => open.request !== asked.request);
  let room = 8 * permissionChars;
  const kept = [...others, asked]
    .slice(-limits.openApprovals)
    .toReversed()
    .filter((open) => (room -= sizeOf(open as unknown as Json, permissionChars)) > 0)
    .toReversed();
  reading.change({ asked: kept });
}

/** `serverRequest/resolved`: answered, or not waited for any more. */
export function readResolved(reading: Reading, params: Json): void {
  const request = memberAt(params, 'requestId');
  if (typeof request !== 'string' && typeof request !== 'number') {
    return reading.unrecognized('a settled request without an id');
  }
  const asked = reading.state.asked.filter((open) => open.request !== request);
  if (asked.length < reading.state.asked.length) {
    // Of one that was answered this is no news.
    const reason = 'Codex no longer waits for the answer';
    reading.emit({ type: 'request_withdrawn', item: reading.nextItem(), request, reason });
  }
  reading.change({ asked });
}

function callOf(params: Json): string | undefined {
  const call = textAt(params, 'itemId') ?? '';
  return call === '' || call.length > 1024 ? undefined : call;
}
