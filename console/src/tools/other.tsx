import { Arguments } from './arguments.tsx';
import { Result } from './result.tsx';
import type { ToolView } from './registry.ts';

/** A tool of which nothing more is known than what it was given and what it answered. */
export const otherTool: ToolView = {
  verb: ({ name }) => name ?? 'Tool',
  open: () => false,
  Body: ({ call }) => (
    <>
      <Arguments input={call.input} />
      <Result call={call} as={{ type: 'plain' }} />
    </>
  ),
};
