import type { ReactNode } from 'react';
import type { SessionRow } from 'turnkeep/client';
import { SessionMenu } from '../../history/session-menu.tsx';
import { Icon } from '../../parts/icon.tsx';
import { StatusMark, StatusText } from '../../parts/status.tsx';
import { useConsole } from '../../state/context.ts';
import { count, money, sumOf } from '../../text/amounts.ts';
import { oneLine } from '../../text/harmless.ts';
import { titleOf } from '../list/session-line.tsx';
import { ContextGauge } from '../usage/context-gauge.tsx';

/** What the session is, how it is, and what it has used. */
export function SessionHead({ row }: { row: SessionRow | undefined }): ReactNode {
  const { router } = useConsole();
  return (
    <header className="session-head">
      <button
        type="button"
        className="quiet icon back"
        aria-label="Back to the list"
        onClick={() => router.go({ view: 'sessions' })}
      >
        <Icon name="back" />
      </button>
      {row !== undefined && (
        <>
          <div className="session-name">
            <h1>{titleOf(row)}</h1>
            <p title={row.cwd}>
              {row.agent}
              {row.modelInForce !== null && ` · ${oneLine(row.modelInForce.id, 40)}`}
              <span className="where"> · {oneLine(row.cwd, 80)}</span>
            </p>
          </div>
          <dl className="session-facts">
            <div>
              <dt className="hidden">State</dt>
              <dd>
                <StatusMark row={row} /> <StatusText row={row} />
              </dd>
            </div>
            {row.context.known && (
              <div className="fact-context">
                <dt className="hidden">Context</dt>
                <dd>
                  <ContextGauge context={row.context} />
                </dd>
              </div>
            )}
            {sumOf(row.usage) > 0 && (
              <div className="fact-tokens">
                <dt className="hidden">Tokens</dt>
                <dd>{count(sumOf(row.usage))} tokens</dd>
              </div>
            )}
            {row.cost !== null && (
              <div>
                <dt className="hidden">Cost</dt>
                <dd>{money(row.cost)}</dd>
              </div>
            )}
          </dl>
          <SessionMenu row={row} />
        </>
      )}
    </header>
  );
}
