import { Contents } from './contents.tsx';
import type { ToolView } from './registry.ts';

export const searchTool: ToolView = {
  verb: 'Search',
  open: () => false,
  Body: ({ call }) => <Contents call={call} />,
};
