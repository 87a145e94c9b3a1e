import type { ReactNode } from 'react';
import { languageOfFile } from '../text/language.ts';
import { linesIn, numberAt, pathOf, resultText } from './facts.ts';
import { Result } from './result.tsx';
import type { ToolProps, ToolView } from './registry.ts';

/** A file that is read, in the colours of its language. */
export const readTool: ToolView = {
  verb: () => 'Read',
  title: pathOf,
  open: () => false,
  Note: Lines,
  Body: ({ call }) => (
    <Result call={call} as={{ type: 'code', language: languageOfFile(pathOf(call) ?? '') }} />
  ),
};

function Lines({ call }: ToolProps): ReactNode {
  const from = call.locations?.[0]?.line ?? numberAt(call.input, 'offset', 'line');
  const lines = call.status === 'completed' ? linesIn(resultText(call)) : 0;
  return (
    <span className="tool-note">
      {lines > 0 && (lines === 1 ? '1 line' : `${lines.toLocaleString()} lines`)}
      {from !== undefined && ` from line ${from}`}
    </span>
  );
}
