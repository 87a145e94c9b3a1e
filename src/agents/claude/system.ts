import type { Json } from '../../domain/json.ts';
import { countAt, listAt, memberAt, objectAt, short, textAt } from '../shape.ts';
import { ignoredSystem } from './ignored.ts';
import { readSessionState } from './result.ts';
import type { Reading } from './state.ts';
import { endTask, knownCall } from './tool-call.ts';

type Reader = (reading: Reading, line: Json) => void;

const readers: { readonly [subtype: string]: Reader } = {
  api_retry: readRetry,
  compact_boundary: readCompaction,
  informational: readWords,
  init: readInit,
  instruction_size_warning: readWords,
  mirror_error: readWords,
  model_fallback: readWords,
  model_refusal_fallback: readWords,
  model_refusal_no_fallback: readWords,
  notification: readWords,
  session_state_changed: readSessionState,
  session_title_changed: readTitle,
  session_writes_lost: readWords,
  status: readStatus,
  task_notification: readTask,
};

/** `system`: what Claude Code tells of itself. */
export function readSystem(reading: Reading, line: Json): void {
  const subtype = textAt(line, 'subtype') ?? '';
  if (Object.hasOwn(readers, subtype)) return readers[subtype]!(reading, line);
  if (Object.hasOwn(ignoredSystem, subtype)) return;
  reading.unrecognized(`a system message of an unknown kind: ${subtype.slice(0, 80)}`);
}

/** Comes with each turn. The session it names counts only once a prompt is in it. */
function readInit(reading: Reading, line: Json): void {
  const model = short(memberAt(line, 'model'));
  const mode = short(memberAt(line, 'permissionMode'));
  reading.report({
    ...(model === undefined ? {} : { model }),
    ...(mode === undefined ? {} : { mode }),
  });
  for (const server of listAt(line, 'mcp_servers') ?? []) readServer(reading, server);
}

/** Without a server of the session the turn goes on; that it does is said once. */
function readServer(reading: Reading, server: Json): void {
  const name = textAt(server, 'name') ?? '';
  const status = textAt(server, 'status') ?? '';
  const { servers } = reading.state;
  if (!servers.includes(name) || !['failed', 'needs-auth'].includes(status)) return;
  reading.change({ servers: servers.filter((other) => other !== name) });
  reading.notice('mcp-server', `The MCP server ${name} is not there: ${status}.`);
}

function readStatus(reading: Reading, line: Json): void {
  const mode = short(memberAt(line, 'permissionMode'));
  if (mode !== undefined) reading.report({ mode });
  const error = textAt(line, 'compact_error');
  if (error !== undefined) reading.notice('agent-compaction', `The agent’s compaction: ${error}`);
}

function readTitle(reading: Reading, line: Json): void {
  const title = short(memberAt(line, 'title'), 1024);
  if (title !== undefined) reading.report({ title });
}

function readRetry(reading: Reading, line: Json): void {
  const status = countAt(line, 'error_status');
  const error = textAt(line, 'error') ?? 'unknown';
  const what = status === undefined ? `The connection broke (${error})` : `${status} (${error})`;
  const attempt = countAt(line, 'attempt') ?? 1;
  const seconds = ((countAt(line, 'retry_delay_ms') ?? 0) / 1000).toFixed(1);
  const of = countAt(line, 'max_retries');
  const count = of === undefined ? `${attempt}` : `${attempt} of ${of}`;
  reading.notice('model-retry', `${what}: attempt ${count} follows in ${seconds} s.`);
}

function readCompaction(reading: Reading, line: Json): void {
  const data = objectAt(line, 'compact_metadata');
  // What was said before it can no longer be named.
  reading.changeTurn({ mark: null });
  const before = countAt(data, 'pre_tokens');
  const after = countAt(data, 'post_tokens');
  const how = textAt(data, 'trigger') ?? 'unknown';
  const tokens = before === undefined || after === undefined ? '' : `, ${before} → ${after} tokens`;
  reading.notice('agent-compaction', `The agent compacted its context (${how}${tokens}).`);
  if (after === undefined) return;
  reading.change({ used: after });
  reading.report({ used: after });
}

/** A task in the background is over: a sub-agent's call ends with it, a command's has ended before. */
function readTask(reading: Reading, line: Json): void {
  const status = textAt(line, 'status') ?? 'completed';
  const summary = textAt(line, 'summary') ?? `The task ended: ${status}.`;
  const call = knownCall(reading, textAt(line, 'tool_use_id'));
  if (call?.background === true) return endTask(reading, call, status === 'completed', summary);
  // A sub-agent that was waited for: its result comes.
  if (call !== undefined) return;
  reading.notice('background-task', summary);
}

const wordMembers = ['content', 'message', 'text', 'error', 'reason'] as const;

/** Something for the user, in words. */
function readWords(reading: Reading, line: Json): void {
  const subtype = textAt(line, 'subtype') ?? '';
  const text = wordMembers.map((key) => textAt(line, key)).find((words) => words !== undefined);
  if (text === undefined) return reading.unrecognized(`a ${subtype} without words`);
  reading.notice(`agent-${subtype.replaceAll('_', '-')}`, text);
}
