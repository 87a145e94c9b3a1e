import { type FormEvent, type ReactNode, useState } from 'react';
import { RefusalError } from 'turnkeep/client';
import { useConsole } from '../../state/context.ts';
import { oneLine } from '../../text/harmless.ts';
import {
  type Action,
  actionText,
  type Budget,
  budgetOf,
  type Period,
  periodText,
  setBudget,
  type Told,
  type Written,
  writtenOf,
} from './budget.ts';

const fields: readonly { name: 'cost' | 'tokens' | 'runs' | 'minutes'; text: string }[] = [
  { name: 'cost', text: 'Cost' },
  { name: 'tokens', text: 'Tokens' },
  { name: 'runs', text: 'Runs' },
  { name: 'minutes', text: 'Minutes of work' },
];

/** Sets what a session may use, or all together where none is named. An empty field limits nothing. */
export function BudgetForm({
  session,
  told,
  done,
}: {
  session: string | null;
  told: Told;
  done: () => void;
}): ReactNode {
  const { client } = useConsole();
  const [written, setWritten] = useState<Written>(() => writtenOf(told));
  const [problem, setProblem] = useState<string | null>(null);
  const change = (part: Partial<Written>) => setWritten({ ...written, ...part });
  const set = async (budget: Budget | null) => {
    setProblem(null);
    try {
      await setBudget(client, session, { budget, period: written.period });
      done();
    } catch (error) {
      if (!(error instanceof RefusalError)) throw error;
      setProblem(error.refusal.message);
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void set(budgetOf(written));
  };
  return (
    <form
      className="budget-form"
      aria-label={session === null ? 'Budget of all sessions' : 'Budget of the session'}
      onSubmit={submit}
    >
      <div className="budget-fields">
        {fields.map(({ name, text }) => (
          <label key={name}>
            {name === 'cost' ? `${text} in ${written.currency}` : text}
            <input
              className="field"
              type="number"
              min={0}
              step="any"
              placeholder="no limit"
              value={written[name]}
              onChange={(event) => change({ [name]: event.target.value })}
            />
          </label>
        ))}
        <label>
          When one is reached
          <select
            className="field"
            value={written.action}
            onChange={(event) => change({ action: event.target.value as Action })}
          >
            {Object.entries(actionText).map(([action, text]) => (
              <option key={action} value={action}>
                {text}
              </option>
            ))}
          </select>
        </label>
        {session === null && (
          <label>
            Counted
            <select
              className="field"
              value={written.period}
              onChange={(event) => change({ period: event.target.value as Period })}
            >
              {Object.entries(periodText).map(([period, text]) => (
                <option key={period} value={period}>
                  {text}
                </option>
              ))}
            </select>
          </label>
        )}
      </div>
      {problem !== null && (
        <p className="composer-problem" role="alert">
          {oneLine(problem, 300)}
        </p>
      )}
      <div className="budget-buttons">
        <button type="submit" className="button primary" disabled={budgetOf(written) === null}>
          Set the budget
        </button>
        {told.budget !== null && (
          <button type="button" className="button" onClick={() => void set(null)}>
            Take it away
          </button>
        )}
      </div>
    </form>
  );
}
