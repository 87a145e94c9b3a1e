import { chmod, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  openStateDirectory,
  ownSecret,
  removeRecord,
  writeRecord,
} from '../../src/app/state-directory.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'turnkeep-state-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

test('S1: the state directory is 0700 and the token file 0600, made once', async () => {
  const directory = await openStateDirectory(join(root, 'a', 'b'));
  const secret = await ownSecret(directory);
  expect(secret).toMatch(/^tk_[A-Za-z0-9_-]{43}$/);
  expect(await ownSecret(directory)).toBe(secret);
  expect((await stat(directory.path)).mode & 0o777).toBe(0o700);
  expect((await stat(directory.tokenFile)).mode & 0o777).toBe(0o600);
});

test('S1: a token file that a crash left empty is made anew', async () => {
  const directory = await openStateDirectory(join(root, 'a'));
  await writeFile(directory.tokenFile, '');
  expect(await ownSecret(directory)).toMatch(/^tk_/);
});

test('S1 S3: a directory that others can read, a link and a file are refused with what to change', async () => {
  const open = join(root, 'open');
  await mkdir(open);
  await chmod(open, 0o755);
  await expect(openStateDirectory(open)).rejects.toThrow(/can be read by others/);
  const real = join(root, 'real');
  await mkdir(real, { mode: 0o700 });
  await symlink(real, join(root, 'link'));
  await expect(openStateDirectory(join(root, 'link'))).rejects.toThrow(/symbolic link/);
  await writeFile(join(root, 'file'), '');
  await expect(openStateDirectory(join(root, 'file'))).rejects.toThrow();
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
