import { Result } from './result.tsx';
import type { ToolView } from './registry.ts';

/** A change of how the agent works, such as the plan with which it wants to begin. */
export const modeTool: ToolView = {
  verb: () => 'Mode',
  open: ({ content }) => content !== undefined && content.length > 0,
  Body: ({ call }) => <Result call={call} as={{ type: 'markdown' }} />,
};
