import { roundedMoney } from './price.ts';

/** What may be limited. Money is of one currency; tokens are those of every kind. */
export interface BudgetLimits {
  readonly cost?: { readonly amount: number; readonly currency: string };
  readonly tokens?: number;
  readonly runs?: number;
  /** How long runs last, added up. */
  readonly wallMs?: number;
}
export type BudgetLimit = keyof BudgetLimits;
export const budgetLimits = ['cost', 'tokens', 'runs', 'wallMs'] as const;

export const budgetActions = ['warn', 'ask', 'stop'] as const;

/** What a session and all that descend from it may use, and what happens when they have. */
export interface Budget {
  readonly limits: BudgetLimits;
  readonly action: (typeof budgetActions)[number];
}

/** What all sessions together may use, in all or on one day (UTC). */
export interface GlobalBudget extends Budget {
  readonly period: 'total' | 'day';
}

/** What was used of everything that may be limited. */
export interface Spent {
  readonly tokens: number;
  /** By currency. */
  readonly cost: { readonly [currency: string]: number };
  readonly runs: number;
  readonly wallMs: number;
}

/** A budget that a session counts towards: its own, that of one it descends from, or that of all. */
export interface Account {
  /** Id of the session whose budget it is. */
  readonly of: 'global' | (string & {});
  readonly budget: Budget;
  /** Used by others than the session. */
  readonly others: Spent;
  /** The day on which it counts, where it counts by days. */
  readonly day?: string;
}

/**
 * A limit was reached for the `level`th time: once, twice, three times as much as it allows is used. With
 * another limit, or on another day, it is another crossing.
 */
export interface Crossing {
  readonly of: string;
  readonly what: BudgetLimit;
  readonly limit: number;
  readonly level: number;
  readonly day?: string;
}

/** A crossing and what came of it: people were told, or somebody said whether it may go on. */
export type Remembered = Crossing & { readonly state: 'told' | 'allowed' | 'denied' };

/** A limit that is reached, by how much of what. */
export interface Over extends Crossing {
  readonly spent: number;
  readonly currency?: string;
  readonly action: Budget['action'];
}

export const nothingSpent: Spent = { tokens: 0, cost: {}, runs: 0, wallMs: 0 };

export function addSpent(a: Spent, b: Spent, sign: 1 | -1 = 1): Spent {
  const cost = { ...a.cost };
  for (const [currency, amount] of Object.entries(b.cost)) {
    cost[currency] = roundedMoney((cost[currency] ?? 0) + sign * amount);
  }
  return {
    tokens: a.tokens + sign * b.tokens,
    cost,
    runs: a.runs + sign * b.runs,
    wallMs: a.wallMs + sign * b.wallMs,
  };
}

/** How much of a limit's kind that is. */
export function amountOf(spent: Spent, what: BudgetLimit, limits: BudgetLimits): number {
  return what === 'cost' ? (spent.cost[limits.cost?.currency ?? ''] ?? 0) : spent[what];
}

/** The limits of an account that are reached when this much is used of it in all. */
export function oversOf({ of, budget, day }: Omit<Account, 'others'>, spent: Spent): Over[] {
  const { limits, action } = budget;
  return budgetLimits.flatMap((what) => {
    const limit = what === 'cost' ? limits.cost?.amount : limits[what];
    if (limit === undefined) return [];
    const used = amountOf(spent, what, limits);
    const level = Math.floor(used / limit);
    if (level < 1) return [];
    const currency = what === 'cost' ? { currency: limits.cost!.currency } : {};
    const over = { of, what, limit, level, spent: used, action, ...currency };
    return [day === undefined ? over : { ...over, day }];
  });
}

export function isSameCrossing(a: Crossing, b: Crossing): boolean {
  return a.of === b.of && a.what === b.what && a.limit === b.limit && a.day === b.day;
}

const rememberedCrossings = 32;

/** With a crossing in the place of an earlier one of the same limit. */
export function remember(known: readonly Remembered[], one: Remembered): readonly Remembered[] {
  const others = known.filter((other) => !isSameCrossing(other, one));
  return [...others, one].slice(-rememberedCrossings);
}

/** What is remembered of a crossing; nothing where the limit was reached again since. */
export function memoryOf(known: readonly Remembered[], over: Crossing): Remembered | undefined {
  return known.find((one) => isSameCrossing(one, over) && one.level >= over.level);
}

/** Whether somebody has said no, at whatever level: who wants no more wants none of what follows either. */
export function wasDenied(known: readonly Remembered[], over: Crossing): boolean {
  return known.some((one) => one.state === 'denied' && isSameCrossing(one, over));
}

/** A crossing without what only its message says. */
export function crossingOf({ of, what, limit, level, day }: Crossing): Crossing {
  return { of, what, limit, level, ...(day === undefined ? {} : { day }) };
}
