import type { ReactNode } from 'react';
import type { SessionRow } from 'turnkeep/client';
import { count } from '../../text/amounts.ts';
import './gauge.css';

/** How full the context of a session is; nothing where the agent has not told it. */
export function ContextGauge({ context }: { context: SessionRow['context'] }): ReactNode {
  const { used, size, known } = context;
  if (!known || size <= 0) return null;
  const percent = Math.min(100, Math.round((used / size) * 100));
  return (
    <span
      className={`gauge${percent >= 80 ? ' is-full' : ''}`}
      title={`${percent} % of the context`}
    >
      <meter className="hidden" min={0} max={100} value={percent} aria-label="Context used" />
      <span className="gauge-track" aria-hidden="true">
        <span style={{ inlineSize: `${percent}%` }} />
      </span>
      <span className="gauge-text">
        {count(used)} of {count(size)}
      </span>
    </span>
  );
}
