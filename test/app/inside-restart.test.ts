import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startDaemon } from '../../src/app/daemon.ts';
import { nodeClient } from '../../src/client/node/index.ts';
import { lines, saidBy, shell, turnkeep } from './insider.ts';
import { Talk } from './talk.ts';

const cli = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

let root: string;
let state: string;
const children = new Set<ChildProcess>();
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'turnkeep-inside-')));
  state = join(root, 'state');
});
afterEach(async () => {
  for (const child of children) await kill(child);
  // What a test that failed has left working ends with the next daemon.
  const left = await readdir(join(state, 'hosts')).catch(() => []);
  if (left.length > 0) {
    await (await startDaemon({ state, log: () => undefined })).shutdown('stop');
  }
  await rm(root, { recursive: true, force: true });
});

/** A daemon as a process of its own, when it is ready to serve. */
async function daemon(): Promise<ChildProcess> {
  const words = [cli, 'up', '--state', state, '--port', '0', '--json'];
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'ignore'] });
  children.add(child);
  await once(createInterface(child.stdout), 'line');
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  children.delete(child);
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

describe('hosts and a daemon that was killed', { timeout: 120_000 }, () => {
  test('S1 R7: a host keeps its token and finds the daemon where it was, after that was killed', async () => {
    const killed = await daemon();
    const client = await nodeClient({ state, env: {} });
    const cwd = join(root, 'work');
    await mkdir(cwd);
    const { session } = await client.sessions.create({ cwd });
    const talk = new Talk({ client, state, session: session.id, cwd });
    const report = 'ls -i "$TURNKEEP_TOKEN_FILE"; echo "$TURNKEEP_SOCKET"';
    const work = shell(
      `${turnkeep} ls --json`,
      `${report}; until [ -e go ]; do sleep 0.05; done; ${report}`,
      `${turnkeep} ls --json`,
      `${turnkeep} run --detach-after '[[say after]]'`,
    );
    await talk.send(work.prompt);
    await talk.next('tool_call', ({ data }) => JSON.stringify(data).includes('until'));
    await kill(killed);
    expect((await lstat(join(state, 'turnkeep.sock'))).isSocket()).toBe(true);
    const restarted = await daemon();
    await writeFile(join(cwd, 'go'), '');
    expect((await talk.end(1, 60_000)).data.outcome).toBe('completed');
    const [before, waited, after, made] = await Promise.all(
      work.names.map((name) => saidBy(cwd, name)),
    );
    const told = waited!.out.trim().split('\n');
    expect(told.slice(2)).toEqual(told.slice(0, 2));
    expect(told[1]).toBe(join(state, 'turnkeep.sock'));
    for (const said of [before!, after!]) {
      expect(lines(said).map(({ id }) => id)).toEqual([session.id]);
    }
    const child = await client.sessions.get({ session: made!.out.trim() });
    expect(child.session.parent).toBe(session.id);
    const { tokens } = await client.tokens.list();
    const hosts = tokens.flatMap(({ host }) => (host === undefined ? [] : [host]));
    expect(hosts).toContain([...talk.hosts.keys()][0]);
    const ended = once(restarted, 'exit');
    await client.server.shutdown({ mode: 'stop' });
    await talk.quiet();
    await ended;
    client.close();
    // The ends of the hosts are stored, and their tokens have gone with them.
    const last = await startDaemon({ state, log: () => undefined });
    const owner = await nodeClient({ state, env: {} });
    expect((await owner.tokens.list()).tokens.map(({ name }) => name)).toEqual(['own']);
    owner.close();
    await last.shutdown('stop');
    await expect(lstat(join(state, 'turnkeep.sock'))).rejects.toThrow('ENOENT');
  });
});

const refusal = (path = state) =>
  startDaemon({ state: path, log: () => undefined }).then(
    () => 'started',
    (error: Error) => error.message,
  );

test('S3: a state directory in which the socket would have too long a path is refused with its length', async () => {
  const room = 103 - Buffer.byteLength(join(root, 'x', 'turnkeep.sock')) + 1;
  const long = join(root, 'é'.repeat(1) + 'y'.repeat(room - 1));
  expect(await refusal(long)).toMatch(/too long by 1 bytes: the socket .*turnkeep\.sock/);
  const fits = await startDaemon({ state: join(root, 'y'.repeat(room)), log: () => undefined });
  await fits.shutdown('stop');
});

test('S3: what is no socket in the place of the socket is left alone, and the start refused', async () => {
  await mkdir(state, { mode: 0o700 });
  const path = join(state, 'turnkeep.sock');
  await writeFile(path, 'mine', { mode: 0o600 });
  expect(await refusal()).toMatch(/turnkeep\.sock is no socket/);
  expect(await readFile(path, 'utf8')).toBe('mine');
  await rm(path);
  const target = join(root, 'elsewhere.sock');
  const other = createServer().listen(target);
  await once(other, 'listening');
  await symlink(target, path);
  expect(await refusal()).toMatch(/symbolic link|no socket/);
  expect((await lstat(target)).isSocket()).toBe(true);
  await rm(path);
  await mkdir(path);
  expect(await refusal()).toMatch(/no socket/);
  other.close();
  await once(other, 'close');
});
