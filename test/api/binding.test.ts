import { expect, test } from 'vitest';
import { words } from '../engine/workbench.ts';
import { LogWorld } from './log-world.ts';

const key = 'agent:plain:taken';

test('S1: a token that is bound to sessions gets no other one by the key of a fork or a patch, nor learns of it', async () => {
  const world = await LogWorld.open();
  const { engine } = world.bench;
  const owner = { type: 'client', token: 'o' } as const;
  await engine.create({ id: 'mine', changes: {} }, owner);
  // Theirs is a fork of the same base: by its origin alone it could be meant.
  await engine.branches.fork('mine', { id: 'theirs', changes: { key } }, owner);
  const bound = await world.clientWith(['manage', 'drive'], { sessions: ['mine', 'next'] });
  const fork = { session: 'mine', id: 'next', prompt: 'for them' };
  const taken = { refusal: { code: 'conflict', field: 'key' } };
  const refused = await bound.sessions.fork({ ...fork, key }).catch((error: unknown) => error);
  expect(refused).toMatchObject(taken);
  const patched = await bound.sessions
    .patch({ session: 'mine', key })
    .catch((error: unknown) => error);
  expect(patched).toMatchObject(taken);
  for (const error of [refused, patched]) {
    expect(JSON.stringify(error) + String(error)).not.toMatch(/theirs/);
  }
  const prompts = (await world.bench.of('theirs', 'prompt')).map(({ data }) => data.content);
  expect(prompts).toEqual([]);
  const made = await bound.sessions.fork(fork);
  expect(made).toMatchObject({ created: true, session: { id: 'next' } });
  expect(await world.bench.of('next', 'prompt')).toMatchObject([
    { data: { content: words('for them') } },
  ]);
  const elsewhere = bound.sessions.fork({ ...fork, id: 'theirs' });
  await expect(elsewhere).rejects.toMatchObject({ refusal: { code: 'forbidden', field: 'id' } });
});

test('S3 S5: a session that is called as what every object has is as any other', async () => {
  const world = await LogWorld.open();
  for (const id of ['hasOwnProperty', 'constructor', 'toString']) {
    await world.client.sessions.create({ id });
    expect(await world.client.sessions.get({ session: id })).toMatchObject({ children: 0 });
  }
});
