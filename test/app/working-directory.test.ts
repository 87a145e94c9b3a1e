import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { trustedDirectories, workingDirectoryCheck } from '../../src/app/working-directory.ts';

let root: string;
beforeAll(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'turnkeep-cwd-')));
  await mkdir(join(root, 'state', 'hosts'), { recursive: true });
  await mkdir(join(root, 'work'));
  await writeFile(join(root, 'file'), '');
  await symlink(join(root, 'state', 'hosts'), join(root, 'way-in'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

test('S3: a working directory must exist, be absolute and lie outside of the state directory', async () => {
  const check = workingDirectoryCheck(join(root, 'state'));
  expect(await check(join(root, 'work', '..', 'work'))).toBe(join(root, 'work'));
  const refused = ['work', '../work', '', 'nowhere\0', join(root, 'nowhere'), join(root, 'file')];
  const inState = [join(root, 'state'), join(root, 'state', 'hosts'), join(root, 'way-in')];
  for (const path of [...refused, ...inState]) {
    await expect(check(path)).rejects.toMatchObject({ refusal: { code: 'invalid', field: 'cwd' } });
  }
});

test('S8: a trusted directory is kept by its real path, and must be one', async () => {
  await symlink(join(root, 'work'), join(root, 'way-to-work'));
  expect(await trustedDirectories([join(root, 'way-to-work')])).toEqual([join(root, 'work')]);
  for (const path of ['work', join(root, 'nowhere'), join(root, 'file')]) {
    await expect(trustedDirectories([path])).rejects.toMatchObject({
      refusal: { code: 'invalid' },
    });
  }
});
