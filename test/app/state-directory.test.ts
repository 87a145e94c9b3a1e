import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmod,
  chown,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { startDaemon } from '../../src/app/daemon.ts';
import { ownSecret } from '../../src/app/own-token.ts';
import {
  openStateDirectory,
  removeRecord,
  replaceFile,
  writeRecord,
} from '../../src/app/state-directory.ts';
import { nodeClient } from '../../src/client/node/index.ts';

const cli = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

let root: string;
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'turnkeep-state-')));
});
afterEach(() => rm(root, { recursive: true, force: true }));

test('S1: the state directory is 0700 and the token file 0600, made once', async () => {
  const directory = await openStateDirectory(join(root, 'a', 'b'));
  const secret = await ownSecret(directory);
  expect(secret).toMatch(/^tk_[A-Za-z0-9_-]{43}$/);
  expect(await ownSecret(directory)).toBe(secret);
  for (const path of [join(root, 'a'), directory.path]) {
    expect((await stat(path)).mode & 0o777).toBe(0o700);
  }
  expect((await stat(directory.tokenFile)).mode & 0o777).toBe(0o600);
  expect(await readdir(directory.path)).toEqual(['token']);
});

test('S1: a token file that a crash left empty is made anew', async () => {
  const directory = await openStateDirectory(join(root, 'a'));
  await writeFile(directory.tokenFile, '', { mode: 0o600 });
  expect(await ownSecret(directory)).toMatch(/^tk_/);
});

test('where no directory can be made, that is said, and at once', async () => {
  for (const path of ['/proc/turnkeep', '/proc/turnkeep/state']) {
    await expect(openStateDirectory(path)).rejects.toThrow(/cannot be made/);
  }
  await writeFile(join(root, 'file'), '');
  await expect(openStateDirectory(join(root, 'file', 'state'))).rejects.toThrow(/cannot be made/);
  await symlink(join(root, 'gone'), join(root, 'dangling'));
  await expect(openStateDirectory(join(root, 'dangling', 'state'))).rejects.toThrow(/made in/);
});

test('S3: a way to the state directory through a link is followed once, and named by its end', async () => {
  await mkdir(join(root, 'real'));
  await symlink(join(root, 'real'), join(root, 'way'));
  const { path } = await openStateDirectory(join(root, 'way', 'state'));
  expect(path).toBe(join(root, 'real', 'state'));
});

test('the record of another daemon is left alone', async () => {
  const directory = await openStateDirectory(join(root, 'a'));
  const record = { url: 'u', tokenFile: 't', startedAt: 's', version: 'v' };
  await writeRecord(directory, { ...record, pid: process.pid + 1 });
  await removeRecord(directory);
  expect(JSON.parse(await readFile(directory.record, 'utf8'))).toMatchObject(record);
  await writeRecord(directory, { ...record, pid: process.pid });
  await removeRecord(directory);
  await expect(readFile(directory.record)).rejects.toThrow(/ENOENT/);
});

test('S3: a file is replaced, and no link under its name or its temporary one is followed', async () => {
  const [path, target] = [join(root, 'a'), join(root, 'target')];
  await writeFile(target, 'untouched');
  await symlink(target, path);
  await symlink(target, `${path}.new`);
  await replaceFile(path, 'text');
  expect(await readFile(path, 'utf8')).toBe('text');
  expect((await lstat(path)).mode & 0o777).toBe(0o600);
  expect(await readFile(target, 'utf8')).toBe('untouched');
  expect(await readdir(root)).toEqual(['a', 'target']);
});

/** Where an attack is planted, and what it wants to have read, written or replaced. */
interface Ground {
  state: string;
  /** A file with the text of a token that the attacker knows. */
  file: string;
  /** A directory that is open to others. */
  folder: string;
}

interface Attack {
  what: string;
  plant: (ground: Ground) => Promise<unknown>;
  says: RegExp;
}

const known = `tk_${'K'.repeat(43)}`;
const pipe = (path: string) => execFileSync('mkfifo', [path]);
const isRoot = process.getuid?.() === 0;

/** The state directory itself, or the way to it. */
const onDirectory: readonly Attack[] = [
  {
    what: 'a link in its place',
    plant: ({ state, folder }) => symlink(folder, state),
    says: /is a symbolic link/,
  },
  {
    what: 'a link to nothing in its place',
    plant: ({ state, folder }) => symlink(join(folder, 'later'), state),
    says: /is a symbolic link/,
  },
  { what: 'a file in its place', plant: ({ state }) => writeFile(state, ''), says: /no directory/ },
  {
    what: 'a mode that lets others look in',
    plant: ({ state }) => mkdir(state).then(() => chmod(state, 0o750)),
    says: /can be read by others: chmod 700 it/,
  },
  {
    what: 'a directory above it in which everyone may write',
    plant: () => chmod(root, 0o777),
    says: /can be replaced by others: chmod o-w /,
  },
];

function link(name: string, to: 'file' | 'folder'): Attack {
  return {
    what: `${name} as a link to a ${to}`,
    plant: (ground) => symlink(ground[to], join(ground.state, name)),
    says: new RegExp(`holds ${name}, which is a symbolic link: remove it`),
  };
}

/** In a directory that was open to others for a while, or came out of an archive. */
const inDirectory: readonly Attack[] = [
  link('token', 'file'),
  link('turnkeep.db', 'file'),
  link('turnkeep.db-wal', 'file'),
  link('lock.db', 'file'),
  link('daemon.json', 'file'),
  link('daemon.json.new', 'file'),
  link('turnkeep.sock', 'file'),
  link('hosts', 'folder'),
  link('blobs', 'folder'),
  link('agents', 'folder'),
  ...['hosts/h1', 'blobs/00', 'agents/scripted'].map((path): Attack => ({
    what: `${path} as a link to a folder`,
    plant: async ({ state, folder }) => {
      await mkdir(join(state, path, '..'));
      await symlink(folder, join(state, path));
    },
    says: new RegExp(`holds ${path}, which is a symbolic link`),
  })),
  {
    what: 'token as a link to nothing',
    plant: ({ state, folder }) => symlink(join(folder, 'later'), join(state, 'token')),
    says: /holds token, which is a symbolic link/,
  },
  {
    what: 'token that others can read',
    plant: async ({ state }) => {
      await writeFile(join(state, 'token'), `${known}\n`);
      await chmod(join(state, 'token'), 0o644);
    },
    says: /token file .* can be read by others: remove it for a new token, or chmod 600 it/,
  },
  {
    what: 'token as a directory',
    plant: ({ state }) => mkdir(join(state, 'token')),
    says: /token file .* is no file/,
  },
  {
    what: 'token as a pipe',
    plant: async ({ state }) => pipe(join(state, 'token')),
    says: /holds token, which is neither a file nor a directory/,
  },
  {
    what: 'token that is none',
    plant: ({ state }) => writeFile(join(state, 'token'), 'tk_short', { mode: 0o600 }),
    says: /token file .* holds no token: remove it/,
  },
  {
    what: 'turnkeep.db as a pipe',
    plant: async ({ state }) => pipe(join(state, 'turnkeep.db')),
    says: /holds turnkeep.db, which is neither/,
  },
  {
    what: 'turnkeep.db that is no database',
    plant: ({ state }) => writeFile(join(state, 'turnkeep.db'), 'x'.repeat(5000), { mode: 0o600 }),
    says: /database/,
  },
  ...(isRoot
    ? [
        {
          what: 'turnkeep.db of another user',
          plant: async ({ state }: Ground) => {
            await writeFile(join(state, 'turnkeep.db'), '');
            await chown(join(state, 'turnkeep.db'), 12_345, 12_345);
          },
          says: /holds turnkeep.db, which belongs to another user/,
        },
      ]
    : []),
];

/** All that is at a path: names, modes and texts. */
async function pictureOf(path: string): Promise<unknown> {
  const found = await lstat(path);
  const { mode, size, mtimeMs } = found;
  if (!found.isDirectory()) return { mode, size, mtimeMs, text: await readFile(path, 'utf8') };
  const names = (await readdir(path)).toSorted();
  return {
    mode,
    mtimeMs,
    inside: await Promise.all(names.map((name) => pictureOf(join(path, name)))),
  };
}

async function attackedBy({ plant, says }: Attack, made: boolean): Promise<void> {
  const targets = join(root, 'targets');
  const ground = {
    state: join(root, 'state'),
    file: join(targets, 'file'),
    folder: join(targets, 'folder'),
  };
  await mkdir(ground.folder, { recursive: true });
  await writeFile(ground.file, `${known}\n`, { mode: 0o600 });
  if (made) await mkdir(ground.state, { mode: 0o700 });
  await plant(ground);
  const before = await pictureOf(targets);
  const said: object[] = [];
  const log = (event: string, data: object) => said.push({ event, ...data });
  await expect(startDaemon({ state: ground.state, log })).rejects.toThrow(says);
  expect(await pictureOf(targets)).toEqual(before);
}

test.each(onDirectory)('S1 S3: with $what no daemon starts', (attack) => attackedBy(attack, false));

test.each(inDirectory)(
  'S1 S3: with $what no daemon starts, and what a link names is untouched',
  (attack) => attackedBy(attack, true),
);

test('S1 S3: a directory of another user is refused', async () => {
  const state = isRoot ? join(root, 'state') : '/';
  if (isRoot) {
    await mkdir(state, { mode: 0o700 });
    await chown(state, 12_345, 12_345);
  }
  await expect(startDaemon({ state })).rejects.toThrow(/belongs to another user/);
});

test(
  'S1: a start that is refused ends its process, and says why',
  { timeout: 60_000 },
  async () => {
    const state = join(root, 'state');
    const started = async () => {
      const child = spawn(process.execPath, [cli, 'up', '--state', state, '--port', '0'], {
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      onTestFinished(() => void child.kill('SIGKILL'));
      const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
      return { said, code };
    };
    await mkdir(state, { mode: 0o700 });
    await writeFile(join(state, 'token'), 'no token', { mode: 0o600 });
    expect(await started()).toMatchObject({ code: 2, said: expect.stringContaining('no token') });
    await rm(join(state, 'token'));
    await rm(join(state, 'hosts'), { recursive: true, force: true });
    await writeFile(join(state, 'hosts'), '');
    expect(await started()).toMatchObject({ code: 2, said: expect.stringContaining('hosts') });
  },
);

test('S1: under an open umask no file of the daemon is open to others, nor one of its agent', async () => {
  const umask = process.umask(0o022);
  onTestFinished(() => void process.umask(umask));
  const state = join(root, 'state');
  const daemon = await startDaemon({ state, log: () => undefined });
  const client = await nodeClient({ url: daemon.url, tokenFile: daemon.tokenFile, env: {} });
  try {
    const long = 'x'.repeat(100_000);
    const { session } = await client.sessions.create({ cwd: root, prompt: `[[say hi]] ${long}` });
    for await (const event of client.watch(session.id, { after: 0 })) {
      if (event.type === 'entry' && event.entry.kind === 'run_ended') break;
    }
    const names = await readdir(state, { recursive: true });
    for (const part of ['turnkeep.db-wal', 'lock.db', 'out.ndjson', 'blobs/', 'agents/scripted/']) {
      expect(names.join('\n')).toContain(part);
    }
    for (const name of names) {
      const { mode } = await lstat(join(state, name));
      expect([name, (mode & 0o077).toString(8)]).toEqual([name, '0']);
    }
  } finally {
    client.close();
    await daemon.shutdown('stop');
  }
});

/** Whether a secret opens the daemon at this address. */
async function opens(url: string, secret: string): Promise<boolean> {
  const headers = { authorization: `Bearer ${secret}`, 'content-type': 'application/json' };
  const answer = await fetch(`${url}/v1/agents.list`, { method: 'POST', body: '{}', headers });
  return answer.ok;
}

test('S1: removing the token file before a start rotates the token, and so does revoking it', async () => {
  const state = join(root, 'state');
  const tokenFile = join(state, 'token');
  const secretOf = async () => (await readFile(tokenFile, 'utf8')).trim();
  const secrets: string[] = [];
  for (const how of ['remove', 'revoke', 'keep', 'look'] as const) {
    const daemon = await startDaemon({ state, log: () => undefined });
    secrets.push(await secretOf());
    const opened = await Promise.all(secrets.map((secret) => opens(daemon.url, secret)));
    expect(opened).toEqual(secrets.map((secret) => secret === secrets.at(-1)));
    const client = await nodeClient({ url: daemon.url, tokenFile, env: {} });
    if (how === 'remove') await rm(tokenFile);
    if (how === 'revoke') {
      const { tokens } = await client.tokens.list();
      const own = tokens.find(({ name, revokedAt }) => name === 'own' && revokedAt === null);
      await client.tokens.revoke({ id: own!.id });
    }
    client.close();
    await daemon.shutdown('stop');
  }
  expect(new Set(secrets).size).toBe(3);
  expect(secrets[3]).toBe(secrets[2]);
});
