import type { By, Entry, EntryOf, NewEntry } from '../domain/entry.ts';
import { refuse } from '../domain/refusal.ts';
import type { Clock } from '../ports/clock.ts';
import type { Files } from '../ports/files.ts';
import type { RunRow, Store } from '../ports/store.ts';
import type { SessionActor } from './actor.ts';
import type { Log } from './log.ts';
import type { Registry } from './registry.ts';
import { Restores } from './restores.ts';
import type { RestoreAnswer, RestoreInput, SnapshotOps } from './session-ops.ts';
import { Snapshots } from './snapshots.ts';
import { within } from './within.ts';

export interface FileHistoryContext {
  store: Store;
  clock: Clock;
  registry: Registry;
  /** How much of a file is kept; 0 for nothing. */
  files: { files: Files; maxBytes: number } | undefined;
  log: Log;
}

/** Runs, newest first, whose calls a daemon may not have come to before it ended. */
const latestRuns = 32;
const callsPage = { limit: 1000, maxBytes: 1024 * 1024 };
const closeMs = 2000;

/** What is known of files that agents read and wrote, and their way back. */
export class FileHistory implements SnapshotOps {
  readonly #context: FileHistoryContext;
  readonly #snapshots: Snapshots | null = null;
  readonly #restores: Restores | null = null;
  #stopped = false;

  constructor(context: FileHistoryContext) {
    this.#context = context;
    const { store, clock, registry, files, log } = context;
    if (files === undefined) return;
    // What is under way at a shutdown is written by those that are loaded.
    const actorOf = async (session: string): Promise<SessionActor> => {
      const loaded = registry.closed
        ? registry.present.find(({ id }) => id === session)
        : undefined;
      return loaded ?? registry.get(session);
    };
    const common = { store, clock, actorOf, log, ...files };
    this.#snapshots = new Snapshots(common);
    this.#restores = new Restores(common);
  }

  committed(actor: SessionActor, entries: readonly (NewEntry | Entry)[]): void {
    this.#snapshots?.committed(actor, entries);
  }

  /** Goes on with what a daemon before this one had begun, or had not come to. */
  async recover(): Promise<void> {
    try {
      for (const { session } of await this.#context.store.openRestores()) {
        await this.#try(session, () => this.#restores?.settle(session));
      }
      for (const run of await this.#runs()) {
        if (this.#stopped) return;
        await this.#try(run.session, () => this.#recoverRun(run));
      }
    } catch (error) {
      // A daemon that ends before it serves closes its store meanwhile.
      if (this.#stopped) return;
      this.#context.log('snapshot.recover', { message: String(error) });
    }
  }

  restore(session: string, input: RestoreInput, by: By): Promise<RestoreAnswer> {
    if (this.#restores === null) throw refuse('unsupported', 'This daemon has no files.');
    return this.#restores.restore(session, input, by);
  }

  /** Resolves when nothing waits to be looked at. */
  async idle(): Promise<void> {
    await this.#snapshots?.idle();
  }

  /** Waits a while for what is to be looked at, and leaves the rest to the next start. */
  async close(): Promise<void> {
    this.#stopped = true;
    await within(this.idle(), closeMs, this.#context.clock);
    this.#snapshots?.stop();
  }

  async #runs(): Promise<readonly RunRow[]> {
    const { store } = this.#context;
    const open = await store.runs({ open: true, limit: 200 });
    const latest = await store.runs({ open: false, limit: latestRuns });
    return [...open.runs, ...latest.runs];
  }

  /** Its session is loaded only where there is something to be done. */
  async #recoverRun({ session, run, endedAt }: RunRow): Promise<void> {
    const { store, registry } = this.#context;
    if (this.#snapshots === null) return;
    // One of a log that was imported has had no host here: its files are another machine's.
    if ((await store.runSpans(session, run)).length === 0) return;
    const query = { session, run, kinds: ['tool_call' as const], before: Number.MAX_SAFE_INTEGER };
    const { entries } = await store.history({ ...query, ...callsPage });
    const calls = entries.filter(
      (entry): entry is EntryOf<'tool_call'> & Entry => entry.kind === 'tool_call',
    );
    const { entries: known } = await store.snapshots({ session, run, changes: 'all', limit: 1000 });
    const looked = new Set(known.map(({ about }) => about));
    const missed = calls.toReversed().filter(({ id, about }) => !looked.has(about ?? id));
    if (missed.length === 0 && endedAt !== null) return;
    const actor = await registry.get(session);
    if ((await actor.hook()) === null) this.#snapshots.recover(actor, missed);
  }

  async #try(session: string, act: () => Promise<void> | undefined): Promise<void> {
    try {
      await act();
    } catch (error) {
      this.#context.log('snapshot.recover', { session, message: String(error) });
    }
  }
}
