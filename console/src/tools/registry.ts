import type { ReactNode } from 'react';
import type { Entry, ToolCall } from 'turnkeep/client';
import { editTool } from './edit.tsx';
import { executeTool } from './execute.tsx';
import { fetchTool } from './fetch.tsx';
import { otherTool } from './other.tsx';
import { readTool } from './read.tsx';
import { searchTool } from './search.tsx';

/** A tool call as the cards show it: the latest state, with what earlier ones said. */
export interface ToolProps {
  call: ToolCall;
  /** All its entries, the first one first. */
  entries: readonly Entry[];
}

/** How a kind of tool is shown. Each kind has a file of its own. */
export interface ToolView {
  /** What the tool does, in a word, before the title. */
  verb: string;
  /** Whether the card is open before anybody asks. */
  open: (call: ToolCall) => boolean;
  Body: (props: ToolProps) => ReactNode;
}

/** Every kind; one that is missing does not compile. */
export const toolViews: { readonly [Kind in ToolCall['kind']]: ToolView } = {
  read: readTool,
  edit: editTool,
  delete: editTool,
  move: editTool,
  search: searchTool,
  execute: executeTool,
  think: otherTool,
  fetch: fetchTool,
  switch_mode: otherTool,
  other: otherTool,
};
