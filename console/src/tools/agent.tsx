import { type ReactNode, useState } from 'react';
import { oneLine } from '../text/harmless.ts';
import { Markdown } from '../text/markdown.tsx';
import { textAt } from './facts.ts';
import { Result } from './result.tsx';
import type { ToolProps, ToolView } from './registry.ts';

/** Another agent that this one has started. What it does stands in its card. */
export const agentTool: ToolView = {
  verb: ({ input }) => textAt(input, 'subagent_type', 'agent_type') ?? 'Sub-agent',
  title: ({ input }) => textAt(input, 'description'),
  open: ({ status }) => status === 'in_progress',
  Body: SubAgent,
};

function SubAgent({ call, nested }: ToolProps): ReactNode {
  const prompt = textAt(call.input, 'prompt', 'message');
  const [open, setOpen] = useState(false);
  return (
    <>
      {prompt !== undefined && (
        <div className="tool-prose">
          <button
            type="button"
            className="quiet more"
            aria-expanded={open}
            onClick={() => setOpen(!open)}
          >
            {open ? 'What it was asked' : `Asked: ${oneLine(prompt, 90)}`}
          </button>
          {open && <Markdown text={prompt} />}
        </div>
      )}
      {nested}
      <Result call={call} as={{ type: 'markdown' }} />
    </>
  );
}
