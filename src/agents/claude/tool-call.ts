import type { ContentBlock, ToolCall, ToolContent } from '../../domain/content.ts';
import { isObject, type Json, type JsonObject } from '../../domain/json.ts';
import { memberAt, objectAt, textAt } from '../shape.ts';
import { blockOfApi } from './content.ts';
import { keep } from './open-calls.ts';
import type { OpenCall, Reading } from './state.ts';
import { planOf, toolCallOf } from './tools.ts';

export const idChars = 1024;

/** A `tool_use` block: the first state of a call, with its whole input. */
export function readToolUse(reading: Reading, block: Json, parentCall: string | null): void {
  const id = textAt(block, 'id');
  const name = textAt(block, 'name');
  if (id === undefined || id === '' || id.length > idChars || name === undefined) {
    return reading.unrecognized('a tool call without a usable id and name');
  }
  if (reading.state.calls.some((open) => open.toolCall.call === id)) return;
  const input = objectAt(block, 'input') ?? {};
  const plan = planOf(name, input);
  const open: OpenCall = {
    toolCall: toolCallOf(id, name, input),
    parentCall,
    silent: plan !== undefined,
    size: 0,
  };
  if (plan === undefined) tell(reading, open);
  else reading.emit({ type: 'plan', item: reading.nextItem(), items: plan });
  reading.change({ calls: keep(reading.state.calls, open) });
}

export function knownCall(reading: Reading, call: string | undefined): OpenCall | undefined {
  return reading.state.calls.find((open) => open.toolCall.call === call);
}

/** The call goes on with an input that somebody has given it instead of its own. */
export function takeInput(reading: Reading, call: string, input: JsonObject): void {
  const known = knownCall(reading, call);
  if (known === undefined) return;
  const { name, status } = known.toolCall;
  const toolCall: ToolCall = { ...toolCallOf(call, name ?? '', input), status };
  reading.change({ calls: keep(reading.state.calls, { ...known, toolCall }) });
}

/** A `tool_result` block, with the line that carries it: the end of a call. */
export function readToolResult(reading: Reading, block: Json, line: Json): void {
  const id = textAt(block, 'tool_use_id');
  if (id === undefined || id === '' || id.length > idChars) {
    return reading.unrecognized('a tool result without a usable id');
  }
  const known = knownCall(reading, id);
  const failed = memberAt(block, 'is_error') === true;
  const result = objectAt(line, 'tool_use_result');
  // A sub-agent in the background has only begun; its end is told as the end of a task.
  if (known !== undefined && memberAt(result, 'isAsync') === true && !failed) {
    return reading.change({ calls: keep(reading.state.calls, { ...known, background: true }) });
  }
  const call = known ?? strange(id, parentOf(line));
  if (!call.silent || failed) {
    const toolCall = withDone(withOutput(call.toolCall, memberAt(block, 'content')), result);
    tell(reading, { ...call, toolCall: { ...toolCall, status: failed ? 'failed' : 'completed' } });
  }
  forget(reading, id);
}

/** The end of a sub-agent that worked in the background. */
export function endTask(
  reading: Reading,
  call: OpenCall,
  completed: boolean,
  summary: string,
): void {
  const toolCall: ToolCall = {
    ...call.toolCall,
    status: completed ? 'completed' : 'failed',
    output: summary,
  };
  tell(reading, { ...call, toolCall });
  forget(reading, toolCall.call);
}

/** The tool call of the sub-agent that speaks in a line; null for the agent itself. */
export function parentOf(line: Json): string | null {
  const parent = textAt(line, 'parent_tool_use_id');
  return parent === undefined || parent.length > idChars ? null : parent;
}

function tell(reading: Reading, open: OpenCall): void {
  const { toolCall, parentCall } = open;
  const event = { type: 'tool_call', item: reading.nextItem(), toolCall } as const;
  reading.emit(parentCall === null ? event : { ...event, parentCall });
}

function forget(reading: Reading, call: string): void {
  const calls = reading.state.calls.filter((open) => open.toolCall.call !== call);
  reading.change({ calls });
}

/** A result of a call that is not known any more: what it says has this entry only. */
function strange(call: string, parentCall: string | null): OpenCall {
  const toolCall: ToolCall = { call, title: 'A tool', kind: 'other', status: 'in_progress' };
  return { toolCall, parentCall, silent: false, size: 0 };
}

/** A call with what its result says, as the Messages API has it. */
export function withOutput(toolCall: ToolCall, told: Json | undefined): ToolCall {
  if (typeof told === 'string') return { ...toolCall, output: told };
  if (!Array.isArray(told)) return toolCall;
  const blocks = told.map((item: Json) => blockOfApi(item));
  const texts = blocks.flatMap((block) => (block?.type === 'text' ? [block.text] : []));
  const others = blocks.filter(
    (block): block is ContentBlock => block !== undefined && block.type !== 'text',
  );
  const content: ToolContent[] = others.map((block) => ({ type: 'content', content: block }));
  return {
    ...toolCall,
    ...(texts.length === 0 ? {} : { output: texts.join('\n') }),
    ...(content.length === 0 ? {} : { content: [...(toolCall.content ?? []), ...content] }),
  };
}

/** What a `Write` or an `Edit` has really done, as its result tells it: its input may have been changed. */
export function withDone(toolCall: ToolCall, result: JsonObject | undefined): ToolCall {
  const path = textAt(result, 'filePath');
  const diff = path === undefined ? undefined : doneOf(toolCall.name, path, result);
  if (path === undefined || diff === undefined) return toolCall;
  const others = (toolCall.content ?? []).filter((item) => item.type !== 'diff');
  return { ...toolCall, content: [diff, ...others], locations: [{ path }] };
}

function doneOf(
  name: string | undefined,
  path: string,
  result: JsonObject | undefined,
): ToolContent | undefined {
  const original = textAt(result, 'originalFile');
  if (name === 'Write') {
    const newText = textAt(result, 'content');
    const isNew = textAt(result, 'type') === 'create';
    if (newText === undefined || (original === undefined && !isNew)) return undefined;
    return { type: 'diff', path, oldText: original ?? null, newText, whole: true };
  }
  const oldText = textAt(result, 'oldString');
  const newText = textAt(result, 'newString');
  if (name !== 'Edit' || oldText === undefined || newText === undefined) return undefined;
  return {
    type: 'diff',
    path,
    oldText,
    newText,
    ...(original === undefined ? {} : { original }),
    ...(memberAt(result, 'replaceAll') === true ? { everywhere: true as const } : {}),
  };
}

/** Input of a call that a request repeats. */
export function inputOf(request: Json): JsonObject {
  const input = memberAt(request, 'input');
  return isObject(input) ? input : {};
}
