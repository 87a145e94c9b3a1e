import type { ToolCall } from '../../domain/content.ts';
import type { Json } from '../../domain/json.ts';
import { limits } from '../../domain/limits.ts';
import { sizeOf, tailOf } from '../shape.ts';
import type { OpenCall } from './state.ts';

/**
 * What is remembered of tool calls stays small however many there are and however much they say, because
 * it is stored with every commit: large members are left out, then all members of the oldest calls, then
 * the oldest calls. A later state of such a call lacks what its earlier state in the log has.
 */
const memberChars = 8 * 1024;
const terminalChars = 8 * 1024;
const allChars = 128 * 1024;

/** The calls with this one in its latest state. */
export function keep(calls: readonly OpenCall[], latest: OpenCall): readonly OpenCall[] {
  const at = calls.findIndex((open) => open.toolCall.call === latest.toolCall.call);
  const next = at < 0 ? [...calls, trim(latest)] : calls.with(at, trim(latest));
  return withinBudget(next.length > limits.openToolCalls ? next.slice(1) : next);
}

function withinBudget(calls: readonly OpenCall[]): readonly OpenCall[] {
  let total = calls.reduce((sum, open) => sum + open.size, 0);
  if (total <= allChars) return calls;
  return calls.map((open) => {
    if (total <= allChars) return open;
    const bare = stripped(open);
    total += bare.size - open.size;
    return bare;
  });
}

function trim(open: OpenCall): OpenCall {
  const { input, output, content, locations, ...rest } = open.toolCall;
  const toolCall: ToolCall = { ...rest, title: rest.title.slice(0, 1024) };
  if (input !== undefined && fits(input)) toolCall.input = input;
  if (output !== undefined && fits(output)) toolCall.output = output;
  if (content !== undefined && fits(content as unknown as Json)) toolCall.content = content;
  if (locations !== undefined && fits(locations as unknown as Json)) toolCall.locations = locations;
  const terminal = tailOf(open.terminal, terminalChars);
  const lost = lostOf(open, toolCall);
  return { ...open, toolCall, lost, terminal, size: sizeOfCall(toolCall) + terminal.length };
}

function lostOf(open: OpenCall, kept: ToolCall): OpenCall['lost'] {
  const dropped = (['input', 'content', 'locations'] as const).filter(
    (member) => open.toolCall[member] !== undefined && kept[member] === undefined,
  );
  return [...new Set([...open.lost, ...dropped])];
}

function stripped(open: OpenCall): OpenCall {
  const { call, title, name, kind, status } = open.toolCall;
  const toolCall: ToolCall = { call, title: title.slice(0, 80), kind, status };
  if (name !== undefined) toolCall.name = name;
  const lost = lostOf(open, toolCall);
  return { ...open, toolCall, lost, terminal: '', size: sizeOfCall(toolCall) };
}

function fits(member: Json): boolean {
  return sizeOf(member, memberChars) <= memberChars;
}

function sizeOfCall(toolCall: ToolCall): number {
  return sizeOf(toolCall as unknown as Json, allChars);
}
