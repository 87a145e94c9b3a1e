import type { ReactNode } from 'react';
import { harmless } from '../text/harmless.ts';
import { LongText } from '../text/long-text.tsx';
import { useOutput } from '../views/session/session-context.ts';
import { Contents } from './contents.tsx';
import type { ToolProps, ToolView } from './registry.ts';

export const executeTool: ToolView = {
  verb: 'Run',
  open: ({ status }) => status === 'in_progress' || status === 'failed',
  Body: Execute,
};

/** The output so far while the command runs, then what the agent says that it was. */
function Execute({ call }: ToolProps): ReactNode {
  const streamed = useOutput(call.call);
  if (streamed !== '') return <LongText text={harmless(streamed)} />;
  return <Contents call={call} />;
}
