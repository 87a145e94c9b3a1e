import { type ReactNode, useMemo } from 'react';
import type { ToolCall } from 'turnkeep/client';
import { changesOf } from './changes.ts';
import { Counts } from './diff.tsx';
import { type DiffContent, linesIn, diffsOf, pathOf } from './facts.ts';
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
  if (diffs.length > 1) return <span className="tool-note">{diffs.length} changes</span>;
  const [diff] = diffs;
  if (diff === undefined) return null;
  if (!isNew(call)) return <Changed diff={diff} />;
  const lines = linesIn(diff.newText);
  return <span className="tool-note">{lines === 1 ? '1 line' : `${lines} lines`}</span>;
}

/** How much is different, where all of it is here; else it stands with what is shown. */
function Changed({ diff }: { diff: DiffContent }): ReactNode {
  const { oldText, newText, oldBlob, newBlob } = diff;
  const changes = useMemo(() => changesOf(oldText ?? '', newText), [oldText, newText]);
  if (changes === null || oldBlob !== undefined || newBlob !== undefined) return null;
  return <Counts added={changes.added} removed={changes.removed} />;
}
