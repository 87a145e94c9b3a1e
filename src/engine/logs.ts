import type { Appended } from '../domain/command.ts';
import type { By, Entry } from '../domain/entry.ts';
import { refuse, RefusalError } from '../domain/refusal.ts';
import { rowOf, type SessionRow } from '../domain/row.ts';
import type { Clock } from '../ports/clock.ts';
import type { Store } from '../ports/store.ts';
import type { SessionActor } from './actor.ts';
import type { Registry } from './registry.ts';
import type { AppendAnswer, AppendInput, ImportHeader, ImportSink, LogOps } from './session-ops.ts';

export interface LogsContext {
  registry: Registry;
  store: Store;
  clock: Clock;
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
    if (epoch !== undefined && epoch !== actor.epoch) {
      throw refuse('fenced', `The writer of this session has the epoch ${actor.epoch} by now.`, {
        field: 'epoch',
        data: { epoch: actor.epoch },
      });
    }
    const command = {
      type: 'append' as const,
      entries: this.#named(input),
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

  async openImport(header: ImportHeader, by: By): Promise<ImportSink> {
    const { registry, store } = this.#context;
    const { session, agent } = header;
    if (await store.purged(session)) {
      throw refuse('id_reused', 'A session with this id was removed for good.', { field: 'id' });
    }
    if ((await store.load(session)) !== undefined) {
      return sink(await registry.get(session), by, { created: false });
    }
    // The first entries make the session, so that nothing is left where there are none.
    let actor: SessionActor | null = null;
    let opened: ImportSink | null = null;
    return {
      add: async (entries) => {
        if (opened !== null) return opened.add(entries);
        const made = await registry.create(session, agent, async (fresh) => {
          actor = fresh;
          await addTo(fresh, entries, by);
          return true;
        });
        if (made === null) throw refuse('busy', 'The session is being made by somebody else.');
        opened = sink(actor!, by, { created: true, added: actor!.state.lastSeq });
      },
      end: () => {
        if (opened !== null) return opened.end();
        throw refuse('invalid', 'The log has no entries.');
      },
      cancel: () => opened?.cancel(),
    };
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

function sink(
  actor: SessionActor,
  by: By,
  { created, added = 0 }: { created: boolean; added?: number },
): ImportSink {
  let count = added;
  return {
    add: async (entries) => {
      count += await addTo(actor, entries, by);
    },
    end: async (): Promise<{ row: SessionRow; created: boolean; added: number }> => {
      await actor.post({
        command: { type: 'settle_import' },
        by: { type: 'server' },
        ownId: false,
      });
      return { row: rowOf(actor.state), created, added: count };
    },
    cancel: () => undefined,
  };
}

/** How many of the entries were not there. */
async function addTo(actor: SessionActor, entries: readonly Entry[], by: By): Promise<number> {
  const before = actor.state.lastSeq;
  await same(actor, entries);
  await actor.post({ command: { type: 'import', entries }, by, ownId: false });
  return actor.state.lastSeq - before;
}

/** What is there already has to say the same. */
async function same(actor: SessionActor, entries: readonly Entry[]): Promise<void> {
  const known = entries.filter((entry) => entry.seq <= actor.state.lastSeq);
  const [first] = known;
  if (first === undefined) return;
  const { store } = actor.context;
  const query = { session: actor.id, after: first.seq - 1, limit: known.length, maxBytes: 2 ** 31 };
  const stored = (await store.history(query)).entries;
  const differs = known.findIndex((entry, at) => stored[at]?.digest !== entry.digest);
  if (differs === -1) return;
  throw new RefusalError({
    code: 'conflict',
    message: `Entry ${known[differs]!.seq} of this session says something else here.`,
    data: { seq: known[differs]!.seq },
  });
}
