import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { kills } from './kills.ts';
import { Place } from './place.ts';
import { type Fields, type Operation, told } from './wire.ts';

let place: Place;
beforeAll(async () => {
  place = await Place.open();
});
afterAll(() => place.close());

/** Operations that only tell: what they told before a kill they tell after it. */
const readers: Readonly<Partial<Record<Operation, (session: string, run: string) => Fields>>> = {
  'agents.list': () => ({}),
  'approvals.list': (session) => ({ session }),
  'budgets.get': (session) => ({ session }),
  'files.find': (session) => ({ session, query: 'a' }),
  'hooks.list': () => ({}),
  'logins.list': () => ({}),
  'prices.get': () => ({}),
  'policy.get': (session) => ({ session }),
  'policy.test': (session) => ({ session, wants: { command: 'git status' } }),
  'queue.list': (session) => ({ session }),
  'runs.get': (session, run) => ({ session, run }),
  'runs.list': (session) => ({ session }),
  'runs.raw': (session, run) => ({ session, run, direction: 'in' }),
  'server.check': () => ({}),
  'server.health': () => ({}),
  'sessions.get': (session) => ({ session }),
  'sessions.history': (session) => ({ session }),
  'sessions.list': () => ({ sort: 'created' }),
  'sessions.preview': (session) => ({ sessions: [session] }),
  'sessions.resolve': (session) => ({ name: session }),
  'snapshots.diff': (session, run) => ({ session, run }),
  'snapshots.list': (session) => ({ session }),
  'tokens.list': () => ({}),
  'usage.summary': (session) => ({ session, by: ['session', 'model'] }),
};

/** Cut off by a kill in a scenario of their own, or by nothing that could be lost. */
const elsewhere: Readonly<Record<string, string>> = {
  'agents.probe': 'is asked again: what it finds is not kept',
  'blobs.get': 'log.test.ts: reads what an entry names, which kills.ts shows to be there',
  'hooks.test':
    'tells of nothing that has happened: what does is told after a kill, test/app/hooks.test.ts',
  'blobs.put': 'blobs.test.ts: killed in it, and after its answer',
  'feeds.close': 'feeds.test.ts: a feed ends with its daemon',
  'feeds.open': 'feeds.test.ts: readers go on over kills',
  'moves.activate': 'test/moves/kills.test.ts: killed before it and after it, on either side',
  'moves.begin': 'test/moves/kills.test.ts: killed at each of its steps, on either side',
  'moves.cancel': 'test/moves/refused.test.ts: what is not given up stays, over kills too',
  'moves.list': 'tells of this daemon: what has ended before a kill is in the logs',
  'moves.offer': 'test/moves/kills.test.ts: killed before it and after it, on either side',
  'moves.withdraw': 'test/moves/kills.test.ts: killed before it and after it, on either side',
  'runs.stopAll': 'ends runs as sessions.abort does, for all',
  'server.info': 'tells of this daemon, another one after a kill',
  'server.shutdown': 'server.test.ts: killed while it stops',
  'sessions.export': 'log.test.ts: a file that is cut off has no end, and is told as torn',
  'sessions.import': 'log.test.ts: killed in it',
  'snapshots.get': 'reads an entry and its blobs, as sessions.history and blobs.get do',
};

test('R7 L1: what reads tells the same before and after a kill', async () => {
  const { id: session } = await place.session({ title: 'read' });
  const { run } = await place.run(session, '[[say read]] [[write a.txt|x]]');
  // Files are looked at after the run.
  await (await place.follow(session)).until('a snapshot', ({ kind }) => kind === 'snapshot');
  const names = Object.keys(readers) as Operation[];
  const read = async () => {
    const answers: Fields = Object.fromEntries(
      await Promise.all(
        names.map(async (name) => [
          name,
          await told(place.http, name, readers[name]!(session, run!)),
        ]),
      ),
    );
    return JSON.parse(JSON.stringify(answers, withoutMoment)) as unknown;
  };
  const before = await read();
  await place.restart();
  expect(await read()).toEqual(before);
});

/** The moment at which a page was made is another one. */
function withoutMoment(name: string, value: unknown): unknown {
  return name === 'asOf' ? undefined : value;
}

test('S5: every operation of the daemon has scenarios: what it does, refuses, and leaves after a kill', async () => {
  const { operations } = await place.http.call('server.info');
  expect(operations.length).toBeGreaterThan(30);
  const scenarios = new Map<string, string>();
  for (const file of readdirSync(import.meta.dirname)) {
    if (!file.endsWith('.test.ts')) continue;
    const text = readFileSync(path.join(import.meta.dirname, file), 'utf8');
    for (const part of text.split(/^describe\(/m).slice(1)) {
      const [, name] = /^'([a-z]+\.[A-Za-z]+)'/.exec(part) ?? [];
      if (name !== undefined) scenarios.set(name, part);
    }
  }
  const lacking = operations.flatMap((name) => {
    const part = scenarios.get(name) ?? '';
    const does = /\btest\('[A-Z]\d+[^']*: (?!refuses)/.test(part);
    const refuses = part.includes(`testRefusals(() => place, '${name}'`) || /: refuses/.test(part);
    const killed = name in kills || name in readers || name in elsewhere;
    const reads = name in readers || ['blobs.get', 'server.info'].includes(name);
    const atOnce = reads || /at once|beside|while it grows|at the same/.test(part);
    return [
      ...(does ? [] : [`${name}: what it does`]),
      ...(refuses ? [] : [`${name}: what it refuses`]),
      ...(atOnce ? [] : [`${name}: many at once`]),
      ...(killed ? [] : [`${name}: after a kill`]),
    ];
  });
  expect(lacking).toEqual([]);
  const known = [...Object.keys(kills), ...Object.keys(readers), ...Object.keys(elsewhere)];
  expect(known.filter((name) => !operations.includes(name))).toEqual([]);
});
