import {
  chmod,
  mkdir,
  mkdtemp,
  readFile,
  realpath,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startDaemon } from '../../src/app/daemon.ts';
import { nodeClient } from '../../src/client/node/index.ts';

const program = fileURLToPath(
  new URL('../../src/agents/scripted/program/main.ts', import.meta.url),
);

let root = '';
let state = '';
let file = '';
beforeEach(async () => {
  root = await realpath(await mkdtemp(path.join(tmpdir(), 'turnkeep-own-agents-')));
  state = path.join(root, 'state');
  await mkdir(state, { mode: 0o700 });
  file = path.join(state, 'agents.json');
});
afterEach(async () => {
  delete process.env['OWN_AGENT_KEY'];
  await rm(root, { recursive: true, force: true });
});

const start = (): ReturnType<typeof startDaemon> => startDaemon({ state, log: () => undefined });

const mine = {
  name: 'mine',
  title: 'My own',
  command: 'sh',
  args: ['-c', 'echo "$OWN_AGENT_KEY" > key; exec "$0" "$1"', process.execPath, program],
  env: ['OWN_AGENT_KEY', 'NOT_THERE'],
  quirks: { failureText: 'API Error[^]*' },
};

async function write(value: unknown): Promise<void> {
  await writeFile(file, typeof value === 'string' ? value : JSON.stringify(value), { mode: 0o600 });
}

test('R3: an agent of the operator’s own works, with the variables that were named and its quirks', async () => {
  process.env['OWN_AGENT_KEY'] = 'a value';
  await write({ agents: [mine] });
  const daemon = await start();
  const client = await nodeClient({ url: daemon.url, tokenFile: daemon.tokenFile, env: {} });
  try {
    const { agents } = await client.agents.probe({ agent: 'mine' });
    expect(agents).toMatchObject([{ name: 'mine', title: 'My own', found: { state: 'ready' } }]);
    const told = async (prompt: string): Promise<object[]> => {
      const { session } = await client.sessions.create({ cwd: root, agent: 'mine', prompt });
      for await (const event of client.watch(session.id, { after: 0 })) {
        if (event.type === 'entry' && event.entry.kind === 'run_ended') break;
      }
      return (await client.sessions.history({ session: session.id, after: 0, limit: 1000 }))
        .entries;
    };
    expect((await told('[[say hi]]')).at(-1)).toMatchObject({ data: { outcome: 'completed' } });
    expect(await readFile(path.join(root, 'key'), 'utf8')).toBe('a value\n');
    const failed = await told('[[disguise API Error: 529 overloaded]]');
    expect(failed.at(-1)).toMatchObject({
      kind: 'run_ended',
      data: { outcome: 'failed', error: { category: 'service' } },
    });
  } finally {
    client.close();
    await daemon.shutdown('stop');
  }
});

describe('a daemon does not start where the file', () => {
  test.each([
    ['is no JSON', '{"agents": [', /agents\.json is no JSON/],
    ['holds no agents', '[]', /agents\.json: /],
    ['has a member that is none', { agents: [{ ...mine, comand: 'x' }] }, /agents\[0\]: .*comand/],
    ['has no command', { agents: [{ name: 'mine' }] }, /agents\[0\]\.command/],
    ['has a name that is none', { agents: [{ ...mine, name: 'My Own' }] }, /agents\[0\]\.name/],
    ['has the name of another', { agents: [{ ...mine, name: 'pi' }] }, /pi is an agent already/],
    ['has a name twice', { agents: [mine, mine] }, /agents: has a name twice/],
    ['has values of variables', { agents: [{ ...mine, env: { A: 'b' } }] }, /agents\[0\]\.env/],
    ['has a value in a name', { agents: [{ ...mine, env: ['A=b'] }] }, /env\[0\]: is the name/],
    [
      'has no expression',
      { agents: [{ ...mine, quirks: { failureText: '(' } }] },
      /failureText: is a regular expression/,
    ],
    ['is too large', JSON.stringify({ agents: [] }).padEnd(300 * 1024), /larger than 256 KiB/],
  ])('%s, and says so', async (_what, value, message) => {
    await write(value);
    await expect(start()).rejects.toThrow(message);
  });

  test('may be written by others, or is none, and says so', async () => {
    await write({ agents: [mine] });
    await chmod(file, 0o620);
    await expect(start()).rejects.toThrow(/can be written by others: chmod 600 it/);
    await rm(file);
    await symlink(path.join(root, 'elsewhere'), file);
    await expect(start()).rejects.toThrow(/agents\.json/);
  });
});
