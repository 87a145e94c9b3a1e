import { describe, expect, test } from 'vitest';
import { isListed, sorted } from '../../src/cli/list-filter.ts';
import { type ListView, renderList } from '../../src/cli/render/list.ts';
import { makeLook } from '../../src/cli/render/look.ts';
import { renderTable } from '../../src/cli/render/table.ts';
import { cutTo, fillTo, widthOf } from '../../src/cli/render/width.ts';
import type { SessionRow } from '../../src/domain/row.ts';

const now = Date.parse('2026-01-01T01:00:00Z');
const base = {
  key: null,
  agent: 'scripted',
  cwd: '/home/me/work',
  originCwd: null,
  label: null,
  meta: {},
  status: 'idle',
  activeRun: null,
  lastRun: null,
  openApprovals: 0,
  queued: 0,
  held: false,
  parent: null,
  usage: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, thought: 0 },
  cost: null,
  archived: false,
  policy: { autoAcceptEdits: false, bypassUntil: null },
  deletedAt: null,
  lastMessage: null,
  createdAt: '2026-01-01T00:00:00Z',
  updatedAt: '2026-01-01T00:55:00Z',
  lastActivityAt: '2026-01-01T00:55:00Z',
};
const rowOf = (id: string, more: Partial<SessionRow> = {}) =>
  ({ ...base, id, title: id, ...more }) as SessionRow;
const show = (rows: SessionRow[], columns = 80, more: Partial<ListView> = {}) =>
  renderList(rows, { now, home: '/home/me', look: makeLook(false, columns), ...more }).map(
    ({ text }) => text,
  );

describe('the list of sessions', () => {
  test('A5: a bypass counts down to its end, and is none after it', () => {
    const until = (ms: number) => ({
      policy: { autoAcceptEdits: true, bypassUntil: new Date(now + ms).toISOString() },
    });
    expect(show([rowOf('s1', until(61_000))])[1]).toContain('bypass 1:01 · edits');
    expect(show([rowOf('s1', until(3_600_000))])[1]).toContain('bypass 60m');
    expect(show([rowOf('s1', until(86_400_000))])[1]).toContain('bypass 24h');
    expect(show([rowOf('s1', until(0))])[1]).not.toContain('bypass');
    expect(show([rowOf('s1')])[1]).not.toMatch(/bypass|edits/);
  });

  test('has them by directory, children under their parents wherever they work', () => {
    const rows = [
      rowOf('a'),
      rowOf('a1', { parent: 'a' }),
      rowOf('x', { cwd: '/srv' }),
      rowOf('a2', { parent: 'a', cwd: '/elsewhere' }),
      rowOf('a1i', { parent: 'a1' }),
      rowOf('orphan', { parent: 'not-listed', cwd: '/srv' }),
    ];
    const heads = show(rows).map((line) => line.replace(/ {3,}.*/, ''));
    expect(heads).toEqual([
      '~/work',
      '○ a  a',
      '├ ○ a1  a1',
      '│ └ ○ a1i  a1i',
      '└ ○ a2  a2',
      '/srv',
      '○ x  x',
      '○ orphan  orphan',
    ]);
    expect(show(rows)[4]).toContain('/elsewhere');
  });

  test('L11: sessions that were written elsewhere are listed by where that was', () => {
    const elsewhere = { cwd: '', originCwd: '/srv/app' };
    const rows = [rowOf('s1', elsewhere), rowOf('s2'), rowOf('s3', elsewhere)];
    const lines = show([...rows, rowOf('s4', { cwd: '' })]);
    expect(lines.map((line) => line.trim().split(/ {2,}/)[0])).toEqual([
      'elsewhere: /srv/app',
      '○ s1',
      '○ s3',
      '~/work',
      '○ s2',
      'elsewhere',
      '○ s4',
    ]);
  });

  test('says what each is doing, for how long, and what it has used', () => {
    const activeRun = {
      id: 'r',
      state: 'running',
      trigger: 'prompt',
      startedAt: '2026-01-01T00:58:00Z',
    };
    const usage = { input: 1000, output: 200, cacheRead: 40_000, cacheWrite: 0, thought: 0 };
    const cost = { amount: 1.5, currency: 'USD' };
    const waiting = rowOf('w', {
      status: 'waiting',
      activeRun,
      openApprovals: 2,
      queued: 3,
      usage,
      cost,
    });
    expect(show([waiting], 100)[1]).toMatch(
      /^\? w {2}w +2 questions · waiting 2m · 3 queued · scripted · 41\.2k tok · \$1\.50$/,
    );
    const lastRun = { outcome: 'failed' } as SessionRow['lastRun'];
    const failed = rowOf('f', { lastRun, queued: 1, held: true, label: 'daily', archived: true });
    expect(show([failed], 100)[1]).toContain(
      'idle 5m · failed · 1 held · archived · daily · scripted',
    );
    expect(show([rowOf('p')], 80, { children: { p: 2 } })[1]).toContain('+2 children');
  });

  test('no line is wider than the terminal, however narrow it is and whatever stands in it', () => {
    const long = '世界 is wide 👩‍👩‍👧 '.repeat(20);
    const rows = [
      rowOf('0123456789abcdef', { title: long, lastMessage: long, label: long, cwd: `/${long}` }),
      rowOf('child', {
        parent: '0123456789abcdef',
        lastMessage: 'x'.repeat(500),
        title: 'y'.repeat(99),
      }),
    ];
    for (const columns of [30, 40, 80, 120]) {
      const wide = show(rows, columns).filter((line) => widthOf(line) > columns);
      expect(wide, String(columns)).toEqual([]);
    }
  });

  test('nothing that an agent or a client wrote moves the cursor or begins a line', () => {
    const evil = 'a\u001B[2J\u001B]0;t\u0007b\nc\u009B31m\u202E';
    const row = rowOf('e\u009B2J', {
      title: evil,
      label: evil,
      lastMessage: evil,
      cwd: `/${evil}`,
      agent: evil,
    });
    const text = renderList([row], { now, home: undefined, look: makeLook(false, 60) })
      .map((line) => line.text)
      .join('|');
    // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
    expect(text).not.toMatch(/[\u0000-\u001F\u007F-\u009F\u202E]/);
    expect(text).toContain('ab c');
  });

  test('colours are by status, and without them nothing is left of them', () => {
    const look = makeLook(true, 80);
    const [, idle] = renderList([rowOf('s', { status: 'stalled' })], { now, home: '', look });
    expect(idle?.text).toContain('\u001B[31m!\u001B[39m');
    expect(show([rowOf('s', { status: 'stalled' })]).join('')).not.toContain('\u001B');
  });
});

test('a live list has the rows that the server would list', () => {
  const row = rowOf('s', { label: 'L', meta: { team: 'docs' }, title: 'Fix IT', parent: 'p' });
  const fits = [
    {},
    { label: 'L' },
    { meta: { team: 'docs' } },
    { text: 'fix it' },
    { parent: 'p' },
    { archived: false },
    { status: ['idle' as const] },
    { updatedSince: '2026-01-01T00:55:00Z' },
  ];
  const misses = [
    { label: 'M' },
    { meta: { team: 'x' } },
    { text: 'no' },
    { parent: 'q' },
    { archived: true },
    { status: ['working' as const] },
    { updatedSince: '2026-01-01T00:56:00Z' },
  ];
  expect(fits.filter((query) => !isListed(row, query))).toEqual([]);
  expect(misses.filter((query) => isListed(row, query))).toEqual([]);
  expect(isListed({ ...row, deletedAt: row.createdAt }, {})).toBe(false);
  const old = rowOf('old', {
    lastActivityAt: '2026-01-01T00:01:00Z',
    createdAt: '2026-01-01T00:30:00Z',
  });
  expect(sorted([old, row], 'activity').map(({ id }) => id)).toEqual(['s', 'old']);
  expect(sorted([row, old], 'created').map(({ id }) => id)).toEqual(['old', 's']);
});

test('widths are those of a terminal, and a cut never splits a character', () => {
  const texts = ['plain', '世界', 'e\u0301', '👩‍👩‍👧', 'ｗｉｄｅ', '✓', '⚠️'];
  expect(texts.map(widthOf)).toEqual([5, 4, 1, 2, 8, 1, 2]);
  expect([0, 1, 2, 3, 4, 5].map((columns) => cutTo('世界x', columns))).toEqual([
    '',
    '…',
    '…',
    '世…',
    '世…',
    '世界x',
  ]);
  expect(fillTo('世', 4)).toBe('世  ');
});

describe('a table', () => {
  const table = {
    head: ['', 'ID', 'TITLE'],
    cells: [['✓', 'one-two-three', 'a rather long title']],
    paint: [(text: string) => text],
    whole: ['ID'],
  };

  test('gives way in its widest column, but never in one that has to be whole', () => {
    expect(renderTable(table, makeLook(false, 30))).toEqual([
      '   ID             TITLE',
      '✓  one-two-three  a rather lo…',
    ]);
  });

  test('becomes lines where the terminal is too narrow for it', () => {
    expect(renderTable(table, makeLook(false, 20))).toEqual([
      '✓ ID     one-two-three',
      '  TITLE  a rather l…',
    ]);
  });
});
