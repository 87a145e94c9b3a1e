import type { ReactNode } from 'react';
import { exact } from '../text/harmless.ts';
import { linesIn, resultText, textAt } from './facts.ts';
import { Result } from './result.tsx';
import type { ToolProps, ToolView } from './registry.ts';

/** What is looked for, where, and what was found. */
export const searchTool: ToolView = {
  verb: () => 'Search',
  title: ({ input }) => textAt(input, 'pattern', 'query'),
  open: () => false,
  Note: Found,
  Body: Search,
};

function Search({ call }: ToolProps): ReactNode {
  const where = textAt(call.input, 'path', 'glob', 'include');
  return (
    <>
      {where !== undefined && (
        <p className="about">
          in <bdi className="mono">{exact(where)}</bdi>
        </p>
      )}
      <Result call={call} as={{ type: 'plain' }} />
    </>
  );
}

function Found({ call }: ToolProps): ReactNode {
  if (call.status !== 'completed') return null;
  const lines = linesIn(resultText(call));
  return (
    <span className="tool-note">{lines === 1 ? '1 line' : `${lines.toLocaleString()} lines`}</span>
  );
}
