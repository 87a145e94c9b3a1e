import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { SessionColumns, SessionQuery, Store } from '../../src/ports/store.ts';
import { Connection } from '../../src/store/connection.ts';
import { openStore } from '../../src/store/open.ts';
import { readSessions } from '../../src/store/sessions.ts';
import { append, batch, first, state, tempDir } from './sample.ts';

const count = 10_000;
let dir: string;
let remove: () => void;
let store: Store;

const timeOf = (index: number): string => new Date(1.7e12 + index * 1000).toISOString();
const named = (index: number): string => `s${String(index).padStart(6, '0')}`;

function columnsOf(index: number, at = timeOf(index)): Partial<SessionColumns> {
  return {
    createdAt: timeOf(index),
    updatedAt: at,
    lastActivityAt: at,
    title: `title ${index}`,
    label: `label ${index % 100}`,
    agent: index % 150 === 0 ? 'rare' : 'scripted',
    parent: index % 200 === 100 ? 's000000' : null,
    status: index % 200 === 0 ? 'running' : 'idle',
    archived: index % 3 === 0,
    cwd: `/work/${index % 2}`,
    meta: { team: String(index % 300) },
    deletedAt: index % 500 === 1 ? at : null,
    row: JSON.stringify({ text: 'x'.repeat(900) }),
  };
}

beforeAll(async () => {
  ({ dir, remove } = tempDir());
  store = await openStore({
    dir,
    onFatal: (error) => {
      throw error;
    },
  });
  await store.append(
    Array.from({ length: count }, (_, index) =>
      batch(named(index), [], { ...first, state: state(columnsOf(index)) }),
    ),
  );
}, 60_000);
afterAll(async () => {
  await store.close();
  remove();
});

test('L6: a page of 10,000 sessions holds what was asked for and no more, whatever the filter', async () => {
  const middle = await store.sessions({ sort: 'created', limit: 200 });
  const queries = {
    first: {},
    deep: { cursor: middle.next ?? '' },
    activity: { sort: 'activity' },
    running: { status: ['running'] },
    label: { label: 'label 7' },
    parent: { parent: 's000000' },
    meta: { meta: { team: '12' } },
    cwd: { cwd: '/work/1' },
    agent: { agent: 'rare' },
    nothing: { text: 'not there at all' },
    text: { text: 'title 99' },
    archived: { archived: true },
    present: { archived: false },
    deleted: { deleted: true },
    since: { updatedSince: timeOf(count - 20) },
  } as const;
  const found: Record<string, number> = {};
  for (const [name, query] of Object.entries(queries)) {
    const page = await store.sessions({ sort: 'created', limit: 50, ...query });
    found[name] = page.rows.length;
    expect(new Set(page.rows.map((row) => row.session)).size, name).toBe(page.rows.length);
  }
  const all = Object.fromEntries(Object.keys(queries).map((name) => [name, 50]));
  expect(found).toEqual({ ...all, meta: 34, nothing: 0, deleted: 20, since: 20 });
});

/** How SQLite finds the rows of a page, and whether it has to sort them. */
function planOf(connection: Connection, query: Partial<SessionQuery>): string[] {
  const asked = vi.spyOn(connection, 'all');
  readSessions(connection, { sort: 'created', limit: 50, ...query }, '');
  const [sql = '', ...values] = asked.mock.calls.at(-1) ?? [];
  asked.mockRestore();
  return connection
    .all<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`, ...values)
    .map(({ detail }) => detail.replace(/^(SCAN|SEARCH) s USING INDEX (\w+).*/, '$2'))
    .filter((detail) => /^sessions_|TEMP|\bs\b/.test(detail));
}

test('L6: a page is found by an index that has its order, or by what leaves few rows', () => {
  const connection = Connection.reader(join(dir, 'turnkeep.db'));
  const plans: readonly (readonly [Partial<SessionQuery>, ...string[]])[] = [
    [{}, 'sessions_created'],
    [{ agent: 'scripted' }, 'sessions_agent'],
    [{ cwd: '/work/1' }, 'sessions_cwd'],
    [{ status: ['idle'] }, 'sessions_status'],
    [{ status: ['idle', 'running'] }, 'sessions_created'],
    [{ archived: false }, 'sessions_archived'],
    [{ archived: false, label: 'label 7' }, 'sessions_label'],
    [{ parent: 's000000' }, 'sessions_parent'],
    [{ deleted: true, agent: 'scripted' }, 'sessions_deleted'],
    [{ sort: 'activity' }, 'sessions_activity'],
    [{ sort: 'activity', archived: false, agent: 'scripted' }, 'sessions_activity'],
    [{ sort: 'activity', agent: 'rare' }, 'sessions_agent', 'USE TEMP B-TREE FOR ORDER BY'],
  ];
  try {
    for (const [query, ...steps] of plans)
      expect([query, ...planOf(connection, query)]).toEqual([query, ...steps]);
  } finally {
    connection.close();
  }
});

test.each(['created', 'activity'] as const)(
  'L6: while rows change, pages by %s repeat nothing and lose nothing but what they say may have moved',
  async (sort) => {
    const query = { sort, limit: 7, label: `label ${sort.length}` } as const;
    const expected = Array.from({ length: 100 }, (_, index) => named(index * 100 + sort.length));
    const touched = new Set<string>();
    const touch = async (index: number): Promise<void> => {
      const at = new Date(Date.now() + index).toISOString();
      await append(store, batch(named(index), [], { state: state(columnsOf(index, at)) }));
      touched.add(named(index));
    };
    const seen: string[] = [];
    let page = await store.sessions(query);
    const { asOf } = page;
    for (let turn = 0; ; turn += 1) {
      seen.push(...page.rows.map((row) => row.session));
      if (page.next === null) break;
      // One that was shown already, and one that was not.
      await touch((99 - turn) * 100 + sort.length);
      await touch(turn * 100 + sort.length);
      page = await store.sessions({ ...query, cursor: page.next });
      expect(page.asOf).toBe(asOf);
    }
    expect(new Set(seen).size).toBe(seen.length);
    const lost = expected.filter((session) => !seen.includes(session));
    expect(lost.filter((session) => sort === 'created' || !touched.has(session))).toEqual([]);
    expect(lost.length > 0).toBe(sort === 'activity');
  },
);
