import type { GlobalBudget, Spent } from '../domain/budget.ts';
import type { PriceTable } from '../domain/price.ts';

/** The budget of all sessions, and what was used as the tables of usage and runs have it. */
export interface BudgetStore {
  read(): Promise<GlobalBudget | null>;
  /** Null takes it away. */
  set(budget: GlobalBudget | null): Promise<void>;
  /** By all sessions, in all or on a day (UTC). Runs that are open count, how long they last does not. */
  spent(day?: string): Promise<Spent>;
  /** By each of these sessions; absent for nothing. */
  spentBy(sessions: readonly string[]): Promise<{ readonly [session: string]: Spent }>;
}

/** The table by which is estimated what no agent has told. */
export interface Prices {
  readonly table: PriceTable;
  /** The file that has it, and where it cannot be used, why: then the last good table holds. */
  readonly file: string;
  readonly problem: string | null;
}
