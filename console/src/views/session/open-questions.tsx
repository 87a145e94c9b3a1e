import type { ReactNode } from 'react';
import { useCell } from '../../state/cell.ts';
import { WithAgents } from '../../approvals/agents.tsx';
import { ApprovalCard } from '../../approvals/approval-card.tsx';
import { useLog } from './session-context.ts';

/** What waits for a person stands above the composer, wherever in the log it was asked. */
export function OpenQuestions(): ReactNode {
  const log = useLog();
  const open = useCell(log.open);
  if (open.length === 0) return null;
  return (
    <div className="open-questions" role="region" aria-label="Waiting for you">
      <WithAgents>
        {open.map((entry) => (
          <ApprovalCard key={entry.id} session={log.id} entry={entry} />
        ))}
      </WithAgents>
    </div>
  );
}
