import type { ReactNode } from 'react';
import type { SessionRow } from 'turnkeep/client';
import './status.css';

/** What a person is told of a session's state. All of it is from the log. */
export type Condition =
  | 'needs'
  | 'working'
  | 'stopping'
  | 'stalled'
  | 'queued'
  | 'failed'
  | 'done'
  | 'new'
  | 'away';

export const conditionText: Record<Condition, string> = {
  needs: 'needs you',
  working: 'working',
  stopping: 'stopping',
  stalled: 'stalled',
  queued: 'queue held',
  failed: 'failed',
  done: 'done',
  new: 'not begun',
  away: 'elsewhere',
};

export function conditionOf(row: SessionRow): Condition {
  switch (row.status) {
    case 'waiting':
      return 'needs';
    case 'starting':
    case 'working':
      return 'working';
    case 'stopping':
      return 'stopping';
    case 'stalled':
      return 'stalled';
    case 'readonly':
      return 'away';
    case 'draft':
      return 'new';
    case 'idle': {
      if (row.held && row.queued > 0) return 'queued';
      if (row.lastRun === null) return 'new';
      return row.lastRun.outcome === 'completed' || row.lastRun.outcome === 'cancelled'
        ? 'done'
        : 'failed';
    }
  }
}

/** A mark beside a session: its colour and its form say the same. */
export function StatusMark({ row }: { row: SessionRow }): ReactNode {
  const condition = conditionOf(row);
  return (
    <span className={`mark ${condition}`} role="img" aria-label={conditionText[condition]}>
      <span />
    </span>
  );
}

export function StatusText({ row }: { row: SessionRow }): ReactNode {
  const condition = conditionOf(row);
  return <span className={`status-text ${condition}`}>{conditionText[condition]}</span>;
}
