import { Result } from './result.tsx';
import type { ToolView } from './registry.ts';

export const thinkTool: ToolView = {
  verb: () => 'Think',
  open: () => false,
  Body: ({ call }) => <Result call={call} as={{ type: 'markdown' }} />,
};
