import {
  type Account,
  addSpent,
  type Budget,
  type GlobalBudget,
  nothingSpent,
  oversOf,
  type Spent,
} from '../domain/budget.ts';
import type { NewEntry } from '../domain/entry.ts';
import { evolve } from '../domain/evolve.ts';
import { type SessionState, stateVersion } from '../domain/session-state.ts';
import { spentBy } from '../domain/spent.ts';
import type { Clock } from '../ports/clock.ts';
import type { Store } from '../ports/store.ts';
import type { SessionActor } from './actor.ts';
import { BudgetTimer } from './budget-timer.ts';
import type { Log } from './log.ts';

export interface BudgetsContext {
  clock: Clock;
  store: Store;
  /** Loaded sessions. */
  actors: () => readonly SessionActor[];
  /** The state of a session that is not loaded, where it has to be folded again. */
  rebuild: (session: string) => Promise<SessionState>;
  log: Log;
}

/** A session's budget, and what it and each session that descends from it have used in runs that have ended. */
interface Kept {
  budget: Budget | null;
  parts: Map<string, Spent>;
  /** Of all parts: nobody adds them up for each commit. */
  sum: Spent;
}

/** A budget as it stands. */
export interface Standing<Of extends Budget = Budget> {
  budget: Of | null;
  spent: Spent;
}

/**
 * What is used of the budgets, over sessions: each decides by it in its own transaction. Its numbers are those
 * of logs and tables, taken together once at the start and then commit by commit.
 */
export class Budgets {
  readonly #context: BudgetsContext;
  readonly #timer: BudgetTimer;
  #global: GlobalBudget | null = null;
  #all = nothingSpent;
  #day = { day: '', spent: nothingSpent };
  readonly #kept = new Map<string, Kept>();
  readonly #keeping = new Map<string, Promise<void>>();
  /** Sessions that descend from others: they, their parents and so on. */
  readonly #lines = new Map<string, readonly string[]>();
  /** When the open runs of loaded sessions began. */
  readonly #open = new Map<string, number>();
  /** Limits of accounts that were reached when it was looked last. */
  readonly #reached = new Map<string, ReadonlySet<string>>();
  readonly #ready: Promise<void>;

  constructor(context: BudgetsContext) {
    this.#context = context;
    this.#timer = new BudgetTimer(context.clock, () => this.#look());
    this.#ready = this.#begin();
    // Who asks for a session is told.
    this.#ready.catch(() => undefined);
  }

  async #begin(): Promise<void> {
    const { budgets } = this.#context.store;
    const day = this.#today();
    const [global, all, spent] = await Promise.all([
      budgets.read(),
      budgets.spent(),
      budgets.spent(day),
    ]);
    this.#global = global;
    this.#all = all;
    this.#day = { day, spent };
  }

  /** Before a new session is made. */
  ready(): Promise<void> {
    return this.#ready;
  }

  /** Before a session is loaded. Only where it has a host its open run works: others are of broken imports. */
  async admit(state: SessionState, hosted: boolean): Promise<void> {
    await this.#ready;
    if (state.parent !== null) await this.#admitLine(state.id);
    await this.#keep(state.id, async () => state.budget);
    if (state.run === null || !hosted || this.#open.has(state.id)) return;
    this.#open.set(state.id, Date.parse(state.run.startedAt));
    if (state.run.pending === null) return;
    // That is in no table yet.
    const { amount, currency } = state.run.pending;
    const pending = { ...nothingSpent, cost: { [currency]: amount } };
    this.#add(pending, pending);
  }

  stop(): void {
    this.#timer.stop();
  }

  /** Of sessions from which none of these descends nothing is remembered: it is read again with them. */
  retain(loaded: Iterable<string>): void {
    const needed = new Set([...loaded].flatMap((one) => [one, ...(this.#lines.get(one) ?? [])]));
    for (const memory of [this.#kept, this.#keeping, this.#lines, this.#reached]) {
      for (const one of memory.keys()) {
        if (one !== 'global' && !needed.has(one)) memory.delete(one);
      }
    }
  }

  async #admitLine(session: string): Promise<void> {
    const { store, rebuild } = this.#context;
    const line = await store.lineage(session);
    this.#lines.set(session, line);
    for (const above of line.slice(1)) {
      await this.#keep(above, async () => {
        const loaded = await store.load(above);
        if (loaded === undefined) return null;
        if (loaded.stateVersion !== stateVersion) return (await rebuild(above)).budget;
        return (JSON.parse(loaded.state) as SessionState).budget;
      });
    }
  }

  #keep(session: string, budgetOf: () => Promise<Budget | null>): Promise<void> {
    const known = this.#keeping.get(session);
    if (known !== undefined) return known;
    const keeping = budgetOf().then(async (budget) => {
      const kept = this.#kept.get(session) ?? emptyKept(budget);
      this.#kept.set(session, kept);
      if (kept.budget !== null) await this.#fill(session, kept);
    });
    this.#keeping.set(session, keeping);
    keeping.catch(() => this.#keeping.delete(session));
    return keeping;
  }

  /** What was committed meanwhile is newer than what is read. */
  async #fill(session: string, kept: Kept): Promise<void> {
    const { store } = this.#context;
    const spent = await store.budgets.spentBy(await store.family([session]));
    for (const [one, part] of Object.entries(spent)) if (!kept.parts.has(one)) put(kept, one, part);
  }

  /** The budgets that a session counts towards; `base` is what of it is committed. */
  accounts(base: SessionState, state: SessionState): readonly Account[] {
    const own = state.budget;
    const accounts: Account[] =
      own === null ? [] : [{ of: state.id, budget: own, others: this.#others(state.id, state.id) }];
    for (const above of this.#above(state)) {
      const budget = this.#kept.get(above)?.budget ?? null;
      if (budget !== null)
        accounts.push({ of: above, budget, others: this.#others(above, state.id) });
    }
    if (this.#global !== null) accounts.push(this.#globalAccount(this.#global, base, state));
    return accounts;
  }

  #above({ id, parent }: SessionState): readonly string[] {
    if (parent === null) return [];
    return this.#lines.get(id)?.slice(1) ?? this.#lines.get(parent) ?? [parent];
  }

  #others(account: string, session: string | null): Spent {
    const open = { ...nothingSpent, wallMs: this.#elapsed(account, session, 0) };
    const kept = this.#kept.get(account);
    const own = session === null ? undefined : kept?.parts.get(session);
    const all = addSpent(open, kept?.sum ?? nothingSpent);
    return own === undefined ? all : addSpent(all, own, -1);
  }

  #globalAccount(budget: GlobalBudget, base: SessionState, state: SessionState): Account {
    const before = spentBy(base);
    if (budget.period === 'total') {
      const wallMs = this.#elapsed('global', base.id, 0);
      const others = addSpent(addSpent(this.#all, before, -1), { ...nothingSpent, wallMs });
      return { of: 'global', budget, others };
    }
    const day = this.#today();
    const midnight = Date.parse(day);
    // What its run took on the day before is not of this one.
    const earlier =
      state.run === null ? 0 : Math.max(0, midnight - Date.parse(state.run.startedAt));
    const wallMs = this.#elapsed('global', base.id, midnight) - earlier;
    const others = addSpent(addSpent(this.#ofDay(), before, -1), { ...nothingSpent, wallMs });
    return { of: 'global', budget, others, day };
  }

  /** How long runs have been open that count towards an account, since `from`; but for one session's. */
  #elapsed(account: string, session: string | null, from: number): number {
    const now = this.#context.clock.now();
    let sum = 0;
    for (const [one, startedAt] of this.#open) {
      if (one === session || !this.#isOf(account, one)) continue;
      sum += Math.max(0, now - Math.max(startedAt, from));
    }
    return sum;
  }

  #isOf(account: string, session: string): boolean {
    if (account === 'global' || account === session) return true;
    return this.#lines.get(session)?.includes(account) ?? false;
  }

  /** Called after every commit; `before` is the state before these entries. */
  committed(
    { state, grip }: SessionActor,
    entries: readonly (NewEntry & { seq: number })[],
    before: SessionState,
  ): void {
    const { id, parent, run } = state;
    if (parent !== null && !this.#lines.has(id)) this.#lines.set(id, [id, ...this.#above(state)]);
    const samePending = run?.pending === before.run?.pending;
    const same = state.ran === before.ran && state.usage === before.usage && samePending;
    if (same && state.budget === before.budget) return;
    // One that is open in a log that comes in works nowhere.
    if (run === null || grip === null) this.#open.delete(id);
    else this.#open.set(id, Date.parse(run.startedAt));
    const spent = spentBy(state);
    const more = addSpent(spent, spentBy(before), -1);
    const day = this.#today();
    const isToday = entries.every(({ at }) => at.startsWith(day));
    this.#add(more, isToday ? more : usedOn(day, entries, before));
    this.#keepCommitted(state, before);
    const line = this.#lines.get(id) ?? [id];
    for (const one of line) {
      const kept = this.#kept.get(one);
      if (kept !== undefined && kept.budget !== null) put(kept, id, spent);
    }
    this.#look([...line, 'global']);
  }

  #keepCommitted({ id, budget }: SessionState, before: SessionState): void {
    const kept = this.#kept.get(id) ?? emptyKept(budget);
    this.#kept.set(id, kept);
    if (!this.#keeping.has(id)) this.#keeping.set(id, Promise.resolve());
    kept.budget = budget;
    if (budget === null || before.budget !== null) return;
    this.#fill(id, kept).then(
      () => this.#look([id]),
      (error: unknown) => this.#context.log('budget', { session: id, message: String(error) }),
    );
  }

  #add(more: Spent, ofToday: Spent): void {
    this.#all = addSpent(this.#all, more);
    const ofDay = this.#ofDay();
    const sinceMidnight = this.#context.clock.now() - Date.parse(this.#day.day);
    const today = { ...ofToday, wallMs: Math.min(ofToday.wallMs, sinceMidnight) };
    this.#day = { ...this.#day, spent: addSpent(ofDay, today) };
  }

  #ofDay(): Spent {
    const day = this.#today();
    if (this.#day.day !== day) this.#day = { day, spent: nothingSpent };
    return this.#day.spent;
  }

  #today(): string {
    return new Date(this.#context.clock.now()).toISOString().slice(0, 10);
  }

  /** The budget of all sessions, and what they have used. */
  get global(): Standing<GlobalBudget> {
    const budget = this.#global;
    const byDay = budget?.period === 'day';
    const wallMs = this.#elapsed('global', null, byDay ? Date.parse(this.#today()) : 0);
    const spent = byDay ? this.#ofDay() : this.#all;
    return { budget, spent: addSpent(spent, { ...nothingSpent, wallMs }) };
  }

  async setGlobal(budget: GlobalBudget | null): Promise<void> {
    await this.#ready;
    await this.#context.store.budgets.set(budget);
    this.#global = budget;
    this.#look(['global']);
  }

  /** The budget of a session that is loaded, and what it and all that descend from it have used. */
  async ofSession(state: SessionState): Promise<Standing> {
    const kept = this.#kept.get(state.id);
    if (kept !== undefined && kept.budget !== null) {
      return { budget: kept.budget, spent: this.#others(state.id, null) };
    }
    const asked = emptyKept(null);
    put(asked, state.id, spentBy(state));
    await this.#fill(state.id, asked);
    const wallMs = this.#elapsed(state.id, null, 0);
    return { budget: null, spent: addSpent(asked.sum, { ...nothingSpent, wallMs }) };
  }

  /** Has every run looked at whose budget has come to a limit, whoever's use that was. */
  #look(accounts: Iterable<string> = [...this.#kept.keys(), 'global']): void {
    for (const of of accounts) {
      const standing = this.#standing(of);
      if (standing === null) this.#reached.delete(of);
      else this.#lookAt(of, standing);
      this.#timer.note(of, standing && { ...standing, running: this.#running(of) });
    }
    this.#timer.arm();
  }

  #lookAt(of: string, { budget, spent }: { budget: Budget; spent: Spent }): void {
    const overs = oversOf({ of, budget }, spent);
    const now = new Set(overs.map(({ what, limit, level }) => `${what} ${limit} ${level}`));
    const known = this.#reached.get(of);
    this.#reached.set(of, now);
    if ([...now].some((one) => known?.has(one) !== true)) this.#announce(of);
  }

  #standing(of: string): { budget: Budget; spent: Spent } | null {
    if (of === 'global') {
      const { budget, spent } = this.global;
      return budget && { budget, spent };
    }
    const budget = this.#kept.get(of)?.budget ?? null;
    return budget && { budget, spent: this.#others(of, null) };
  }

  #running(account: string): number {
    return [...this.#open.keys()].filter((one) => this.#isOf(account, one)).length;
  }

  #announce(account: string): void {
    for (const actor of this.#context.actors()) {
      if (actor.state.run === null || !this.#isOf(account, actor.id)) continue;
      const command = { type: 'watch_budget' } as const;
      actor.post({ command, by: { type: 'server' }, ownId: false }).catch((error: unknown) => {
        this.#context.log('budget', { session: actor.id, message: String(error) });
      });
    }
  }
}

function emptyKept(budget: Budget | null): Kept {
  return { budget, parts: new Map(), sum: nothingSpent };
}

function put(kept: Kept, session: string, part: Spent): void {
  const before = kept.parts.get(session) ?? nothingSpent;
  kept.sum = addSpent(addSpent(kept.sum, part), before, -1);
  kept.parts.set(session, part);
}

/** What these entries have used on a day: those that are imported may be of any other. */
function usedOn(
  day: string,
  entries: readonly (NewEntry & { seq: number })[],
  before: SessionState,
): Spent {
  let state = before;
  let sum = nothingSpent;
  for (const entry of entries) {
    const next = evolve(state, entry);
    const more = addSpent(spentBy(next), spentBy(state), -1);
    if (entry.at.startsWith(day)) sum = addSpent(sum, more);
    state = next;
  }
  return sum;
}
