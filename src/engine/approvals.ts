import type { Answer } from '../domain/command.ts';
import type { By, NewEntry } from '../domain/entry.ts';
import { isWithin, type Rule, type SessionPolicy } from '../domain/policy.ts';
import { alreadyDecided } from '../domain/decide/approval.ts';
import { refuse, RefusalError } from '../domain/refusal.ts';
import { rowOf, type SessionRow } from '../domain/row.ts';
import type { Clock } from '../ports/clock.ts';
import type { Policies, PolicyRow } from '../ports/policies.ts';
import type { Store } from '../ports/store.ts';
import type { SessionActor } from './actor.ts';
import type { ApprovalOps, AskAnswer, Asking, DecideAnswer, DecideInput } from './approval-ops.ts';
import type { Outcome } from './mailbox.ts';
import type { Registry } from './registry.ts';
import { within } from './within.ts';

const askTries = 5;

interface Context {
  registry: Registry;
  store: Store;
  clock: Clock;
  policies: Policies;
}

export class Approvals implements ApprovalOps {
  readonly #context: Context;
  /** Who waits for a decision, by the session and the id of what was asked. */
  readonly #waiting = new Map<string, Set<() => void>>();
  #stopped = false;

  constructor(context: Context) {
    this.#context = context;
  }

  /** Called after every commit. */
  committed(session: string, entries: readonly NewEntry[]): void {
    if (this.#waiting.size === 0) return;
    for (const { kind, about } of entries) {
      if ((kind !== 'decision' && kind !== 'answer') || about === undefined) continue;
      for (const release of this.#waiting.get(`${session} ${about}`) ?? []) release();
    }
  }

  /** Who waits is told how it stands: the daemon ends, and the question may not. */
  stop(): void {
    this.#stopped = true;
    for (const waiters of this.#waiting.values()) for (const release of waiters) release();
  }

  async decide(session: string, input: DecideInput, by: By): Promise<DecideAnswer> {
    const { registry, policies } = this.#context;
    const { remember, ...decision } = input;
    const rules = remember === undefined ? null : await this.#toRemember(session, input);
    // Only now: between this and the post it cannot be unloaded.
    const actor = await registry.get(session);
    const remembered =
      remember === undefined || rules === null
        ? {}
        : { remember: { level: remember.level, rules } };
    const command = { type: 'decide' as const, ...decision, ...remembered };
    const outcome = await this.#post(actor, command, by, input.approval);
    const {
      decision: id,
      type: _,
      ...rest
    } = outcome.answer as Extract<Answer, { type: 'decided' }>;
    if (remember?.level === 'directory') policies.changed();
    return {
      key: outcome.state.key,
      decision: { id, seq: outcome.seqOf(id) },
      ...rest,
      ...(remembered.remember === undefined ? {} : { remembered: remembered.remember }),
    };
  }

  async #post(
    actor: SessionActor,
    command: Parameters<SessionActor['post']>[0]['command'],
    by: By,
    approval: string,
  ): Promise<Outcome> {
    try {
      return await actor.post({ command, by, ownId: false });
    } catch (error) {
      throw await this.#decidedBefore(actor.id, approval, error);
    }
  }

  async request(session: string, { id, ask, waitMs }: Asking, by: By): Promise<AskAnswer> {
    const { clock } = this.#context;
    const decided = this.#decided(session, id);
    try {
      const outcome = await this.#ask(session, { id, ask }, by);
      const approval = { id, seq: outcome.seqOf(id) };
      const duplicate = outcome.duplicates.includes(id);
      const { key } = outcome.state;
      let decision = await this.#decisionOf(session, id);
      if (decision === null && waitMs > 0 && !this.#stopped) {
        await within(decided.promise, waitMs, clock);
        decision = await this.#decisionOf(session, id);
      }
      return { key, approval, duplicate, decision };
    } finally {
      decided.cancel();
    }
  }

  /** Again where the policy was changed while it was asked, or the same question was just being stored. */
  async #ask(session: string, { id, ask }: Pick<Asking, 'id' | 'ask'>, by: By): Promise<Outcome> {
    const { registry, policies } = this.#context;
    const wants = ask.kind === 'approval' ? ask.wants : undefined;
    for (let tries = 1; ; tries++) {
      const { state } = await registry.get(session);
      const ruled = wants && {
        ruling: await policies.rule(state, wants),
        ruledBy: state.policy,
      };
      // Only now: between this and the post it cannot be unloaded.
      const actor = await registry.get(session);
      const command = { type: 'ask_outside' as const, id, ask: { ...ask, ...ruled } };
      try {
        return await actor.post({ command, by, ownId: true });
      } catch (error) {
        const busy = error instanceof RefusalError && error.refusal.code === 'busy';
        if (!busy || tries === askTries) throw error;
      }
    }
  }

  async rulesFor(session: string, approval: NewEntry): Promise<readonly Rule[]> {
    const { registry, policies } = this.#context;
    if (approval.kind !== 'approval' || approval.data.wants === undefined) return [];
    const { state } = await registry.get(session);
    return policies.suggest(state, approval.data.wants);
  }

  async policyOf(
    session: string,
  ): Promise<{ row: SessionRow; policy: SessionPolicy; policies: readonly PolicyRow[] }> {
    const { registry, policies } = this.#context;
    const { state } = await registry.get(session);
    const rows = await policies.list();
    const near = rows
      .filter(({ directory }) => directory !== null && isWithin(state.cwd, directory))
      .toSorted((a, b) => (b.directory?.length ?? 0) - (a.directory?.length ?? 0));
    const all = rows.filter(({ directory }) => directory === null);
    return { row: rowOf(state), policy: state.policy, policies: [...near, ...all] };
  }

  /** The rules that are made of an approval: those that were given, or those that allow just that. */
  async #toRemember(
    session: string,
    { approval, remember }: DecideInput,
  ): Promise<readonly Rule[]> {
    const { store, policies } = this.#context;
    if (remember?.rules !== undefined) {
      policies.check(remember.rules, 'rules');
      return remember.rules;
    }
    const entry = await store.entry(session, approval);
    const found = entry === undefined ? [] : await this.rulesFor(session, entry);
    const { state } = await this.#context.registry.get(session);
    const rules =
      remember?.level === 'directory' ? found.map((rule) => placed(rule, state)) : found;
    if (rules.length > 0 || entry?.kind !== 'approval') return rules;
    const message = 'No rule can allow just this: give the rules, or allow it once.';
    throw refuse('unsupported', message, { field: 'remember' });
  }

  /** Resolves when what has that id is decided. */
  #decided(session: string, id: string): { promise: Promise<void>; cancel: () => void } {
    const { promise, resolve } = Promise.withResolvers<void>();
    const name = `${session} ${id}`;
    const waiters = this.#waiting.get(name) ?? new Set();
    this.#waiting.set(name, waiters.add(resolve));
    const cancel = (): void => {
      waiters.delete(resolve);
      if (waiters.size === 0 && this.#waiting.get(name) === waiters) this.#waiting.delete(name);
    };
    return { promise, cancel };
  }

  async #decisionOf(session: string, approval: string): Promise<AskAnswer['decision']> {
    const entry = await this.#context.store.decisionOf(session, approval);
    return entry?.kind === 'decision' || entry?.kind === 'answer' ? entry.data : null;
  }

  /** A decision about something that is no longer remembered as open or decided. */
  async #decidedBefore(session: string, approval: string, error: unknown): Promise<unknown> {
    if (!(error instanceof RefusalError) || error.refusal.code !== 'not_found') return error;
    const entry = await this.#context.store.entry(session, approval);
    if (entry?.kind !== 'approval' && entry?.kind !== 'question') return error;
    const winner = await this.#context.store.decisionOf(session, approval);
    if (winner?.kind !== 'decision' && winner?.kind !== 'answer') return error;
    return alreadyDecided({ ...winner.data, decision: winner.id, by: winner.by });
  }
}

/** A path from the session's directory on means another file in each session: for all of them it is that one. */
function placed(rule: Rule, { cwd }: { cwd: string }): Rule {
  return rule.path?.startsWith('./') === true
    ? { ...rule, path: `${cwd}${rule.path.slice(1)}` }
    : rule;
}
