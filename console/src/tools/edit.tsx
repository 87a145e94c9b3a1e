import type { ReactNode } from 'react';
import type { ToolCall } from 'turnkeep/client';
import { linesIn, diffsOf, pathOf } from './facts.ts';
import { Result } from './result.tsx';
import type { ToolProps, ToolView } from './registry.ts';

/** A file that is changed or written, with what is different in it. */
export const editTool: ToolView = {
  verb: (call) => (isNew(call) ? 'Write' : 'Edit'),
  title: pathOf,
  open: () => true,
  Note: Size,
  Body: ({ call }) => <Result call={call} as={{ type: 'plain' }} />,
};

function isNew(call: ToolCall): boolean {
  const diffs = diffsOf(call);
  if (diffs.length === 0) return call.name === 'Write';
  return diffs.every(({ oldText }) => oldText === null);
}

function Size({ call }: ToolProps): ReactNode {
  const diffs = diffsOf(call);
  if (diffs.length === 0) return null;
  if (diffs.length > 1) return <span className="tool-note">{diffs.length} changes</span>;
  if (!isNew(call)) return null;
  const lines = linesIn(diffs[0]!.newText);
  return <span className="tool-note">{lines === 1 ? '1 line' : `${lines} lines`}</span>;
}
