import { type ReactNode, useState } from 'react';
import type { Entry, ToolCall } from 'turnkeep/client';
import { Icon } from '../parts/icon.tsx';
import { oneLine } from '../text/harmless.ts';
import { toolViews } from './registry.ts';
import { ToolBody } from './tool-body.tsx';

const statusText: { readonly [Status in ToolCall['status']]: string } = {
  pending: 'waiting',
  in_progress: 'running',
  completed: '',
  failed: 'failed',
  cancelled: 'cancelled',
};

/** A tool call: one line that says what it is, and all of it below. */
export function ToolCard({ entries }: { entries: readonly Entry[] }): ReactNode {
  const call = latestOf(entries);
  const [chosen, setChosen] = useState<boolean | null>(null);
  if (call === undefined) return null;
  const view = toolViews[call.kind];
  const open = chosen ?? view.open(call);
  return (
    <article className={`tool ${call.status}`}>
      <button
        type="button"
        className="tool-head"
        aria-expanded={open}
        onClick={() => setChosen(!open)}
      >
        <span className="fold">
          <Icon name="chevron" />
        </span>
        <span className="tool-verb">
          {call.kind === 'other' ? (call.name ?? view.verb) : view.verb}
        </span>
        <span className="tool-title">{oneLine(call.title, 300)}</span>
        <span className="tool-status">{statusText[call.status]}</span>
      </button>
      {open && <ToolBody call={call} entries={entries} />}
    </article>
  );
}

/** Later states tell only what has changed. */
export function latestOf(entries: readonly Entry[]): ToolCall | undefined {
  let call: ToolCall | undefined;
  for (const entry of entries) {
    if (entry.kind === 'tool_call')
      call = call === undefined ? entry.data : { ...call, ...entry.data };
  }
  return call;
}
