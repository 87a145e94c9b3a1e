import { type ReactNode, useState } from 'react';
import type { Entry, ToolCall } from 'turnkeep/client';
import { Icon } from '../parts/icon.tsx';
import { exactLine } from '../text/harmless.ts';
import { useAsked } from '../views/session/session-context.ts';
import { viewOf } from './registry.ts';
import { ToolBody } from './tool-body.tsx';

const statusText: { readonly [Status in ToolCall['status']]: string } = {
  pending: 'waiting',
  in_progress: 'running',
  completed: '',
  failed: 'failed',
  cancelled: 'cancelled',
};

interface ToolCardProps {
  entries: readonly Entry[];
  /** What its sub-agent did; none where it is no sub-agent. */
  nested?: ReactNode;
}

/** A tool call: one line that says what it is, and all of it below. */
export function ToolCard({ entries, nested }: ToolCardProps): ReactNode {
  const call = latestOf(entries);
  const [chosen, setChosen] = useState<boolean | null>(null);
  const asked = useAsked(call?.call);
  if (call === undefined) return null;
  const view = viewOf(call, nested !== undefined);
  const open = chosen ?? view.open(call);
  const { Note } = view;
  // Agents say that a call is running while it waits for an answer.
  const waits = asked && call.status === 'in_progress';
  return (
    <article className={`tool ${waits ? 'pending' : call.status}`}>
      <button
        type="button"
        className="tool-head"
        aria-expanded={open}
        onClick={() => setChosen(!open)}
      >
        <span className="fold">
          <Icon name="chevron" />
        </span>
        <span className="tool-verb">{exactLine(view.verb(call), 40)}</span>
        <bdi className="tool-title">{exactLine(view.title?.(call) ?? call.title)}</bdi>
        {Note !== undefined && <Note call={call} entries={entries} />}
        <span className="tool-status">{waits ? statusText.pending : statusText[call.status]}</span>
      </button>
      {open && (
        <ToolBody call={call} entries={entries} {...(nested === undefined ? {} : { nested })} />
      )}
    </article>
  );
}

/** Later states tell only what has changed. */
function latestOf(entries: readonly Entry[]): ToolCall | undefined {
  let call: ToolCall | undefined;
  for (const entry of entries) {
    if (entry.kind === 'tool_call')
      call = call === undefined ? entry.data : { ...call, ...entry.data };
  }
  return call;
}
