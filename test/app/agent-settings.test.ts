import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { InputOf } from '../../src/client/index.ts';
import { check, Place } from './place.ts';
import { Talk } from './talk.ts';

let place: Place;

beforeAll(async () => {
  place = await Place.open();
});

afterAll(() => place.close());

const tiny = { type: 'stdio' as const, name: 'tiny', command: '/tiny', args: ['-x'], env: {} };

async function begin(settings: Partial<InputOf<'sessions.create'>>): Promise<Talk> {
  const cwd = await mkdtemp(join(place.root, 'work-'));
  const { client, state } = place;
  const { session } = await client.sessions.create({ cwd, agent: 'scripted', ...settings });
  const talk = new Talk({ client, state, session: session.id, cwd });
  place.talks.push(talk);
  return talk;
}

/** With what the agent says it works, in its n-th run. */
async function told(talk: Talk, run: number): Promise<unknown> {
  await talk.send('[[pace 0]][[settings]]');
  await talk.end(run);
  return JSON.parse(talk.texts('message').at(-1)!) as unknown;
}

function launches(talk: Talk): number {
  return talk.of('host').filter(({ data }) => data.state === 'launched').length;
}

test('a session is opened with its settings, and again with them after its host has ended', async () => {
  const additionalDirs = [place.root];
  const talk = await begin({
    model: 'brisk',
    mode: 'auto',
    effort: 'high',
    additionalDirs,
    mcpServers: [tiny],
    env: { FOO: 'of the session' },
  });
  const settings = {
    cwd: talk.cwd,
    model: 'brisk',
    mode: 'auto',
    effort: 'high',
    additionalDirectories: additionalDirs,
    mcpServers: [{ name: 'tiny', command: '/tiny', args: ['-x'], env: [] }],
  };
  expect(await told(talk, 1)).toEqual(settings);
  await talk.send('[[run printenv FOO]]');
  await talk.end(2);
  expect(JSON.stringify(talk.of('tool_call').at(-1)?.data)).toContain('of the session');
  // What it does not take while it is open has it begin anew, with everything else as it was.
  const { applied } = await place.client.sessions.patch({ session: talk.session, mcpServers: [] });
  expect(applied).toEqual({ mcpServers: 'next host' });
  expect(await told(talk, 3)).toEqual({ ...settings, mcpServers: [] });
  expect(launches(talk)).toBe(2);
  await check(talk);
});

test('model, mode and effort change in the host that works, by the agent’s own word', async () => {
  const talk = await begin({});
  await told(talk, 1);
  const { applied } = await place.client.sessions.patch({
    session: talk.session,
    model: 'brisk',
    mode: 'auto',
    effort: 'high',
  });
  expect(applied).toEqual({ model: 'live', mode: 'live', effort: 'live' });
  expect(await told(talk, 2)).toMatchObject({ model: 'brisk', mode: 'auto', effort: 'high' });
  expect(talk.texts('thought')).toEqual(['I have thought about it.']);
  expect(launches(talk)).toBe(1);
  const { row } = await talk.whole();
  expect(row).toMatchObject({ modelInForce: { id: 'brisk' }, mode: 'auto', effort: 'high' });
  expect(talk.of('notice')).toEqual([]);
  await check(talk);
});

test('what the agent refuses while it is open is in the log, and the row says what is in force', async () => {
  const talk = await begin({});
  await told(talk, 1);
  const { session } = talk;
  await place.client.sessions.patch({ session, mode: 'never', effort: 'endless' });
  expect(await told(talk, 2)).toMatchObject({ mode: 'ask', effort: 'low' });
  expect(talk.of('notice').map(({ data }) => data.code)).toEqual([
    'mode-not-set',
    'effort-not-set',
  ]);
  expect((await talk.whole()).row).toMatchObject({ mode: 'ask', effort: 'low' });
  await check(talk);
});

test('S1: what an agent cannot honour is refused as unsupported, secrets of MCP servers with it', async () => {
  const talk = await begin({});
  const { session } = talk;
  const secret = { ...tiny, env: { KEY: 'hush' } };
  const far = {
    type: 'http' as const,
    name: 'far',
    url: 'https://x.test/',
    headers: { A: 'hush' },
  };
  const refusals = [
    { instructions: { append: 'x' } },
    { tools: { deny: ['Bash'] } },
    { maxTurns: 3 },
    { mcpServers: [secret] },
    { mcpServers: [tiny, far] },
  ];
  for (const settings of refusals) {
    const refusal = { code: 'unsupported', field: Object.keys(settings)[0] };
    const created = place.client.sessions.create({ cwd: talk.cwd, ...settings });
    await expect(created).rejects.toMatchObject({ refusal });
    const patched = place.client.sessions.patch({ session, ...settings });
    await expect(patched).rejects.toMatchObject({ refusal });
  }
  expect(await told(talk, 1)).toMatchObject({ mcpServers: [] });
  await check(talk);
});
