import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SessionRow } from '../../src/domain/row.ts';
import type { OutputOf } from '../../src/protocol/operations.ts';
import { compiled } from '../compile-cache.ts';

type Used = OutputOf<'usage.summary'>['rows'][number];

// The command with a real daemon and the scripted agent, which says what it used.
const script = path.join(import.meta.dirname, '../../src/cli/main.ts');

/** Each command is a process that has to be compiled. */
const manyCommands = 120_000;

let home = '';
beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'turnkeep-usage-'));
  expect((await turnkeep('up', '--detach', '--port', '0')).code).toBe(0);
  expect((await turnkeep('usage')).err).toBe('No agent has reported any usage like that.\n');
  for (const label of ['first', 'second'])
    expect((await turnkeep('new', '--label', label)).code).toBe(0);
  for (const [label, used, cost] of [
    ['first', '1200|80', 0.25],
    ['first', '300|20', 0.5],
    ['second', '7|1', 0.125],
  ] as const)
    expect((await turnkeep('send', label, '--wait', prompt(used, cost))).code).toBe(0);
}, manyCommands);
afterAll(async () => {
  await turnkeep('stop');
  await rm(home, { recursive: true, force: true });
}, manyCommands);

interface Ended {
  code: number | null;
  out: string;
  err: string;
}

async function turnkeep(...words: string[]): Promise<Ended> {
  const child = spawn(process.execPath, [script, ...words], {
    cwd: home,
    env: {
      PATH: process.env['PATH'],
      HOME: home,
      TURNKEEP_STATE: path.join(home, 'state'),
      // The program is compiled once, not for each command; the daemon would write it as it ends.
      ...compiled(),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out, err };
}

async function rows<Row>(...words: string[]): Promise<Row[]> {
  const { code, out, err } = await turnkeep(...words, '--json');
  expect([code, err]).toEqual([0, '']);
  return out
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row);
}

const usage = (...words: string[]): Promise<Used[]> => rows<Used>('usage', ...words);
const prompt = (tokens: string, cost: number): string =>
  `[[usage ${tokens}]] [[cost ${cost}]] [[say done]]`;

test(
  'usage is what agents reported, in a session, in its fork and in an imported copy',
  { timeout: manyCommands },
  async () => {
    const listed = (): Promise<SessionRow[]> => rows<SessionRow>('ls');
    const byId = (list: { session: string }[]) =>
      list.toSorted((a, b) => (a.session < b.session ? -1 : 1));
    const sums = async () =>
      byId(
        (await usage('--by', 'session')).map(({ session = '', tokens, cost }) => ({
          session,
          tokens,
          cost: cost[0] ?? null,
        })),
      );
    const asListed = async () =>
      byId(
        (await listed())
          .filter((row) => row.usage.input > 0)
          .map((row) => ({ session: row.id, tokens: row.usage, cost: row.cost })),
      );
    expect(await sums()).toEqual(await asListed());
    // A fork has the history of its base, but what that used was used once.
    expect((await turnkeep('fork', 'first')).code).toBe(0);
    expect(await sums()).toEqual(await asListed());
    const forked = prompt('40|4', 0.0625);
    const fork = (await listed()).find(({ forkedFrom }) => forkedFrom !== null)!;
    expect((await turnkeep('send', fork.id, '--wait', forked)).code).toBe(0);
    const own = await usage('--session', fork.id);
    expect(own).toHaveLength(1);
    expect(own[0]?.runs).toBe(1);
    expect(await sums()).toEqual(await asListed());
    const file = path.join(home, 'log.jsonl');
    expect((await turnkeep('export', 'first', '-o', file)).code).toBe(0);
    for (const _ of ['once', 'again']) {
      expect((await turnkeep('import', file, '--id', 'copy')).code).toBe(0);
      const copied = await usage('--session', 'copy');
      expect(copied.map(({ tokens }) => tokens.input)).toEqual([1500]);
    }
    expect(await sums()).toEqual(await asListed());
  },
);

test(
  'usage is a table for people: what is told in no row is left out, and the sum is the last',
  { timeout: manyCommands },
  async () => {
    const { out } = await turnkeep('usage', '--by', 'session', 'agent');
    const [head = '', ...lines] = out.trimEnd().split('\n');
    expect(head.split(/ {2,}/)).toEqual(
      expect.arrayContaining(['SESSION', 'AGENT', 'IN', 'OUT', 'COST', 'RUNS']),
    );
    expect(head).not.toContain('THOUGHT');
    expect(lines.length).toBeGreaterThan(2);
    expect(lines.at(-1)).toMatch(/^total .*\$\d\.\d\d/);
    const [single = '', ...more] = (await turnkeep('usage', '--by', 'agent')).out
      .trimEnd()
      .split('\n')
      .slice(1);
    expect([single.split(/ +/)[0], more]).toEqual(['scripted', []]);
    const cut = await turnkeep('usage', '--by', 'session', '--limit', '1');
    expect(cut.err).toBe('There are more: raise --limit.\n');
    expect(cut.out.trimEnd().split('\n').at(-1)).toMatch(/^total /);
  },
);

test(
  'usage of some days is asked for by dates or by how long ago',
  { timeout: manyCommands },
  async () => {
    const of = async (...words: string[]) => (await usage('--by', 'agent', ...words)).length;
    expect(await of('--since', '1d')).toBe(1);
    expect(await of('--since', '2020-01-01', '--until', '2020-12-31')).toBe(0);
    expect(await of('--agent', 'claude')).toBe(0);
    for (const words of [['--children'], ['--since', 'soon'], ['--by', 'currency']]) {
      const { code, err } = await turnkeep('usage', ...words);
      expect([words, code === 0]).toEqual([words, false]);
      expect(err).toMatch(/--children|soon|currency/);
    }
  },
);

test(
  'usage of one session: its own, with its children, its context, its runs and its budget',
  { timeout: manyCommands },
  async () => {
    const parent = (await turnkeep('new', '--label', 'parent')).out.trim();
    await turnkeep('new', '--label', 'child', '--parent', 'parent');
    await turnkeep('budget', 'parent', '--cost', '2', '--time', '1h', '--action', 'warn');
    await turnkeep('send', 'parent', '--wait', prompt('1000|100', 0.5));
    await turnkeep('send', 'child', '--wait', prompt('10|1', 1));
    const lines = (await turnkeep('usage', 'parent')).out.trimEnd().split('\n');
    const told = (name: string) => lines.find((line) => line.startsWith(`${name}:`))?.slice(16);
    expect(told('own')).toBe('1.0k in, 100 out, $0.50, 1 run');
    expect(told('with children')).toBe('1.0k in, 101 out, $1.50, 2 runs');
    expect(told('context')).toBe('1.1k of 200.0k tokens (1 %)');
    expect(told('budget')).toMatch(
      /^\$1\.50 of \$2\.00 \(75 %\), [\d.]+ m?s of 1 h 0 min of work \(0 %\), then you are told$/,
    );
    expect(lines.at(-1)).toMatch(/^✓ .* completed .* \$0\.50 /);
    const [whole] = await rows<{ session: string; own: Used; withChildren: Used }>('usage', parent);
    expect(whole).toMatchObject({
      session: parent,
      own: { tokens: { input: 1000 }, runs: 1 },
      withChildren: { tokens: { input: 1010 }, runs: 2 },
      context: { used: 1100, size: 200_000, known: true },
      budget: { budget: { action: 'warn' }, spent: { runs: 2 } },
      runs: [{ outcome: 'completed' }],
    });
    const refused = await turnkeep('usage', 'parent', '--since', '1d');
    expect([refused.code, refused.err]).toEqual([2, expect.stringContaining('--session')]);
  },
);

test(
  'a budget is set, shown, spent and taken away, of a session and of all',
  { timeout: manyCommands },
  async () => {
    await turnkeep('new', '--label', 'frugal');
    const set = await turnkeep('budget', 'frugal', '--tokens', '100', '--action', 'stop');
    expect(set.out).toMatch(/: 0 of 100 tokens \(0 %\), then runs are stopped\n$/);
    await turnkeep('send', 'frugal', '--wait', prompt('100|1', 0));
    const more = await turnkeep('send', 'frugal', 'more');
    expect([more.code, more.err]).toEqual([
      18,
      expect.stringMatching(/101 tokens of 100 tokens[^]*`turnkeep budget SESSION` shows it/),
    ]);
    expect((await turnkeep('budget', 'frugal', '--none')).out).toMatch(/: no budget\.\n$/);
    expect((await turnkeep('send', 'frugal', '--wait', prompt('1|1', 0))).code).toBe(0);
    await turnkeep('budget', 'frugal', '--runs', '1', '--action', 'ask');
    const held = await turnkeep('send', 'frugal', 'more');
    expect(held.out).toMatch(/^queued/);
    expect(held.err).toMatch(/^The queue is held .* `turnkeep release \S+` lets it go on\.\n$/);
    await turnkeep('budget', 'frugal', '--none');
    const day = await turnkeep('budget', '--cost', '9.5eur', '--per-day', '--action', 'ask');
    expect(day.out).toBe(
      'All sessions: 0.0000 EUR of 9.50 EUR (0 %) each day (UTC), then you are asked\n',
    );
    const [shown] = await rows<object>('budget');
    expect(shown).toMatchObject({
      session: null,
      budget: { limits: { cost: { amount: 9.5, currency: 'EUR' } }, action: 'ask', period: 'day' },
    });
    expect((await turnkeep('usage')).out).toContain('Budget: 0.0000 EUR of 9.50 EUR');
    expect((await turnkeep('budget', '--none')).out).toBe('All sessions: no budget.\n');
    for (const words of [
      ['--cost', '5'],
      ['--action', 'ask'],
      ['--cost', '$5', '--action', 'ask'],
      ['--none', '--runs', '1'],
      ['frugal', '--runs', '1', '--action', 'ask', '--per-day'],
    ]) {
      expect([words, (await turnkeep('budget', ...words)).code]).toEqual([words, 2]);
    }
  },
);

test(
  'prices are those of the file, which the example shows how to write',
  { timeout: manyCommands },
  async () => {
    const { out: example } = await turnkeep('prices', '--example');
    const guide = readFileSync(path.join(import.meta.dirname, '../../docs/usage.md'), 'utf8');
    expect(guide).toContain(`\`\`\`json\n${example}\`\`\``);
    const none = await turnkeep('prices');
    const file = path.join(home, 'state', 'prices.json');
    expect([none.out, none.err]).toEqual(['', expect.stringContaining(file)]);
    await writeFile(file, example);
    const table = async () => (await turnkeep('prices')).out;
    await expect.poll(table, { timeout: 30_000 }).toMatch(/^MODEL /);
    expect(await table()).toMatch(/^large-model-\* +5 +25 +0\.5 +6\.25 +\(25\) +USD$/m);
    await writeFile(file, '{}');
    const problem = async () => (await turnkeep('prices')).err;
    await expect.poll(problem, { timeout: 30_000 }).toContain('cannot be used as it is: currency');
    expect(await table()).toMatch(/^MODEL /);
    expect((await turnkeep('doctor', '--quick')).out).toMatch(/prices .*cannot be used: currency/);
    await rm(file);
  },
);
