import type { ForkFrom } from '../domain/command.ts';
import type { BlobRef } from '../domain/content.ts';
import type { By, Fidelity, SettingsChange } from '../domain/entry.ts';
import { limits } from '../domain/limits.ts';
import { Primer } from '../domain/primer.ts';
import { agentSettings } from '../domain/settings.ts';
import type { SessionState } from '../domain/session-state.ts';
import type { Clock } from '../ports/clock.ts';
import type { Store } from '../ports/store.ts';
import { lastNode, type LogPlace, pathBackwards, placeOfEntry } from './ancestry.ts';
import type { Creation } from './creation.ts';
import type { CreateAnswer } from './engine.ts';
import type { Registry } from './registry.ts';
import type { BranchOps, ForkInput } from './session-ops.ts';

export interface BranchContext {
  registry: Registry;
  creation: Creation;
  store: Store;
  clock: Clock;
}

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
    const { registry, store } = this.#context;
    const actor = await registry.get(session);
    const { head, lastSeq, boundary } = actor.state;
    const after = (boundary ?? 1) - 1;
    const { count, node } = await store.nodeBack(session, { after, back: keep });
    if (count <= keep || node === null) return { compacted: false, kept: count, reason: 'short' };
    const place = { session, seq: lastSeq, node: head };
    const told = await this.#primer(place, { from: node.seq, summary });
    if (told !== null) actor.contents.setPrimer(told.ref, told.text);
    const command = {
      type: 'compact' as const,
      keep: node.id,
      keepSeq: node.seq,
      ...(summary === undefined ? {} : { summary }),
      ...(told === null ? {} : { primer: told.ref }),
    };
    await actor.post({ command, by, ownId: false });
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
    const changes = { ...inherited(base), ...create.changes };
    const told = await this.#memory(base, place, { agent: changes.agent ?? base.agent });
    const fork: ForkFrom = { ...place, entry, ...told.from };
    const secrets = await store.secrets(session);
    const made = await creation.create({ ...create, changes }, by, {
      fork,
      secrets,
      ...(at === undefined ? {} : { at }),
      ...(told.text === undefined ? {} : { primer: told.text }),
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
    { agent }: { agent: string },
  ): Promise<{ from: Pick<ForkFrom, Remembered>; text?: string }> {
    const { registry, store } = this.#context;
    const node = await lastNode(store, place);
    const { fork } = registry.profile(base.agent);
    const whole = place.session === base.id && node === base.head && base.run === null;
    const { nativeId, nativeMark } = base;
    if (fork && whole && agent === base.agent && nativeId !== null && nativeMark !== null) {
      return { from: { fidelity: 'exact', nativeId, nativeMark } };
    }
    const from = place.session === base.id ? (base.boundary ?? 1) : 1;
    const told = await this.#primer({ ...place, node }, { from, summary: undefined });
    if (told === null) return { from: { fidelity: 'none' } };
    return { from: { fidelity: 'primed', primer: told.ref }, text: told.text };
  }

  /** A text that tells the conversation up to a place; null where there is none. */
  async #primer(
    place: LogPlace & { node: string | null },
    { from, summary }: { from: number; summary: string | undefined },
  ): Promise<{ ref: BlobRef; text: string } | null> {
    const { store, clock } = this.#context;
    const primer = new Primer(limits.primerChars);
    for await (const entry of pathBackwards(store, place)) {
      if (entry.seq < from || entry.kind === 'reset') break;
      primer.add(entry);
      if (primer.full) break;
    }
    if (primer.empty && summary === undefined) return null;
    const text = primer.text(summary);
    const bytes = new TextEncoder().encode(text);
    return { ref: await store.putBlob(bytes, clock.sha256(bytes)), text };
  }
}

/** What a fork has of its base: never its key, its queue or its limits of a run. */
function inherited(base: SessionState): SettingsChange {
  const { agent, cwd, title, meta, onLost } = base;
  const names = agentSettings.filter((name) => name !== 'maxTurns');
  const settings = Object.fromEntries(
    names.filter((name) => isSet(base[name])).map((name) => [name, base[name]]),
  );
  return { ...settings, agent, cwd, meta, onLost, ...(title === null ? {} : { title }) };
}

function isSet(value: SessionState[(typeof agentSettings)[number]]): boolean {
  return value !== null && !(Array.isArray(value) && value.length === 0);
}
