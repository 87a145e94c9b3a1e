import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CustomAgent } from '../../src/agents/agents.ts';
import { scriptedProgram } from './compose.ts';
import { check, Place } from './place.ts';

const node = process.execPath;
const burst = fileURLToPath(new URL('./agents/burst.mjs', import.meta.url));
const agent = (name: string, command: string, ...args: string[]): CustomAgent => {
  return { name, command, args, env: {} };
};

let place: Place;

beforeAll(async () => {
  place = await Place.open({
    agents: [
      agent('burst', node, burst, '3000'),
      agent('burst-result', node, burst, '3000', 'result'),
      agent('fail-start', node, scriptedProgram, '--fail-start'),
      agent('missing', '/nowhere/no-such-program'),
      agent('mute', node, '-e', 'process.exit(0)'),
    ],
  });
});

afterAll(() => place.close());

test.concurrent('R2 R6: a burst and the exit right after it: every line is in the log', async () => {
  const talk = await place.play('go', { agent: 'burst-result' });
  const end = await talk.end();
  expect(end.data).toMatchObject({ outcome: 'completed', stopReason: 'end_turn', turns: 3000 });
  await talk.hostEnd();
  expect(talk.texts('message')).toEqual(lines(3000));
  await check(talk);
});

test.concurrent('R3 R6: a burst without a result fails, with every line in the log', async () => {
  const talk = await place.play('go', { agent: 'burst' });
  const { data } = await talk.end();
  expect(data).toMatchObject({ outcome: 'failed', exitCode: 0, error: { category: 'protocol' } });
  expect(talk.texts('message')).toEqual(lines(3000));
  await check(talk);
});

test.concurrent('R2 R3: exit 0 in mid-turn is no success', async () => {
  const talk = await place.play('[[say I go.]] [[exit 0]]');
  const { data } = await talk.end();
  expect(data).toMatchObject({ outcome: 'failed', exitCode: 0, error: { category: 'protocol' } });
  expect(data.error?.message).toContain('exited with code 0');
  expect(talk.texts('message')).toEqual(['I go.']);
  await check(talk);
});

test.concurrent('R2 R3: an exit code is told, and the next prompt has a new host', async () => {
  const talk = await place.play('[[exit 7]]');
  const { data } = await talk.end();
  expect(data).toMatchObject({ outcome: 'failed', exitCode: 7, error: { category: 'protocol' } });
  await talk.send('[[say Again.]]');
  expect((await talk.end(2)).data.outcome).toBe('completed');
  expect(new Set(talk.of('host').map((entry) => entry.data.host)).size).toBe(2);
  await check(talk);
});

test.concurrent('R2 R3: a crash by SIGKILL is told with its signal', async () => {
  const talk = await place.play('[[say Half a]] [[crash]]');
  const { data } = await talk.end();
  expect(data).toMatchObject({
    outcome: 'failed',
    signal: 'SIGKILL',
    error: { category: 'protocol' },
  });
  expect(talk.of('message').at(-1)?.data.incomplete).toBe(true);
  await check(talk);
});

test.concurrent('R3 P3: an agent that dies before it is ready leaves the prompt queued', async () => {
  const talk = await place.play('go', { agent: 'fail-start' });
  const { data } = await talk.end();
  expect(data).toMatchObject({ outcome: 'failed', exitCode: 3, error: { category: 'launch' } });
  expect(data.error?.message).toContain('told to fail at the start');
  expect((await talk.whole()).row).toMatchObject({ status: 'idle', queued: 1, held: true });
  await check(talk);
});

test.concurrent('R3 P3: an agent that says nothing and exits with 0 has not started', async () => {
  const talk = await place.play('go', { agent: 'mute' });
  const { data } = await talk.end();
  expect(data).toMatchObject({ outcome: 'failed', exitCode: 0, error: { category: 'launch' } });
  expect((await talk.whole()).row).toMatchObject({ queued: 1, held: true });
  await check(talk);
});

test.concurrent('R3 P3: a missing program fails the launch and keeps the prompt', async () => {
  const talk = await place.play('go', { agent: 'missing' });
  const { data } = await talk.end();
  expect(data).toMatchObject({ outcome: 'failed', error: { category: 'launch' } });
  expect(data.error?.message).toContain('/nowhere/no-such-program');
  expect((await talk.whole()).row).toMatchObject({ status: 'idle', queued: 1, held: true });
  await check(talk);
});

test.concurrent('R3 P3: a vanished directory fails the launch; a later send works both off', async () => {
  const talk = await place.session();
  const away = join(place.root, `away-${talk.session}`);
  await rename(talk.cwd, away);
  await talk.send('[[say First.]]');
  expect((await talk.end()).data).toMatchObject({
    outcome: 'failed',
    error: { category: 'launch' },
  });
  expect((await talk.whole()).row).toMatchObject({ queued: 1, held: true });
  await rename(away, talk.cwd);
  await talk.send('[[say Second.]]');
  expect((await talk.end(3)).data.outcome).toBe('completed');
  expect(talk.texts('message').toSorted()).toEqual(['First.', 'Second.']);
  expect((await talk.whole()).row).toMatchObject({ status: 'idle', queued: 0, held: false });
  await check(talk);
  await rm(away, { recursive: true, force: true });
});

test.concurrent('L8 R6: a torn line before the exit is kept as unrecognized', async () => {
  const talk = await place.play('[[say Whole.]] [[misbehave torn-line]]');
  const { data } = await talk.end();
  expect(data).toMatchObject({ outcome: 'failed', exitCode: 0 });
  const [torn] = talk.of('unrecognized');
  expect(torn?.data).toMatchObject({
    reason: 'torn',
    count: 1,
    raw: '{"jsonrpc":"2.0","method":"session/upd',
  });
  const { from, to } = torn!.data.range!;
  expect(to - from).toBe(torn!.data.raw.length);
  await check(talk);
});

function lines(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `line ${index + 1}`);
}
