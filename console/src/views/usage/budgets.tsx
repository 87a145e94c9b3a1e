import { type ReactNode, useState } from 'react';
import { useCell } from '../../state/cell.ts';
import { useConsole } from '../../state/context.ts';
import { CopyButton } from '../../parts/copy-button.tsx';
import { titleOf } from '../list/session-line.tsx';
import { useAdministers } from '../settings/use-logins.ts';
import { actionText, type Told, useBudget, usedOf } from './budget.ts';
import { BudgetForm } from './budget-form.tsx';

const command = 'turnkeep budget --cost 50 --per-day --action stop';

/** What may be used: by all sessions together, and by one. */
export function Budgets(): ReactNode {
  const { told, read } = useBudget(null);
  const administers = useAdministers();
  return (
    <section className="budget">
      <h2>Budgets</h2>
      {told !== null && (
        <>
          <BudgetLine name={`All sessions${periodOf(told)}`} told={told} />
          {administers === true && (
            <BudgetForm key={JSON.stringify(told.budget)} session={null} told={told} done={read} />
          )}
          {administers === false && <HowToSet />}
        </>
      )}
      <OneSession />
    </section>
  );
}

/** A login that does not administer cannot set it: what can is said as it is typed. */
function HowToSet(): ReactNode {
  return (
    <p className="hint">
      That of all sessions needs a login that administers, as <code>turnkeep console --admin</code>{' '}
      makes one; or it is set where the daemon runs: <code>{command}</code>{' '}
      <CopyButton text={command} />
    </p>
  );
}

function periodOf({ budget }: Told): string {
  if (budget === null) return '';
  return budget.period === 'day' ? ', each day' : ', in all';
}

function OneSession(): ReactNode {
  const { list } = useConsole();
  const rows = useCell(list.rows);
  const [session, setSession] = useState('');
  const latest = [...rows.values()]
    .filter(({ archived }) => !archived)
    .toSorted((a, b) => (a.lastActivityAt < b.lastActivityAt ? 1 : -1))
    .slice(0, 50);
  if (latest.length === 0) return null;
  return (
    <>
      <label className="budget-line">
        <span>One session, with all that descend from it</span>
        <select
          className="field"
          value={session}
          onChange={(event) => setSession(event.target.value)}
        >
          <option value="">Select a session</option>
          {latest.map((row) => (
            <option key={row.id} value={row.id}>
              {titleOf(row)}
            </option>
          ))}
        </select>
      </label>
      {session !== '' && <SessionBudget key={session} session={session} />}
    </>
  );
}

/** The budget of a session: what is used of it, and the form that sets it. */
function SessionBudget({ session }: { session: string }): ReactNode {
  const { told, read } = useBudget(session);
  if (told === null) return null;
  return (
    <>
      <BudgetLine name="This session" told={told} />
      <BudgetForm key={JSON.stringify(told.budget)} session={session} told={told} done={read} />
    </>
  );
}

function BudgetLine({ name, told }: { name: string; told: Told }): ReactNode {
  return (
    <div className="budget-line" role="group" aria-label={name}>
      <span>{name}</span>
      {told.budget === null && <span className="hint">no budget</span>}
      {usedOf(told).map((one) => (
        <span key={one.name} className={one.share >= 0.8 ? 'gauge is-full' : 'gauge'}>
          {one.name}
          <span className="gauge-track" aria-hidden="true">
            <span style={{ inlineSize: `${Math.min(100, one.share * 100)}%` }} />
          </span>
          <span className="gauge-text">{one.text}</span>
        </span>
      ))}
      {told.budget !== null && <span className="hint">then {actionText[told.budget.action]}</span>}
    </div>
  );
}
