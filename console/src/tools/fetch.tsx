import { Contents } from './contents.tsx';
import type { ToolView } from './registry.ts';

export const fetchTool: ToolView = {
  verb: 'Fetch',
  open: () => false,
  Body: ({ call }) => <Contents call={call} />,
};
