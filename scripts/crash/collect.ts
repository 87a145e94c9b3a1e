import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Entry } from '../../src/domain/entry.ts';
import type { SessionRow } from '../../src/domain/row.ts';
import type { SessionState } from '../../src/domain/session-state.ts';
import type { Store } from '../../src/ports/store.ts';
import { openStore } from '../../src/store/open.ts';
import { markOf } from './oracle/approvals.ts';
import type { SessionFacts } from './facts.ts';
import { digestOf } from './notes.ts';
import type { Rig } from './rig.ts';

/** What the clients of one session know. */
export type Told = Pick<
  SessionFacts,
  'id' | 'settledSeq' | 'sent' | 'aborts' | 'decisions' | 'subscribers'
>;

export interface Places {
  state: string;
  /** The directory in which a session's agent works. */
  work(session: string): string;
  /** What the agents themselves have kept. */
  record: Rig['record'];
}

/** Reads the store and the agents' own records after the daemon has ended. */
export async function collect(
  told: readonly Told[],
  places: Places,
): Promise<{ sessions: SessionFacts[]; storeFaults: readonly string[] }> {
  const store = await openStore({
    dir: places.state,
    onFatal: (error) => {
      throw error;
    },
  });
  try {
    const { turns, model } = await places.record(places.state);
    const rows = await listedRows(store);
    const sessions: SessionFacts[] = [];
    for (const each of told) {
      const effects = await effectsIn(path.join(places.work(each.id), 'effects'));
      const isOwn = ({ prompt }: { prompt: string }): boolean => prompt.startsWith(`p_${each.id}_`);
      const agent = {
        turns: turns.filter(isOwn),
        effects,
        model: model === null ? null : model.filter(isOwn),
      };
      const stored = await storedFacts(store, each.id, rows.get(each.id));
      sessions.push({ ...each, ...stored, agent });
    }
    return { sessions, storeFaults: await store.check() };
  } finally {
    await store.close();
  }
}

async function storedFacts(
  store: Store,
  session: string,
  row: SessionRow | undefined,
): Promise<Pick<SessionFacts, 'log' | 'digests' | 'texts' | 'state' | 'row'>> {
  const loaded = await store.load(session);
  if (loaded === undefined || row === undefined)
    throw new Error(`The store has no session ${session}.`);
  const log: Entry[] = [];
  const texts: Record<string, string> = {};
  for (let after: number | null = 0; after !== null;) {
    const page = await store.history({ session, after, limit: 1000, maxBytes: 1024 * 1024 });
    log.push(...page.entries);
    after = page.next;
  }
  for (const entry of log) {
    if (entry.kind === 'message' || entry.kind === 'thought')
      texts[entry.id] = await textOf(entry, store);
  }
  const state = JSON.parse(loaded.state) as SessionState;
  return { log, digests: log.map(digestOf), texts, state, row };
}

async function textOf(
  entry: Extract<Entry, { kind: 'message' | 'thought' }>,
  store: Store,
): Promise<string> {
  let text = '';
  for (const block of entry.data.content) {
    if (block.type !== 'text') continue;
    const bytes = block.blob && (await store.getBlob(block.blob.digest));
    text += bytes === undefined ? block.text : new TextDecoder().decode(bytes);
  }
  return text;
}

async function listedRows(store: Store): Promise<Map<string, SessionRow>> {
  const rows = new Map<string, SessionRow>();
  let cursor: string | null | undefined;
  while (cursor !== null) {
    const page = await store.sessions({
      sort: 'created',
      limit: 200,
      ...(cursor === undefined ? {} : { cursor }),
    });
    for (const { session, row } of page.rows) rows.set(session, JSON.parse(row) as SessionRow);
    cursor = page.next;
  }
  return rows;
}

async function effectsIn(file: string): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  const text = await readFile(file, 'utf8').catch(() => '');
  for (const line of text.split('\n')) {
    const mark = markOf(line);
    if (mark !== null) counts[mark] = (counts[mark] ?? 0) + 1;
  }
  return counts;
}
