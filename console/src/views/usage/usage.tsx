import type { ReactNode } from 'react';
import { useCell } from '../../state/cell.ts';
import { useConsole } from '../../state/context.ts';
import { count, sumOf } from '../../text/amounts.ts';

/** What was used. */
export function UsageView(): ReactNode {
  const rows = useCell(useConsole().list.rows);
  const tokens = rows.values().reduce((sum, { usage }) => sum + sumOf(usage), 0);
  return (
    <div className="page">
      <div className="page-inside">
        <h1>Usage</h1>
        <p>
          {count(tokens)} tokens in {rows.size} sessions.
        </p>
      </div>
    </div>
  );
}
