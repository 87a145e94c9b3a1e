import { useCallback, useEffect, useState } from 'react';
import { type Client, type InputOf, type OutputOf, RefusalError } from 'turnkeep/client';
import { useConsole } from '../../state/context.ts';
import { count, money } from '../../text/amounts.ts';
import { duration } from '../../text/time.ts';

export type Told = OutputOf<'budgets.get'>;
export type Budget = NonNullable<InputOf<'sessions.patch'>['budget']>;
export type Action = Budget['action'];
/** Over which time a budget of all sessions counts. */
export type Period = NonNullable<NonNullable<InputOf<'budgets.set'>['budget']>['period']>;

export const periodText: Record<Period, string> = {
  day: 'each day (UTC)',
  total: 'in all',
};

export const actionText: Record<Action, string> = {
  warn: 'tell it in the log',
  ask: 'ask whether to go on',
  stop: 'stop the run',
};

/** The budget of a session, or of all; `read` asks for it again. */
export function useBudget(session: string | null): { told: Told | null; read: () => void } {
  const { client } = useConsole();
  const [told, setTold] = useState<Told | null>(null);
  const [round, setRound] = useState(0);
  const read = useCallback(() => setRound((now) => now + 1), []);
  useEffect(() => {
    const stop = new AbortController();
    const asked = session === null ? {} : { session };
    client.budgets.get(asked, { signal: stop.signal }).then(setTold, (error: unknown) => {
      // Without an answer nothing is shown, and nothing can be set.
      if (!stop.signal.aborted && !(error instanceof RefusalError)) throw error;
    });
    return () => stop.abort();
  }, [client, session, round]);
  return { told, read };
}

/** One limit, with what is used of it. */
export interface Used {
  name: string;
  text: string;
  share: number;
}

export function usedOf({ budget, spent }: Told): Used[] {
  if (budget === null) return [];
  const { cost, tokens, runs, wallMs } = budget.limits;
  const used: Used[] = [];
  if (cost !== undefined) {
    const is = spent.cost.find(({ currency }) => currency === cost.currency)?.amount ?? 0;
    const of = (amount: number) => money({ amount, currency: cost.currency });
    used.push({ name: 'Cost', text: `${of(is)} of ${of(cost.amount)}`, share: is / cost.amount });
  }
  if (tokens !== undefined) {
    const text = `${count(spent.tokens)} of ${count(tokens)}`;
    used.push({ name: 'Tokens', text, share: spent.tokens / tokens });
  }
  if (runs !== undefined) {
    used.push({ name: 'Runs', text: `${spent.runs} of ${runs}`, share: spent.runs / runs });
  }
  if (wallMs !== undefined) {
    const text = `${duration(spent.wallMs)} of ${duration(wallMs)}`;
    used.push({ name: 'Time', text, share: spent.wallMs / wallMs });
  }
  return used;
}

/** What was written into the form; a field that is left empty limits nothing. */
export interface Written {
  cost: string;
  currency: string;
  tokens: string;
  runs: string;
  minutes: string;
  action: Action;
  /** Of one session it is always all of its time. */
  period: Period;
}

export function writtenOf({ budget }: Told): Written {
  const { cost, tokens, runs, wallMs } = budget?.limits ?? {};
  const text = (value: number | undefined) => (value === undefined ? '' : String(value));
  return {
    cost: text(cost?.amount),
    currency: cost?.currency ?? 'USD',
    tokens: text(tokens),
    runs: text(runs),
    minutes: text(wallMs === undefined ? undefined : wallMs / 60_000),
    action: budget?.action ?? 'ask',
    period: budget === null ? 'day' : (budget.period ?? 'total'),
  };
}

/** Null: no limit is named. What is no number is for the daemon to refuse. */
export function budgetOf({
  cost,
  currency,
  tokens,
  runs,
  minutes,
  action,
}: Written): Budget | null {
  const limits = {
    ...(cost === '' ? {} : { cost: { amount: Number(cost), currency } }),
    ...(tokens === '' ? {} : { tokens: Number(tokens) }),
    ...(runs === '' ? {} : { runs: Number(runs) }),
    ...(minutes === '' ? {} : { wallMs: Number(minutes) * 60_000 }),
  };
  return Object.keys(limits).length === 0 ? null : { limits, action };
}

/** Sets the budget of a session, or of all where none is named. */
export async function setBudget(
  client: Client,
  session: string | null,
  { budget, period }: { budget: Budget | null; period: Period },
): Promise<void> {
  if (session !== null) await client.sessions.patch({ session, budget });
  else await client.budgets.set({ budget: budget && { ...budget, period } });
}
