import { lazy, type ReactNode, Suspense, useState } from 'react';
import { useCell } from '../../state/cell.ts';
import { useConsole } from '../../state/context.ts';
import { count, money, sumOf } from '../../text/amounts.ts';
import { oneLine } from '../../text/harmless.ts';
import { Budgets } from './budgets.tsx';
import { Contexts } from './contexts.tsx';
import { daysOf, type Period, periods } from './period.ts';
import { Shares } from './shares.tsx';
import { type Summaries, useSummaries } from './summary.ts';
import './usage.css';

const DayChart = lazy(() => import('./day-chart.tsx').then((file) => ({ default: file.DayChart })));

/** What was used: by day, agent, model and session; how full contexts are; what may be used. */
export function UsageView(): ReactNode {
  const { now } = useConsole();
  const [period, setPeriod] = useState<Period>(30);
  const days = daysOf(period, useCell(now));
  const told = useSummaries(days[0] ?? '');
  return (
    <div className="page">
      <div className="page-inside usage">
        <header className="usage-head">
          <h1>Usage</h1>
          <fieldset className="periods">
            <legend className="hidden">Period</legend>
            {periods.map((one) => (
              <label key={one}>
                <input
                  type="radio"
                  name="period"
                  checked={one === period}
                  onChange={() => setPeriod(one)}
                />
                {one} days
              </label>
            ))}
          </fieldset>
        </header>
        {told !== null && <Figures told={told} days={days} />}
        <Contexts />
        <Budgets />
      </div>
    </div>
  );
}

function Figures({ told, days }: { told: Summaries; days: readonly string[] }): ReactNode {
  const { router } = useConsole();
  const { total } = told.day;
  return (
    <>
      <dl className="totals">
        <div>
          <dt>Tokens</dt>
          <dd>{count(sumOf(total.tokens))}</dd>
        </div>
        <div>
          <dt>Cost</dt>
          <dd>{total.cost.length === 0 ? 'not told' : total.cost.map(money).join(' + ')}</dd>
        </div>
        <div>
          <dt>Runs</dt>
          <dd>{total.runs.toLocaleString()}</dd>
        </div>
      </dl>
      <Suspense fallback={<div className="chart-place" />}>
        <DayChart rows={told.day.rows} days={days} />
      </Suspense>
      <div className="share-pairs">
        <Shares
          title="By agent"
          rows={told.agent.rows}
          more={told.agent.next !== null}
          nameOf={({ agent }) => oneLine(agent ?? '', 60)}
        />
        <Shares
          title="By model"
          rows={told.model.rows}
          more={told.model.next !== null}
          nameOf={({ model }) => oneLine(model ?? 'not named', 60)}
        />
      </div>
      <Shares
        title="By session"
        rows={told.session.rows}
        more={told.session.next !== null}
        nameOf={({ title, session }) => oneLine(title ?? session ?? '', 90)}
        open={({ session }) =>
          session !== undefined && router.go({ view: 'session', session, seq: null })
        }
      />
    </>
  );
}
