import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RefusalError } from '../../src/client/index.ts';
import { check, Place } from './place.ts';
import type { Talk } from './talk.ts';

let place: Place;

beforeAll(async () => {
  const twoAsks = fileURLToPath(new URL('./agents/two-asks.mjs', import.meta.url));
  const agent = { name: 'two-asks', command: process.execPath, args: [twoAsks], env: {} };
  place = await Place.open({ agents: [agent] });
});

afterAll(() => place.close());

test.concurrent('A3 R4: an abort withdraws the open approval; a decision after it is refused', async () => {
  const talk = await place.play('[[ask write a.txt|no]] [[say Never.]]');
  const asked = await talk.next('approval');
  expect((await talk.whole()).row).toMatchObject({ status: 'waiting', openApprovals: 1 });
  expect(await talk.abort({ wait: true })).toMatchObject({ outcome: 'cancelled' });
  const [decision] = talk.of('decision');
  expect(decision).toMatchObject({ about: asked.id, data: { outcome: 'withdrawn' } });
  expect(decision!.seq).toBeLessThan((await talk.end()).seq);
  expect(await refused(talk, asked.id)).toMatchObject({ code: 'already_decided' });
  expect(talk.of('tool_call').at(-1)?.data.status).not.toBe('completed');
  await check(talk);
});

test.concurrent('A3: the death of the agent withdraws its approval; a decision changes nothing', async () => {
  const talk = await place.play('[[ask run true]]');
  const asked = await talk.next('approval');
  process.kill(await talk.agent(), 'SIGKILL');
  expect((await talk.end()).data).toMatchObject({ outcome: 'failed', signal: 'SIGKILL' });
  const before = await talk.whole();
  expect(before.row).toMatchObject({ status: 'idle', openApprovals: 0 });
  expect(await refused(talk, asked.id)).toMatchObject({
    code: 'already_decided',
    data: { outcome: 'withdrawn' },
  });
  expect(await talk.whole()).toEqual(before);
  await check(talk);
});

test.concurrent('A1 A3: a decision about what was decided, or about nothing, is refused', async () => {
  const talk = await place.play('[[ask run true]] [[say Done.]]');
  const asked = await talk.next('approval');
  expect(await talk.decide(asked.id, 'allow')).toMatchObject({ outcome: 'allowed' });
  expect((await talk.end()).data.outcome).toBe('completed');
  expect(await refused(talk, asked.id)).toMatchObject({
    code: 'already_decided',
    data: { outcome: 'allowed' },
  });
  expect(await refused(talk, 'no-such-approval')).toMatchObject({ code: 'not_found' });
  await check(talk);
});

test.concurrent('A2: of two open approvals one is decided, the other stays open', async () => {
  const talk = await place.play('two', { agent: 'two-asks' });
  const first = await talk.next('approval', ({ data }) => data.title.includes('first'));
  const second = await talk.next('approval', ({ data }) => data.title.includes('second'));
  expect((await talk.whole()).row).toMatchObject({ status: 'waiting', openApprovals: 2 });
  await talk.decide(second.id, 'allow');
  expect((await talk.whole()).row).toMatchObject({ status: 'waiting', openApprovals: 1 });
  await talk.decide(first.id, 'deny');
  expect((await talk.end()).data.outcome).toBe('completed');
  expect(talk.texts('message')).toEqual(['second: yes', 'first: no']);
  await check(talk);
});

test.concurrent('A3 R4: an abort withdraws every open approval', async () => {
  const talk = await place.play('two', { agent: 'two-asks' });
  await talk.next('approval', ({ data }) => data.title.includes('second'));
  const answer = await talk.abort({ wait: true });
  expect(answer).toMatchObject({ status: 'aborted', outcome: 'cancelled' });
  expect(talk.of('decision').map(({ data }) => data.outcome)).toEqual(['withdrawn', 'withdrawn']);
  for (const { id } of talk.of('approval')) {
    expect(await refused(talk, id)).toMatchObject({ code: 'already_decided' });
  }
  await check(talk);
});

test.concurrent('A3 R4: force withdraws it, too', async () => {
  const talk = await place.play('[[ask run true]]');
  const asked = await talk.next('approval');
  const answer = await talk.abort({ force: true });
  expect(answer).toMatchObject({ outcome: 'killed', proof: { gone: true } });
  expect(await refused(talk, asked.id)).toMatchObject({ code: 'already_decided' });
  await check(talk);
});

async function refused(talk: Talk, approval: string): Promise<unknown> {
  const decided = talk.decide(approval, 'allow');
  const error = await decided.then(
    () => null,
    (thrown: RefusalError) => thrown,
  );
  return error?.refusal;
}
