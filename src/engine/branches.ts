import type { ForkFrom } from '../domain/command.ts';
import type { By, Fidelity, SettingsChange } from '../domain/entry.ts';
import { refuse, RefusalError } from '../domain/refusal.ts';
import { type AgentSetting, agentSettings } from '../domain/settings.ts';
import type { SessionState } from '../domain/session-state.ts';
import type { Clock } from '../ports/clock.ts';
import type { Store } from '../ports/store.ts';
import { lastNode, type LogPlace, placeOfEntry } from './ancestry.ts';
import type { Creation } from './creation.ts';
import type { CreateAnswer } from './engine.ts';
import type { Told } from './prompt-contents.ts';
import type { SessionActor } from './actor.ts';
import { primerOf } from './primers.ts';
import type { Registry } from './registry.ts';
import { seenSummary } from './withhold.ts';
import type { BranchOps, ForkInput } from './session-ops.ts';

export interface BranchContext {
  registry: Registry;
  creation: Creation;
  store: Store;
  clock: Clock;
}

const compactTries = 3;

type Remembered = 'fidelity' | 'nativeId' | 'nativeMark' | 'primer';

/** Compaction and forks: a conversation that goes on from another place than its end. */
export class Branches implements BranchOps {
  readonly #context: BranchContext;

  constructor(context: BranchContext) {
    this.#context = context;
  }

  async compact(
    session: string,
    { keep, summary }: { keep: number; summary?: string },
    by: By,
  ): Promise<{ compacted: boolean; kept: number; reason?: 'short' }> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#compactNow(session, { keep, summary }, by);
      } catch (error) {
        // A turn has passed while it was written what the agent is to be told: that belongs to it.
        const moved = error instanceof RefusalError && error.refusal.code === 'conflict';
        if (!moved || tries === compactTries) throw error;
      }
    }
  }

  async #compactNow(
    session: string,
    { keep, summary: given }: { keep: number; summary: string | undefined },
    by: By,
  ): Promise<{ compacted: boolean; kept: number; reason?: 'short' }> {
    const { registry, store } = this.#context;
    const loaded = await registry.get(session);
    const { head, lastSeq, boundary } = loaded.state;
    const summary = given === undefined ? undefined : await withoutSecrets(loaded, given);
    const after = (boundary ?? 1) - 1;
    const { count, node } = await store.nodeBack(session, { after, back: keep });
    if (count <= keep || node === null) return { compacted: false, kept: count, reason: 'short' };
    const place = { session, seq: lastSeq, node: head };
    const told = await primerOf(this.#context, place, { from: node.seq, summary });
    const command = {
      type: 'compact' as const,
      head,
      keep: node.id,
      keepSeq: node.seq,
      ...(summary === undefined ? {} : { summary }),
      ...(told === null ? {} : { primer: told.ref }),
    };
    // Only now: between this and the post it cannot be unloaded.
    const actor = await registry.get(session);
    const letter = { command, by, ownId: false };
    await actor.post(told === null ? letter : { ...letter, primer: told });
    return { compacted: true, kept: keep };
  }

  async fork(
    session: string,
    input: ForkInput,
    by: By,
  ): Promise<CreateAnswer & { fidelity: Fidelity }> {
    const { registry, store, creation } = this.#context;
    const { at, ...create } = input;
    const actor = await registry.get(session);
    await actor.caughtUp();
    const base = actor.state;
    const place =
      at === undefined ? { session, seq: base.lastSeq } : await placeOfEntry(store, session, at);
    const entry = at ?? (await lastNode(store, place));
    const changes = { ...inherited(base, create.changes.agent), ...create.changes };
    const memory = await this.#memory(base, place, changes);
    const fork: ForkFrom = { ...place, entry, ...memory.from };
    const secrets = await store.secrets(session);
    const made = await creation.create({ ...create, changes }, by, {
      fork,
      secrets,
      ...(at === undefined ? {} : { at }),
      ...(memory.told === undefined ? {} : { primer: memory.told }),
    });
    const fidelity = made.created ? fork.fidelity : await this.#fidelityOf(made.row.id);
    return { ...made, fidelity };
  }

  /** What the agent of a fork that was made before remembers. */
  async #fidelityOf(session: string): Promise<Fidelity> {
    const first = { session, after: 0, kinds: ['fork'], limit: 1, maxBytes: 64 * 1024 } as const;
    const [entry] = (await this.#context.store.history(first)).entries;
    return entry?.kind === 'fork' ? entry.data.fidelity : 'none';
  }

  /**
   * What the agent of a fork remembers: its own memory, where nothing came after it and the copy can be cut
   * off there (it is made later, and the base may have gone on by then); otherwise a text.
   */
  async #memory(
    base: SessionState,
    place: LogPlace,
    { agent, cwd }: SettingsChange,
  ): Promise<{ from: Pick<ForkFrom, Remembered>; told?: Told }> {
    const { registry, store } = this.#context;
    const node = await lastNode(store, place);
    const { fork } = registry.profile(base.agent);
    const whole = place.session === base.id && node === base.head && base.run === null;
    // Agents keep what they remember by directory. What it is still to be told it does not remember.
    const same = agent === base.agent && cwd === base.cwd && base.primer === null;
    const { nativeId, nativeMark } = base;
    if (fork && whole && same && nativeId !== null && nativeMark !== null) {
      return { from: { fidelity: 'exact', nativeId, nativeMark } };
    }
    const told = await primerOf(this.#context, { ...place, node });
    if (told === null) return { from: { fidelity: 'none' } };
    return { from: { fidelity: 'primed', primer: told.ref }, told };
  }
}

/** What a before-commit hook leaves of a summary: its text is put before the entry is. */
async function withoutSecrets(actor: SessionActor, summary: string): Promise<string> {
  const hook = await actor.hook();
  if (hook === null) return summary;
  const left = await seenSummary(hook, actor.id, summary);
  if (left !== null) return left;
  const message = 'The before-commit hook of the directory withholds the summary.';
  throw refuse('invalid', message, { field: 'summary' });
}

/** Names that only the agent of the base understands. */
const namesOfAgent: ReadonlySet<string> = new Set<AgentSetting>(['model', 'effort']);

/** What a fork has of its base: never its key, its queue or its limits of a run. */
function inherited(base: SessionState, other: string | undefined): SettingsChange {
  const { agent, cwd, title, meta, onLost, budget, policy } = base;
  const same = other === undefined || other === agent;
  const names = agentSettings.filter(
    (name) => name !== 'maxTurns' && (same || !namesOfAgent.has(name)),
  );
  const settings = Object.fromEntries(
    names.filter((name) => isSet(base[name])).map((name) => [name, base[name]]),
  );
  return {
    ...settings,
    agent,
    cwd,
    meta,
    onLost,
    policy,
    ...(budget === null ? {} : { budget }),
    ...(title === null ? {} : { title }),
  };
}

function isSet(value: SessionState[(typeof agentSettings)[number]]): boolean {
  return value !== null && !(Array.isArray(value) && value.length === 0);
}
