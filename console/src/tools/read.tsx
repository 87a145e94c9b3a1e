import { Contents } from './contents.tsx';
import type { ToolView } from './registry.ts';

export const readTool: ToolView = {
  verb: 'Read',
  open: () => false,
  Body: ({ call }) => <Contents call={call} />,
};
