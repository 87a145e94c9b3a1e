import { Contents } from './contents.tsx';
import type { ToolView } from './registry.ts';

export const editTool: ToolView = {
  verb: 'Edit',
  open: ({ status }) => status !== 'failed',
  Body: ({ call }) => <Contents call={call} />,
};
