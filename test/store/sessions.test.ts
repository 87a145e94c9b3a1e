import { expect, test } from 'vitest';
import { openStore } from '../../src/store/open.ts';
import { batch, first, state } from './sample.ts';

const count = 10_000;

test(
  'L6: a page of 10,000 sessions holds what was asked for and no more, whatever the filter',
  { timeout: 60_000 },
  async () => {
    const store = await openStore({
      dir: ':memory:',
      onFatal: (error) => {
        throw error;
      },
    });
    await store.append(
      Array.from({ length: count }, (_, index) => {
        const at = new Date(1.7e12 + index * 1000).toISOString();
        return batch(`s${String(index).padStart(6, '0')}`, [], {
          ...first,
          state: state({
            createdAt: at,
            updatedAt: at,
            lastActivityAt: at,
            title: `title ${index}`,
            label: `label ${index % 100}`,
            parent: index % 200 === 100 ? 's000000' : null,
            status: index % 200 === 0 ? 'running' : 'idle',
            cwd: `/work/${index % 20}`,
            meta: { team: String(index % 300) },
            row: JSON.stringify({ text: 'x'.repeat(900) }),
          }),
        });
      }),
    );
    const middle = await store.sessions({ sort: 'created', limit: 1000 });
    const queries = {
      first: {},
      deep: { cursor: middle.next ?? '' },
      activity: { sort: 'activity' },
      running: { status: ['running'] },
      label: { label: 'label 7' },
      parent: { parent: 's000000' },
      meta: { meta: { team: '12' } },
      cwd: { cwd: '/work/3' },
      nothing: { text: 'not there at all' },
      text: { text: 'title 99' },
      archived: { archived: true },
    } as const;
    const found: Record<string, number> = {};
    for (const [name, query] of Object.entries(queries)) {
      const page = await store.sessions({ sort: 'created', limit: 50, ...query });
      found[name] = page.rows.length;
      const rest = new Set(page.rows.map((row) => row.session));
      expect(rest.size, name).toBe(page.rows.length);
    }
    const full = { first: 50, deep: 50, activity: 50, running: 50, label: 50, cwd: 50, text: 50 };
    expect(found).toEqual({ ...full, parent: 50, meta: 34, nothing: 0, archived: 0 });
    await store.close();
  },
);
