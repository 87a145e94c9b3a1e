import type { ToolCall } from '../../domain/content.ts';
import type { Json } from '../../domain/json.ts';
import { limits } from '../../domain/limits.ts';
import { sizeOf } from '../shape.ts';
import type { OpenCall } from './state.ts';

/**
 * What is remembered of tool calls stays small, because it is stored with every snapshot: large members
 * are left out, then all members of the oldest calls, then the oldest calls. A later state of such a call
 * lacks what its earlier state in the log has.
 */
const memberChars = 8 * 1024;
const allChars = 128 * 1024;

/** The calls with this one as the latest. */
export function keep(calls: readonly OpenCall[], latest: OpenCall): readonly OpenCall[] {
  const others = calls.filter((open) => open.toolCall.call !== latest.toolCall.call);
  const next = [...others, trim(latest)].slice(-limits.openToolCalls);
  let total = next.reduce((sum, open) => sum + open.size, 0);
  return next.map((open) => {
    if (total <= allChars) return open;
    const bare = strip(open);
    total += bare.size - open.size;
    return bare;
  });
}

function trim(open: OpenCall): OpenCall {
  const { input, content, locations, output: _, ...rest } = open.toolCall;
  const toolCall: ToolCall = { ...rest };
  if (input !== undefined && fits(input)) toolCall.input = input;
  if (content !== undefined && fits(content as unknown as Json)) toolCall.content = content;
  if (locations !== undefined && fits(locations as unknown as Json)) toolCall.locations = locations;
  return { ...open, toolCall, size: sizeOfCall(toolCall) };
}

function strip(open: OpenCall): OpenCall {
  const { call, title, name, kind, status } = open.toolCall;
  const toolCall: ToolCall = { call, title: title.slice(0, 80), kind, status };
  if (name !== undefined) toolCall.name = name;
  return { ...open, toolCall, size: sizeOfCall(toolCall) };
}

function fits(member: Json): boolean {
  return sizeOf(member, memberChars) <= memberChars;
}

function sizeOfCall(toolCall: ToolCall): number {
  return sizeOf(toolCall as unknown as Json, allChars);
}
