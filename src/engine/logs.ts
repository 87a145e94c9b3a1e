import type { Appended } from '../domain/command.ts';
import { isDormant } from '../domain/decide/owner.ts';
import type { Arriving } from '../domain/draft.ts';
import { type By, digestText, type Entry } from '../domain/entry.ts';
import { refuse, type RefusalError } from '../domain/refusal.ts';
import { rowOf } from '../domain/row.ts';
import type { Clock } from '../ports/clock.ts';
import type { CommitHooks } from '../ports/hooks.ts';
import type { HistoryPage, Store } from '../ports/store.ts';
import type { SessionActor } from './actor.ts';
import type { Registry } from './registry.ts';
import { appendLines } from './native-lines.ts';
import type { ReadLarge } from './read-line.ts';
import { type HeldBlob, seenImport } from './withhold.ts';
import type {
  AppendAnswer,
  AppendInput,
  AppendLinesAnswer,
  AppendLinesInput,
  ImportHeader,
  ImportSink,
  LogOps,
} from './session-ops.ts';

export interface LogsContext {
  registry: Registry;
  store: Store;
  clock: Clock;
  commitHooks: CommitHooks | null;
  readLarge: ReadLarge;
  arriving(session: string): Arriving | null;
  /** Id of this daemon's state directory. */
  server: string;
  /** Times what has to be timed about a session. */
  look: (actor: SessionActor) => void;
}

/** Entries that others than agents write: producers, and the logs of other daemons. */
export class Logs implements LogOps {
  readonly #context: LogsContext;

  constructor(context: LogsContext) {
    this.#context = context;
  }

  async append(session: string, input: AppendInput, by: By): Promise<AppendAnswer> {
    const { registry } = this.#context;
    const actor = await registry.get(session);
    const { expect, epoch } = input;
    const command = {
      type: 'append' as const,
      entries: this.#named(input),
      epoch: { inForce: actor.epoch, ...(epoch === undefined ? {} : { expected: epoch }) },
      ...(expect === undefined ? {} : { expect }),
    };
    const outcome = await actor.post({ command, by, ownId: true });
    const duplicates = new Set(outcome.duplicates);
    const { key, head, lastSeq } = outcome.state;
    const entries = command.entries.map(({ id }) => ({
      id,
      seq: outcome.seqOf(id),
      duplicate: duplicates.has(id),
    }));
    return { key, entries, head, lastSeq };
  }

  appendLines(session: string, input: AppendLinesInput, by: By): Promise<AppendLinesAnswer> {
    return appendLines(this.#context, session, { ...input, by });
  }

  get holdsBlobs(): boolean {
    return this.#context.commitHooks !== null;
  }

  async openImport(header: ImportHeader, by: By): Promise<ImportSink> {
    const { store } = this.#context;
    const { session } = header;
    if (header.arriving === true && this.#context.arriving(session) !== 'expected') {
      throw refuse('fenced', 'This session is not expected here.', { field: 'session' });
    }
    if (await store.purged(session)) {
      throw refuse('id_reused', 'A session with this id was removed for good.', { field: 'id' });
    }
    const created = (await store.load(session)) === undefined;
    if (!created) await this.#demandThere(session);
    return new Import(this.#context, header, { by, created });
  }

  async #demandThere(session: string): Promise<void> {
    const { state } = await this.#context.registry.get(session);
    if (state.deletedAt === null) return;
    const message = 'That session was deleted: sessions.restore brings it back.';
    throw refuse('conflict', message, { field: 'id', data: { session } });
  }

  /** An entry without an id of its own gets one from its producer's number, so that it is known again. */
  #named({ entries, producer }: AppendInput): readonly Appended[] {
    const { clock } = this.#context;
    return entries.map((entry, index) => {
      if (entry.id !== undefined) return { ...entry, id: entry.id };
      if (producer === undefined) return { ...entry, id: clock.newId() };
      const place = JSON.stringify([producer.id, producer.epoch, producer.seq + index]);
      return { ...entry, id: `p${clock.sha256(place).slice(0, 40)}` };
    });
  }
}

type ImportAnswer = Awaited<ReturnType<ImportSink['end']>>;

/** An import under way. The first entries make the session, so that nothing is left where there are none. */
class Import implements ImportSink {
  readonly #context: LogsContext;
  readonly #header: ImportHeader;
  readonly #by: By;
  #created: boolean;
  #exists: boolean;
  #added = 0;
  /** Pieces of it are in: what its log says of its writer in between is no matter. */
  #began = false;
  readonly #changed = new Set<string>();

  constructor(
    context: LogsContext,
    header: ImportHeader,
    { by, created }: { by: By; created: boolean },
  ) {
    this.#context = context;
    this.#header = header;
    this.#by = by;
    this.#created = created;
    this.#exists = !created;
  }

  async add(entries: readonly Entry[], blobs: readonly HeldBlob[] = []): Promise<void> {
    const { registry } = this.#context;
    const { session, agent } = this.#header;
    if (!this.#exists) {
      const made = await registry.create(session, agent, (fresh) =>
        this.#addTo(fresh, entries, blobs),
      );
      this.#exists = true;
      if (made !== null) return;
      // Somebody was faster: what is there has to say the same.
      this.#created = false;
    }
    // Asked for anew each time: while a slow file comes in, the session may have been unloaded.
    await this.#addTo(await registry.get(session), entries, blobs);
  }

  async end(): Promise<ImportAnswer> {
    if (!this.#exists) throw refuse('invalid', 'The log has no entries.');
    const actor = await this.#context.registry.get(this.#header.session);
    if (this.#header.arriving === true) return this.#endArriving(actor);
    const command = { type: 'settle_import' } as const;
    // A host of this daemon is at work in it: nothing in its log is over.
    if (actor.grip === null) {
      await actor.post({ command, by: { type: 'server' }, ownId: false });
    }
    await this.#note(actor);
    this.#context.look(actor);
    return this.#answer(actor);
  }

  /** Nothing is added to it: it goes on with the entry by which its source gives it up. */
  #endArriving(actor: SessionActor): ImportAnswer {
    const { writer } = actor.state;
    if (isDormant(writer, this.#context.server)) return this.#answer(actor);
    const message = 'The log does not end where its source gives it up to this daemon.';
    throw refuse('invalid', message, { field: 'session' });
  }

  #answer({ state }: SessionActor): ImportAnswer {
    return { row: rowOf(state), created: this.#created, added: this.#added };
  }

  async #addTo(
    actor: SessionActor,
    given: readonly Entry[],
    held: readonly HeldBlob[],
  ): Promise<true> {
    const before = actor.state.lastSeq;
    const { entries, blobs } = await this.#seen(actor, given, held);
    await same(actor, entries);
    if (actor.grip !== null && entries.some(({ seq }) => seq > before)) {
      throw refuse('busy', 'An agent writes this log: import when it rests.', { field: 'session' });
    }
    this.#demandWritable(actor, entries);
    const arriving = this.#header.arriving === true ? ({ arriving: true } as const) : {};
    const command = { type: 'import', entries, after: before, ...arriving } as const;
    await actor.post({ command, by: this.#by, ownId: false, blobs });
    // Whole, and as edits left them: only their entries came in.
    await actor.contents.load(actor.state, this.#context.store);
    this.#added += actor.state.lastSeq - before;
    // What was all there already does not make what follows its own.
    if (actor.state.lastSeq > before) this.#began = true;
    return true;
  }

  /** A copy that moves or has moved gets nothing but what its own move brings. */
  #demandWritable({ state }: SessionActor, entries: readonly Entry[]): void {
    const { writer, lastSeq } = state;
    if (this.#header.arriving === true || this.#began || lastSeq === 0) return;
    const copy = writer.state === 'moving' || writer.state === 'moved';
    if (!copy || entries.every(({ seq }) => seq <= lastSeq)) return;
    throw refuse('fenced', 'This session moves or has moved: here it is only read.', {
      field: 'session',
    });
  }

  /** As the before-commit hook of their directories leaves them; what is there already was left so, too. */
  async #seen(
    actor: SessionActor,
    entries: readonly Entry[],
    blobs: readonly HeldBlob[],
  ): Promise<{ entries: readonly Entry[]; blobs: readonly HeldBlob[] }> {
    const { commitHooks, clock } = this.#context;
    if (commitHooks === null) return { entries, blobs };
    const moves = entries.flatMap(({ kind, data }) =>
      kind === 'settings' && data.changes.cwd !== undefined ? [data.changes.cwd] : [],
    );
    const places = [actor.state.cwd, ...moves].filter((place) => place !== '');
    const hook = await commitHooks.of(places);
    if (hook === null) return { entries, blobs };
    const { state: first } = actor;
    const sha256 = (content: string | Uint8Array): string => clock.sha256(content);
    const seen = await seenImport(hook, { first, entries, blobs, sha256 });
    for (const { id, seq } of seen.entries) {
      if (seq > first.lastSeq && seen.changed.has(id)) this.#changed.add(id);
    }
    return seen;
  }

  /** One notice for all of them: between entries that have their seqs none can stand. */
  async #note(actor: SessionActor): Promise<void> {
    const { size } = this.#changed;
    if (size === 0) return;
    const many = size === 1 ? 'one entry' : `${size} entries`;
    const text = `Before they were stored, texts of ${many} of the import were redacted or withheld.`;
    const command = { type: 'note', code: 'withheld', text } as const;
    await actor.post({ command, by: { type: 'server' }, ownId: false });
  }
}

const page = { limit: 500, maxBytes: 1024 * 1024 };

/** What is there already has to say the same; what an entry says is not asked of its file. */
async function same(actor: SessionActor, entries: readonly Entry[]): Promise<void> {
  const { store, clock } = actor.context;
  const known = new Map(
    entries.filter(({ seq }) => seq <= actor.state.lastSeq).map((entry) => [entry.seq, entry]),
  );
  const seqs = [...known.keys()];
  const last = Math.max(0, ...seqs);
  let after: number | null = Math.min(...seqs) - 1;
  while (known.size > 0 && after !== null && after < last) {
    const found: HistoryPage = await store.history({ session: actor.id, after, ...page });
    for (const { seq, digest } of found.entries) {
      const entry = known.get(seq);
      if (entry !== undefined && clock.sha256(digestText(entry)) !== digest) throw differs(seq);
    }
    after = found.next;
  }
}

function differs(seq: number): RefusalError {
  const message = `Entry ${seq} of this session says something else here.`;
  return refuse('conflict', message, { data: { seq } });
}
