import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { reportFailure } from '../../src/cli/failure.ts';
import { type Io, lookOf } from '../../src/cli/io.ts';
import { runProgram } from '../../src/cli/program.ts';
import { PromptFate } from '../../src/cli/prompt-fate.ts';
import { refusalCodes, refuse } from '../../src/domain/refusal.ts';
import { exitCode } from '../../src/protocol/error.ts';
import { FakeDaemon } from '../client/fake-daemon.ts';
import { row } from '../client/model-server.ts';
import { entryOf } from './entries.ts';

const usage = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, thought: 0 };
const listed = {
  ...row,
  id: 's1',
  agent: 'a',
  cwd: '/',
  title: 'x\u001B[31m',
  key: null,
  label: null,
  parent: null,
  activeRun: null,
  lastRun: null,
  openApprovals: 0,
  queued: 0,
  usage,
  cost: { amount: 0.5, currency: 'USD' },
  policy: { autoAcceptEdits: false, bypassUntil: null },
  deletedAt: null,
  lastMessage: null,
  lastActivityAt: '2026-01-01T00:00:00Z',
};
let out = '';
let err = '';
let state = '';
const io = (env: Record<string, string> = {}, more: Partial<Io> = {}): Io => ({
  out: (text) => (out += text),
  err: (text) => (err += text),
  env: { TURNKEEP_STATE: state, ...env },
  script: 'main.ts',
  cwd: state,
  outIsTty: false,
  inIsTty: true,
  columns: 80,
  rows: 24,
  stdin: process.stdin,
  onInterrupt: () => () => {},
  onResize: () => () => {},
  now: () => Date.parse('2026-01-01T00:01:00Z'),
  ...more,
});
beforeEach(async () => {
  state = await mkdtemp(path.join(tmpdir(), 'turnkeep-cli-'));
  out = '';
  err = '';
});
afterEach(() => rm(state, { recursive: true }));

describe('a bad command line', () => {
  test.each([
    [['bogus'], "unknown command 'bogus'"],
    [['show'], "missing required argument 'session'"],
    [['ls', '--bogus'], "unknown option '--bogus'"],
  ])('%j ends with 2 and says why', async (words, why) => {
    await expect(runProgram(words, io())).resolves.toBe(2);
    expect(err).toContain(why);
    expect(out).toBe('');
  });

  test.each([
    [['up', '--port', 'x'], '--port x is no port'],
    [['up', '--public-url', 'http://box.example'], 'is no https address'],
    [['up', '--public-url', 'https://box.example/path'], 'is no https address'],
    [['run', '  '], 'The prompt is empty'],
    [['run', 'x', '--new', '--session', 'y'], 'Give --session or --new, not both'],
    [['token', 'create', 'x', '--scope', 'all'], 'Allowed choices are view, drive'],
  ])('%j is refused as invalid', async (words, why) => {
    await expect(runProgram(words, io())).resolves.toBe(exitCode.invalid);
    expect(err).toContain(why);
  });

  test('help is no failure', async () => {
    await expect(runProgram(['--help'], io())).resolves.toBe(0);
    expect(out).toContain('Usage: turnkeep');
  });
});

test('without a daemon a command says how to start one', async () => {
  await expect(runProgram(['ls'], io())).resolves.toBe(exitCode.unavailable);
  expect(err).toContain(`No daemon serves ${state}. Start one with \`turnkeep up\`.`);
});

test.each(refusalCodes)('the refusal %s has its exit code', (code) => {
  expect(reportFailure(refuse(code, 'Because.'), io())).toBe(exitCode[code]);
  expect(err).toMatch(/^turnkeep: Because\.\n/);
});

test('a message of a server is cleaned before it is printed', () => {
  reportFailure(
    refuse('not_found', 'a\u001B[2Jb', { data: { candidates: ['x\u001B]0;y\u0007'] } }),
    io(),
  );
  expect(err).not.toContain('\u001B');
});

test('colours need a terminal that nobody asked to be without', () => {
  const tty = { outIsTty: true };
  expect(lookOf(io({}, tty), {}).colour).toBe(true);
  expect(lookOf(io({}, tty), { color: false }).colour).toBe(false);
  expect(lookOf(io({ NO_COLOR: '1' }, tty), {}).colour).toBe(false);
  expect(lookOf(io({ TERM: 'dumb' }, tty), {}).colour).toBe(false);
  expect(lookOf(io(), {}).colour).toBe(false);
});

describe('with a daemon', () => {
  const daemon = () => {
    const fake = new FakeDaemon();
    return {
      fake,
      listen: async () => {
        const url = await fake.listen();
        await writeFile(path.join(state, 'daemon.json'), JSON.stringify({ url, pid: 7 }));
        await writeFile(path.join(state, 'token'), 'secret\n');
      },
    };
  };

  test('up finds it and prints the same line again', async () => {
    const { fake, listen } = daemon();
    await listen();
    await expect(runProgram(['up', '--json'], io())).resolves.toBe(0);
    expect(JSON.parse(out)).toMatchObject({ pid: 7, tokenFile: path.join(state, 'token') });
    await fake.close();
  });

  test('ls asks with the token of the state directory and shows clean rows', async () => {
    const { fake, listen } = daemon();
    await listen();
    fake.answer = () => ({ body: { sessions: [listed], children: {}, next: null, asOf: '' } });
    await expect(runProgram(['ls'], io())).resolves.toBe(0);
    expect(fake.asked[0]?.headers.authorization).toBe('Bearer secret');
    expect(out.split('\n')[1]).toMatch(/^● s1 {2}x +working 1m · a · \$0\.50$/);
    expect(out).not.toContain('\u001B');
    await fake.close();
  });

  test('approve without an id takes the only open one, and lists them where there are more', async () => {
    const { fake, listen } = daemon();
    await listen();
    const options = [{ id: 'o1', name: 'Yes', kind: 'allow_once' as const }];
    const entry = (id: string) => entryOf('approval', { request: 1, title: id, options }, { id });
    let open = [{ session: 's', entry: entry('a1') }];
    fake.answer = ({ operation }) => {
      if (operation === 'sessions.resolve') return { body: { session: row } };
      if (operation === 'approvals.list') return { body: { approvals: open } };
      return { body: { outcome: 'allowed' } };
    };
    await expect(runProgram(['approve', 's'], io())).resolves.toBe(0);
    expect(fake.asked.at(-1)?.input).toEqual({ session: 's', approval: 'a1', verdict: 'allow' });
    await runProgram(['deny', 's', 'a1', '--option', '1'], io());
    expect(fake.asked.at(-1)?.input).toEqual({ session: 's', approval: 'a1', option: 'o1' });
    open = [...open, { session: 's', entry: entry('a2') }];
    await expect(runProgram(['approve', 's'], io())).resolves.toBe(exitCode.invalid);
    expect(out).toContain('a1\n? a1\n    1  (y) Yes\na2\n');
    open = [];
    await expect(runProgram(['approve', 's'], io())).resolves.toBe(exitCode.not_found);
    await fake.close();
  });

  test('a refusal of the server becomes its exit code', async () => {
    const { fake, listen } = daemon();
    await listen();
    const error = { code: 'not_found', message: 'There is no session x.', field: 'session' };
    fake.answer = () => ({ status: 404, body: { error } });
    await expect(runProgram(['show', 'x'], io())).resolves.toBe(exitCode.not_found);
    expect(err).toBe(
      'turnkeep: There is no session x.\n`turnkeep ls` shows the sessions that there are.\n',
    );
    await fake.close();
  });
});

test('P3: a prompt is followed to the end of its own run, or to what became of it', () => {
  const started = entryOf('run_started', { trigger: 'prompt', prompts: ['p'] }, { runId: 'r' });
  const ended = (runId: string) =>
    entryOf('run_ended', { outcome: 'completed' } as never, { runId });
  const fate = new PromptFate('p');
  expect([ended('r'), started, ended('q'), ended('r')].map((entry) => fate.see(entry))).toEqual([
    null,
    null,
    null,
    'completed',
  ]);
  const withdrawn = entryOf('queue', { change: 'withdrawn' }, { about: 'p' });
  expect(new PromptFate('p').see(withdrawn)).toBe('withdrawn');
  const unsure = entryOf('queue', { change: 'indeterminate' }, { about: 'p' });
  expect(new PromptFate('p').see(unsure)).toBe('indeterminate');
  const taken = new PromptFate('p');
  expect([started, unsure, ended('r')].map((entry) => taken.see(entry)).at(-1)).toBe('completed');
});
