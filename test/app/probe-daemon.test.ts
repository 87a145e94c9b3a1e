import { chmod, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Daemon, startDaemon } from '../../src/app/daemon.ts';
import type { Client } from '../../src/client/index.ts';
import { nodeClient } from '../../src/client/node/index.ts';
import { alive, until } from './processes.ts';

const notesAndHangs = (notes: string): string =>
  `#!/bin/sh\necho $$ >> "${notes}"\nexec sleep 60\n`;

let place = '';
let daemon: Daemon;
let client: Client;
const started = async (): Promise<number[]> =>
  (await readFile(path.join(place, 'pids'), 'utf8').catch(() => ''))
    .split('\n')
    .filter((line) => line !== '')
    .map(Number);

beforeEach(async () => {
  place = await realpath(await mkdtemp(path.join(tmpdir(), 'turnkeep-probing-')));
  const program = path.join(place, 'claude');
  await writeFile(program, notesAndHangs(path.join(place, 'pids')));
  await chmod(program, 0o755);
  daemon = await startDaemon({
    state: path.join(place, 'state'),
    claude: { program, env: {} },
    log: () => undefined,
  });
  client = await nodeClient({ url: daemon.url, tokenFile: daemon.tokenFile, env: {} });
});
afterEach(async () => {
  client.close();
  await daemon.shutdown('stop');
  for (const pid of await started()) expect(await alive(pid)).toBe(false);
  await rm(place, { recursive: true, force: true });
});

test('V6: while an agent hangs in a probe, health, lists and launches wait for nothing', async () => {
  let over = false;
  const probing = client.agents
    .probe({ agent: 'claude' }, { tries: 1 })
    .catch(() => null)
    .finally(() => (over = true));
  await until('the agent is being asked', async () => (await started()).length > 0);
  expect(await client.server.health()).toEqual({ ok: true });
  const { agents } = await client.agents.list();
  expect(agents.map(({ name, found }) => [name, found])).toEqual([
    ['scripted', null],
    ['claude', null],
    ['codex', null],
    ['gemini', null],
    ['opencode', null],
    ['pi', null],
  ]);
  const { session, prompt } = await client.sessions.create({ cwd: place, prompt: '[[say hi]]' });
  for await (const event of client.watch(session.id, { after: prompt!.seq })) {
    if (event.type === 'entry' && event.entry.kind === 'run_ended') break;
  }
  expect(over).toBe(false);
  await daemon.shutdown('stop');
  await probing;
});

test('lists start nothing; what was asked once is known with its age, and then unknown models are refused', async () => {
  const create = (model: string) => client.sessions.create({ cwd: place, model });
  expect((await create('nonsense')).session.model).toBe('nonsense');
  const { agents } = await client.agents.probe({ agent: 'scripted' });
  expect(agents).toHaveLength(1);
  expect(agents[0]?.found).toMatchObject({
    state: 'ready',
    models: { default: 'steady' },
    commands: [{ name: 'help', hint: 'anything' }],
  });
  const listed = (await client.agents.list()).agents;
  expect(listed[0]?.found).toMatchObject({ state: 'ready', at: agents[0]!.found!.at });
  expect(listed[1]?.found).toBe(null);
  expect(await started()).toEqual([]);
  await expect(create('nonsense')).rejects.toMatchObject({
    refusal: { code: 'invalid', field: 'model', data: { models: ['steady', 'brisk'] } },
  });
  expect((await create('brisk')).session.model).toBe('brisk');
  await expect(client.agents.probe({ agent: 'nobody' })).rejects.toMatchObject({
    refusal: { code: 'invalid', field: 'agent' },
  });
});

test('S1: who may only look starts no probe, and checks no database', async () => {
  const { secret } = await client.tokens.create({ name: 'looker', scopes: ['view'] });
  const file = path.join(place, 'secret');
  await writeFile(file, secret, { mode: 0o600 });
  const looker = await nodeClient({ url: daemon.url, tokenFile: file, env: {} });
  const forbidden = { refusal: { code: 'forbidden' } };
  await expect(looker.agents.probe()).rejects.toMatchObject(forbidden);
  await expect(looker.server.check()).rejects.toMatchObject(forbidden);
  expect((await looker.agents.list()).agents).toHaveLength(6);
  looker.close();
  expect(await client.server.check()).toEqual({ faults: [], more: 0 });
  expect(await started()).toEqual([]);
});
