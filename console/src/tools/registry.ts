import type { ReactNode } from 'react';
import type { Entry, ToolCall } from 'turnkeep/client';
import { agentTool } from './agent.tsx';
import { editTool } from './edit.tsx';
import { executeTool } from './execute.tsx';
import { mcpOf } from './facts.ts';
import { fetchTool } from './fetch.tsx';
import { mcpTool } from './mcp.tsx';
import { modeTool } from './mode.tsx';
import { moveTool } from './move.tsx';
import { otherTool } from './other.tsx';
import { readTool } from './read.tsx';
import { searchTool } from './search.tsx';
import { thinkTool } from './think.tsx';

/** A tool call as the cards show it: the latest state, with what earlier ones said. */
export interface ToolProps {
  call: ToolCall;
  /** All its entries, the first one first. */
  entries: readonly Entry[];
  /** What its sub-agent did; none where it has none. */
  nested?: ReactNode;
}

/** How a kind of tool is shown. Each kind has a file of its own. */
export interface ToolView {
  /** What the tool does, in a word, before the title. */
  verb: (call: ToolCall) => string;
  /** What it is about, where the agent's title is not the best that is known. */
  title?: (call: ToolCall) => string | undefined;
  /** What came of it, in a word, behind the title. */
  Note?: (props: ToolProps) => ReactNode;
  /** Whether the card is open before anybody asks. */
  open: (call: ToolCall) => boolean;
  Body: (props: ToolProps) => ReactNode;
}

/** Every kind; one that is missing does not compile. */
const byKind: { readonly [Kind in ToolCall['kind']]: ToolView } = {
  read: readTool,
  edit: editTool,
  delete: moveTool,
  move: moveTool,
  search: searchTool,
  execute: executeTool,
  think: thinkTool,
  fetch: fetchTool,
  switch_mode: modeTool,
  other: otherTool,
};

/** Names under which agents start others. */
const agents: ReadonlySet<string> = new Set(['Agent', 'Task', 'task', 'spawn_agent']);

export function viewOf(call: ToolCall, nested: boolean): ToolView {
  if (nested || agents.has(call.name ?? '')) return agentTool;
  if (mcpOf(call) !== undefined) return mcpTool;
  return byKind[call.kind];
}
