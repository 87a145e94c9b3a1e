import { Arguments } from './arguments.tsx';
import { mcpOf } from './facts.ts';
import { Result } from './result.tsx';
import type { ToolView } from './registry.ts';

/** A tool of a server that speaks the Model Context Protocol. */
export const mcpTool: ToolView = {
  verb: (call) => mcpOf(call)?.server ?? 'MCP',
  title: (call) => mcpOf(call)?.tool,
  open: () => false,
  Note: () => <span className="tool-note">MCP</span>,
  Body: ({ call }) => (
    <>
      <Arguments input={call.input} />
      <Result call={call} as={{ type: 'plain' }} />
    </>
  ),
};
