import { mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Daemon, startDaemon } from '../../src/app/daemon.ts';
import { duration, moment, timerDuration } from '../../src/cli/duration.ts';
import type { Io } from '../../src/cli/io.ts';
import { runProgram } from '../../src/cli/program.ts';
import type { Client } from '../../src/client/client.ts';
import { nodeClient } from '../../src/client/node/node-client.ts';
import type { SessionRow } from '../../src/domain/row.ts';
import { exitCode } from '../../src/protocol/error.ts';
import { until } from '../app/processes.ts';
import { FakeIo } from './fake-io.ts';

// The commands for sessions, each with a real daemon behind it.
let home = '';
let daemon: Daemon;
let client: Client;
beforeAll(async () => {
  home = await realpath(await mkdtemp(path.join(tmpdir(), 'turnkeep-sessions-')));
  daemon = await startDaemon({ state: path.join(home, 'state'), log: () => {} });
  client = await nodeClient({ state: path.join(home, 'state'), env: {} });
});
afterAll(async () => {
  client.close();
  await daemon.shutdown('stop');
  await rm(home, { recursive: true, force: true });
});

interface Ended {
  code: number;
  out: string;
  err: string;
}

async function turnkeep(words: readonly string[], more: Partial<Io> = {}): Promise<Ended> {
  const env = { TURNKEEP_STATE: path.join(home, 'state'), HOME: home };
  const fake = new FakeIo({ env, cwd: home, now: () => Date.now(), ...more });
  const code = await runProgram(words, fake.io);
  return { code, out: fake.out, err: fake.err };
}

const piped = (text: string) => ({ stdin: Readable.from([text]) as unknown as NodeJS.ReadStream });
const rowOf = async (session: string): Promise<SessionRow> =>
  (await client.sessions.get({ session })).session;
async function make(...words: string[]): Promise<string> {
  const { code, out, err } = await turnkeep(['new', ...words]);
  expect(code, err).toBe(0);
  return out.trim();
}

test('new makes a session with all that its options say, and a child where its parent works', async () => {
  await writeFile(path.join(home, 'say.md'), 'Be brief.');
  const id = await make(
    ...'--key agent:scripted:one --title One --label L --meta a=b=c --meta team=docs'.split(' '),
    ...'--model brisk --mode auto --effort high --on-lost continue'.split(' '),
    ...'--cwd made --mkdir'.split(' '),
  );
  expect(await rowOf(id)).toMatchObject({
    key: 'agent:scripted:one',
    title: 'One',
    label: 'L',
    meta: { a: 'b=c', team: 'docs' },
    model: 'brisk',
    mode: 'auto',
    effort: 'high',
    cwd: path.join(home, 'made'),
    status: 'idle',
  });
  const child = await make('--parent', 'One');
  expect(await rowOf(child)).toMatchObject({ parent: id, cwd: path.join(home, 'made') });
  const draft = await turnkeep(['new', '--draft', '--json', 'later']);
  expect(JSON.parse(draft.out)).toMatchObject({
    created: true,
    session: { status: 'draft', queued: 1 },
  });
  const again = await turnkeep(['new', '--key', 'agent:scripted:one', '--cwd', 'made']);
  expect([again.code, again.out.trim(), again.err]).toEqual([
    0,
    id,
    'The session was there before.\n',
  ]);
});

test('set changes settings, says from when the agent has them, and takes them back', async () => {
  const id = await make('--title', 'Settings', '--meta', 'gone=1', '--meta', 'kept=2');
  const set = await turnkeep([
    'set',
    'Settings',
    'model=brisk',
    'label=x=y',
    'meta.gone=',
    'meta.new=3',
    'env.A=1',
    'env.B=2',
  ]);
  expect(set.err).toBe('');
  expect(set.out).toBe('model: next host\nlabel: changed\nmeta: changed\nenv: next host\n');
  expect(await rowOf(id)).toMatchObject({
    model: 'brisk',
    label: 'x=y',
    meta: { kept: '2', new: '3' },
  });
  expect((await turnkeep(['send', id, 'hello', '--wait'])).code).toBe(0);
  expect((await turnkeep(['set', id, 'model=steady', 'label='])).out).toMatch(/^model: live\n/);
  expect((await rowOf(id)).label).toBeNull();
  const wrong = await turnkeep(['set', id, 'colour=red']);
  expect([wrong.code, wrong.err]).toEqual([
    2,
    expect.stringContaining('There is no setting colour; there are title,'),
  ]);
  expect((await turnkeep(['set', id, 'title'])).err).toContain('write it as name=value');
});

test('a beginning that fits several sessions is refused with all of them, and so is a title', async () => {
  for (const id of ['same0001', 'same0002'])
    await client.sessions.create({ id, cwd: home, title: 'Twice' });
  for (const name of ['same', 'Twice']) {
    const { code, err } = await turnkeep(['show', name]);
    expect(code).toBe(exitCode.conflict);
    expect(err).toContain('2 sessions have this name');
    expect(err).toContain('  same0001  Twice\n');
    expect(err).toContain('  same0002  Twice\n');
  }
  expect((await turnkeep(['show', 'same0001', '--json'])).code).toBe(0);
  expect((await turnkeep(['show', 'same0002x'])).code).toBe(exitCode.not_found);
});

test('a refusal is a sentence and ends as one, whatever field it is about', async () => {
  const { code, err } = await turnkeep(['new', '--cwd', '/there/is/nothing']);
  expect([code, err]).toEqual([2, 'turnkeep: The directory /there/is/nothing does not exist.\n']);
});

test('P2: prompts that wait are listed, edited, moved and withdrawn by their places', async () => {
  const id = await make('--title', 'Queue');
  await turnkeep(['send', id, '[[hang]]']);
  for (const text of ['one', 'two', 'three']) await turnkeep(['send', id, text]);
  const queue = async (...words: string[]) => (await turnkeep(['queue', id, ...words])).out;
  expect(await queue()).toBe(' 1  one\n 2  two\n 3  three\n');
  expect(await queue('edit', '2', 'zwei\u001B[2J')).toBe(' 2  (edited) zwei\n');
  expect((await turnkeep(['queue', id, 'edit', '3'], piped('drei'))).out).toBe(
    ' 3  (edited) drei\n',
  );
  expect(await queue('move', '3', '1')).toBe(' 1  (edited) drei\n');
  expect(await queue('rm', '2')).toBe('withdrawn (2 wait)\n');
  expect(await queue()).toBe(' 1  (edited) drei\n 2  (edited) zwei\n');
  expect((await turnkeep(['queue', id, 'rm', '7'])).code).toBe(exitCode.not_found);
  expect((await turnkeep(['queue', id, 'rm'])).code).toBe(2);
  await turnkeep(['abort', id, '--wait']);
  expect((await turnkeep(['queue', id])).err).toContain('The queue is held');
  expect((await turnkeep(['release', id])).out).toMatch(/^starting/);
  await until('both are done', async () => {
    const { status, queued } = await rowOf(id);
    return status === 'idle' && queued === 0;
  });
});

test('R4: stop-all asks for --yes where nobody can be asked, and ends every run', async () => {
  const id = await make('--title', 'Stopped', '[[hang]]');
  const asked = await turnkeep(['stop-all']);
  expect([asked.code, asked.err]).toEqual([2, expect.stringContaining('say --yes')]);
  expect((await rowOf(id)).activeRun).not.toBeNull();
  const ended = await turnkeep(['stop-all', '--yes']);
  expect([ended.code, ended.out]).toEqual([0, expect.stringMatching(`${id}  run \\w+  cancelled`)]);
  expect((await turnkeep(['stop-all'])).out).toBe('No run was open.\n');
  const runs = await turnkeep(['runs', id, '--outcome', 'cancelled']);
  expect(runs.out).toMatch(/^ +RUN +OUTCOME.*\n✗ {2}\w{26} {2}cancelled/);
});

test('L7: a deleted session is restored by what it was called, and purged only when that is meant', async () => {
  const id = await make('--title', 'Mortal', '--key', 'agent:scripted:mortal');
  expect((await turnkeep(['rm', 'Mortal'])).out).toMatch(
    `${id} deleted; \`turnkeep restore ${id}\``,
  );
  expect((await turnkeep(['show', 'Mortal'])).code).toBe(exitCode.not_found);
  expect((await turnkeep(['ls', '--deleted'])).out).toMatch(/Mortal.*deleted \d+s ago/);
  expect((await turnkeep(['restore', id.slice(0, 20)])).out).toBe(`${id} restored\n`);
  await turnkeep(['rm', id]);
  expect((await turnkeep(['restore', 'agent:scripted:mortal'])).code).toBe(0);
  await turnkeep(['rm', id]);
  expect((await turnkeep(['rm', 'Mortal', '--purge'])).code).toBe(2);
  expect((await turnkeep(['rm', 'Mortal', '--purge', '--yes'])).out).toBe(
    `${id} removed for good\n`,
  );
  expect((await turnkeep(['restore', id])).err).toContain('No deleted session is named');
});

test('F3 F4: what a run wrote is put back; what would be removed is said, a changed file is named, and it can be taken back', async () => {
  const id = await make('--title', 'Files', '--cwd', 'files', '--mkdir');
  const made = path.join(home, 'files', 'made');
  const kept = path.join(home, 'files', 'kept');
  await writeFile(kept, 'old');
  await turnkeep(['send', id, '--wait', '[[edit kept|old|new]] [[write made|1]]']);
  await until('both files are known', async () => {
    const { snapshots } = await client.snapshots.list({ session: id, changes: 'write' });
    return snapshots.length === 2;
  });
  const restored = (...words: string[]) => turnkeep(['restore', id, '--run', 'last', ...words]);
  expect((await restored('--dry-run')).out).toBe(
    'kept  would be restored\nmade  would be removed: it was not there\n',
  );
  await writeFile(made, 'mine');
  const refused = await restored();
  expect([refused.code, refused.err]).toEqual([
    exitCode.conflict,
    expect.stringMatching(`not as the agent left it[^\n]*\n  ${made}\n$`),
  ]);
  expect((await restored('--dry-run')).out).toContain('made  has changed since: only with --force');
  const forced = await restored('--force');
  expect(forced.out).toBe('kept  restored\nmade  removed: it was not there\n');
  expect(forced.err).toContain(`turnkeep snapshots ${id}`);
  const [last] = (await client.snapshots.list({ session: id })).snapshots;
  const back = await turnkeep(['restore', id, '--snapshot', last!.id]);
  expect([back.out, await readFile(made, 'utf8')]).toEqual(['made  restored\n', 'mine']);
});

test('A2: without a terminal an open question says how it is answered, from anywhere', async () => {
  const running = turnkeep(['run', '[[question Which?|red|blue]]']);
  let open: { session: string; entry: { id: string } } | undefined;
  await until('the question is open', async () => {
    open = (await client.approvals.list()).approvals[0];
    return open !== undefined;
  });
  const { session, entry } = open!;
  expect((await turnkeep(['approve', session, '--answer', 'blue'])).code).toBe(0);
  const { code, out, err } = await running;
  expect([code, out]).toEqual([0, expect.stringContaining('blue')]);
  expect(err).toContain(
    `Waiting for an answer: \`turnkeep approve ${session} ${entry.id} --answer TEXT\`.`,
  );
});

test('F3: what restore was not told is asked for, and what shows it is named', async () => {
  const id = await make('--title', 'There');
  const there = await turnkeep(['restore', 'There']);
  expect([there.code, there.err]).toEqual([2, expect.stringContaining('give --run or --snapshot')]);
  const run = await turnkeep(['restore', id, '--run', 'none']);
  expect([run.code, run.err]).toEqual([
    exitCode.not_found,
    expect.stringContaining('`turnkeep runs SESSION`'),
  ]);
  expect((await turnkeep(['restore', id, '--snapshot', 'none'])).err).toContain(
    '`turnkeep snapshots SESSION`',
  );
});

test('L7: fork, compact and reset leave the log as it is', async () => {
  const id = await make('--title', 'Trunk');
  await turnkeep(['send', id, 'hello', '--wait']);
  const { out } = await turnkeep(['show', id, '--json']);
  const prompt = out
    .split('\n')
    .map((line) => JSON.parse(line || '{}') as { kind?: string; seq: number })
    .find(({ kind }) => kind === 'prompt')!;
  const fork = await turnkeep([
    'fork',
    id,
    '--at',
    `#${prompt.seq}`,
    '--title',
    'Branch',
    '--json',
    'go on',
  ]);
  expect(fork.err).toBe('');
  expect(JSON.parse(fork.out)).toMatchObject({
    session: { title: 'Branch', forkedFrom: { session: id } },
    prompt: {},
  });
  expect((await turnkeep(['fork', id, '--at', '9999'])).code).toBe(exitCode.not_found);
  expect((await turnkeep(['compact', id, '--keep', '1', '--summary', 'We met.'])).out).toContain(
    'goes on with 1 entries',
  );
  expect((await turnkeep(['compact', id])).out).toContain('nothing to do');
  expect((await turnkeep(['reset', id])).code).toBe(0);
  expect((await turnkeep(['show', id, '--json'])).out.startsWith(out)).toBe(true);
});

test('L3: what is appended twice is there once, by id and by producer', async () => {
  const id = await make('--title', 'Appended');
  const lines = '{"id":"e1","raw":{"n":1}}\n\n{"id":"e2","type":"t","raw":"two"}';
  const once = await turnkeep(['append', id], piped(lines));
  expect(once.out).toBe('2 entries appended\n');
  expect((await turnkeep(['append', id], piped(lines))).out).toBe(
    '0 entries appended, 2 were there before\n',
  );
  const many = Array.from({ length: 1200 }, (_, at) => `{"n":${at}}`).join('\n');
  const raw = ['append', id, '--raw', '--type', 'log', '--producer', 'crawler:1'];
  expect((await turnkeep(raw, piped(many))).out).toBe('1200 entries appended\n');
  expect((await turnkeep(raw, piped(many))).out).toContain('0 entries appended, 1200 were');
  const broken = await turnkeep(['append', id], piped('{"raw":1}\nno'));
  expect([broken.code, broken.err]).toEqual([2, expect.stringContaining('Line 2 is no JSON')]);
  const stale = await turnkeep(['append', id, '--expect-head', 'e1'], piped('{"id":"e3","raw":1}'));
  expect(stale.code).toBe(exitCode.conflict);
});

test('preview shows the sessions that there are, and says of the others that they are missing', async () => {
  const id = await make('--title', 'Shown');
  await turnkeep(['send', id, 'hello', '--wait']);
  const { code, out } = await turnkeep([
    'preview',
    'Shown',
    'nosuch',
    '--items',
    '2',
    '--max-chars',
    '20',
  ]);
  expect(code).toBe(exitCode.not_found);
  expect(out).toMatch(
    /^Shown \S+\n {2}> hello\n {4}You wrote: “hello”\.…\nnosuch\n {2}\(missing\)\n$/,
  );
});

test('archived sessions leave the list, and every filter of the list holds', async () => {
  const id = await make('--title', 'Filtered', '--label', 'F', '--meta', 'm=1', '--cwd', home);
  const child = await make('--parent', id, '--title', 'Its child');
  const names = async (...words: string[]) =>
    (await turnkeep(['ls', '--json', ...words])).out
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => (JSON.parse(line) as SessionRow).id);
  for (const words of [
    ['--label', 'F'],
    ['--meta', 'm=1'],
    ['--text', 'filtered'],
  ]) {
    expect(await names(...words), words.join(' ')).toEqual([id]);
  }
  expect(await names('--parent', 'Filtered')).toEqual([child]);
  expect(await names('--since', '1h')).toContain(id);
  expect(await names('--since', '2099-01-01')).toEqual([]);
  expect(await names('--status', 'stalled')).toEqual([]);
  expect(await names('--cwd', 'nowhere')).toEqual([]);
  await turnkeep(['archive', id, child]);
  expect(await names('--label', 'F')).toEqual([]);
  expect(await names('--archived')).toEqual(expect.arrayContaining([id, child]));
  await turnkeep(['unarchive', 'Filtered']);
  expect(await names('--label', 'F')).toEqual([id]);
  const page = await turnkeep(['ls', '--limit', '2', '--json']);
  const cursor = /--cursor (\S+)/.exec(page.err)?.[1] ?? '';
  const next = await names('--limit', '2', '--cursor', cursor);
  expect(page.out).not.toContain(next[0]);
});

test('times are written with their unit, 0 is never, and what is none is refused', () => {
  expect(['0', '90s', '15m', '1.5h', '1d'].map((text) => duration(text, '--x'))).toEqual([
    0, 90_000, 900_000, 5_400_000, 86_400_000,
  ]);
  for (const text of ['', '5', 'm', '-1s', '1w', '1s2'])
    expect(() => duration(text, '--x')).toThrow('is no time');
  expect(() => timerDuration('25d', '--x')).toThrow('too long');
  expect(moment('1h', Date.parse('2026-01-01T02:00:00Z'), '--since')).toBe(
    '2026-01-01T01:00:00.000Z',
  );
  expect(() => moment('2026-13-45', 0, '--since')).toThrow('is no date');
});

test(
  'R9: up tells the daemon after how long an agent is stalled, and 0 is never',
  { timeout: 60_000 },
  async () => {
    for (const [after, wanted] of [
      ['200ms', 'stalled'],
      ['0', 'working'],
    ] as const) {
      const state = path.join(home, `stalls-${after}`);
      const words = [
        'up',
        '--detach',
        '--state',
        state,
        '--stalled-after',
        after,
        '--idle-after',
        '0',
      ];
      const script = path.join(import.meta.dirname, '../../src/cli/main.ts');
      const up = await turnkeep(words, { script });
      expect(up.code, up.err).toBe(0);
      const other = await nodeClient({ state, env: {} });
      const { session } = await other.sessions.create({
        cwd: home,
        prompt: '[[say x]] [[sleep 1500]] [[say y]]',
      });
      const seen = new Set<string>();
      for await (const event of other.watch(session.id, { after: 0 })) {
        if (event.type !== 'entry') continue;
        if (event.entry.kind === 'run_ended') break;
        seen.add((await other.sessions.get({ session: session.id })).session.status);
      }
      other.close();
      await turnkeep(['stop', '--state', state]);
      expect([...seen]).toContain(wanted);
      if (after === '0') expect([...seen]).not.toContain('stalled');
    }
  },
);
