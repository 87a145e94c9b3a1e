import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Daemon, startDaemon } from '../../src/app/daemon.ts';
import type { Io } from '../../src/cli/io.ts';
import { runProgram } from '../../src/cli/program.ts';
import { exitCode } from '../../src/protocol/error.ts';
import { FakeIo } from './fake-io.ts';

// What people get wrong is told as theirs, and with what to do.
let home = '';
let env: Io['env'] = {};
let daemon: Daemon;
beforeAll(async () => {
  home = await realpath(await mkdtemp(path.join(tmpdir(), 'turnkeep-mistakes-')));
  env = { TURNKEEP_STATE: path.join(home, 'state'), HOME: home };
  daemon = await startDaemon({ state: path.join(home, 'state'), log: () => {} });
});
afterAll(async () => {
  await daemon.shutdown('stop');
  await rm(home, { recursive: true, force: true });
});

async function turnkeep(...words: string[]): Promise<{ code: number; out: string; err: string }> {
  const fake = new FakeIo({ env, cwd: home, now: () => Date.now() });
  const code = await runProgram(words, fake.io);
  return { code, out: fake.out, err: fake.err };
}

test.each([
  [
    ['export', 'last', '--output', '/none/of/it'],
    /^turnkeep: \/none\/of\S*: there is no such file/,
  ],
  [['show', ''], /^turnkeep: name: It is empty\./],
  [['set', 'last', 'env.A B=1'], /env\.A B: This cannot be a name here/],
  [['ls', '--frob'], /^turnkeep: unknown option '--frob'/],
  [['teleport', 'last', '--to', 'notaurl', '--to-token-file', '/dev/null'], /begins with http/],
])('S5: %j is answered with what is wrong in it', async (words, told) => {
  await turnkeep('run', '--agent', 'scripted', '[[say hello]]');
  const { code, err } = await turnkeep(...words);
  expect(err).toMatch(told);
  expect(code).toBe(exitCode.invalid);
});

test('S1: a token that there is not is not said to be revoked', async () => {
  const { code, err } = await turnkeep('token', 'revoke', 'nosuch');
  expect(err).toContain('There is no token nosuch.');
  expect(code).toBe(exitCode.not_found);
});

test('R2: an agent that is not installed is answered with how to install it', async () => {
  const { code, out } = await turnkeep('run', '--agent', 'claude', 'hello');
  expect(out).toContain('npm install -g @anthropic-ai/claude-code');
  expect(code).toBe(1);
});

/** Watches a session, without a terminal, until this is shown or told beside it. */
async function attached(session: string, shown: string): Promise<FakeIo> {
  let leave = (): void => {};
  const see = (where: 'out' | 'err', text: string): void => {
    fake[where] += text;
    if (fake[where].includes(shown)) leave();
  };
  const fake: FakeIo = new FakeIo({
    env,
    cwd: home,
    out: (text) => see('out', text),
    err: (text) => see('err', text),
    onInterrupt: (pressed) => {
      leave = pressed;
      return () => {};
    },
  });
  await runProgram(['attach', session], fake.io);
  return fake;
}

test('A1: a question that waits is announced with how to answer it, one that was decided is not', async () => {
  const { out } = await turnkeep('new', '--agent', 'scripted', '[[ask run true]] [[say done]]');
  const session = out.trim();
  const waiting = await attached(session, 'approve');
  expect(waiting.err).toContain(`turnkeep approve ${session}`);
  expect((await turnkeep('approve', session)).code).toBe(0);
  const decided = await attached(session, 'completed');
  expect(decided.out).toContain('done');
  expect(decided.err).not.toContain('Waiting for an approval');
});
