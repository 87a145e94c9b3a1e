import { chmod, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, afterEach, describe, expect, test } from 'vitest';
import { noHooks, readHooks } from '../../src/hooks/config.ts';

let root: string;
let file: string;
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'turnkeep-hooks-')));
  file = join(root, 'hooks.json');
  await mkdir(join(root, 'app'));
  await writeFile(join(root, 'secret'), 'a secret of some length\n', { mode: 0o600 });
});
afterEach(() => rm(root, { recursive: true, force: true }));

const write = (content: unknown, mode = 0o600): Promise<void> =>
  writeFile(file, typeof content === 'string' ? content : JSON.stringify(content), { mode });
const rule = (more: object = {}) => ({
  directory: join(root, 'app'),
  command: ['/bin/true'],
  deadlineMs: 1000,
  ...more,
});
const hook = (more: object = {}) => ({
  name: 'desk',
  events: ['run'],
  command: ['/bin/true'],
  ...more,
});

describe('the file of the hooks', () => {
  test('H4: names hooks that are notified and directories with a hook, by real paths', async () => {
    expect(await readHooks(file)).toEqual(noHooks);
    await symlink(join(root, 'app'), join(root, 'link'));
    const web = { name: 'web', events: ['approval', 'session'], url: 'https://example.org/x' };
    const notify = [hook(), { ...web, secretFile: 'secret' }];
    await write({ notify, beforeCommit: [rule({ directory: join(root, 'link') })] });
    expect(await readHooks(file)).toEqual({
      problem: null,
      notify: [hook(), { ...web, secret: 'a secret of some length' }],
      beforeCommit: [rule()],
    });
  });

  test.each<[string, (base: object) => unknown, RegExp]>([
    ['is no JSON', () => '{', /is no JSON/],
    ['is no object', () => '[]', /holds no object/],
    [
      'has a rule without a deadline',
      (base) => [{ ...base, deadlineMs: undefined }],
      /\[0\]\.deadlineMs/,
    ],
    [
      'has a directory that is not there',
      (base) => [{ ...base, directory: '/nowhere/x' }],
      /directory: ENOENT/,
    ],
    ['has a relative directory', (base) => [{ ...base, directory: 'app' }], /absolute/],
    ['has a program without a path', (base) => [{ ...base, command: ['true'] }], /absolute/],
    ['has a member that nobody knows', (base) => [{ ...base, dealineMs: 1 }], /\[0\]/],
    ['has no list', () => ({}), /beforeCommit/],
  ])('H4: nothing starts where it %s', async (_, of, message) => {
    const given = of(rule());
    await write(typeof given === 'string' ? given : { beforeCommit: given });
    await expect(readHooks(file)).rejects.toThrow(message);
  });

  test('H4: nothing starts where others may write it, or where it is a link', async () => {
    await write({ beforeCommit: [rule()] });
    await chmod(file, 0o620);
    await expect(readHooks(file)).rejects.toThrow('chmod 600');
    await rm(file);
    await symlink(join(root, 'secret'), file);
    await expect(readHooks(file)).rejects.toThrow('no file of this user');
  });

  test.each<[string, object, RegExp]>([
    [
      'an address of another kind',
      { command: undefined, url: 'file:///x', secretFile: 'secret' },
      /notify\[0\]/,
    ],
    ['no event', { events: [] }, /events/],
    [
      'both a program and an address',
      { url: 'http://x.test/', secretFile: 'secret' },
      /notify\[0\]/,
    ],
    [
      'a secret that is not there',
      { command: undefined, url: 'http://x.test/', secretFile: 'no' },
      /secretFile: ENOENT/,
    ],
    ['a name with spaces', { name: 'a b' }, /name/],
  ])(
    'H3 H4: %s turns off who is notified, and no hook before a commit',
    async (_, more, message) => {
      await write({ notify: [hook(more)], beforeCommit: [rule()] });
      const read = await readHooks(file);
      expect(read).toMatchObject({ notify: [], beforeCommit: [rule()] });
      expect(read.problem).toMatch(message);
    },
  );

  test('H3: a secret that others can read, or a name that is there twice, is no hook', async () => {
    await chmod(join(root, 'secret'), 0o640);
    const web = { name: 'web', events: ['run'], url: 'http://x.test/', secretFile: 'secret' };
    await write({ notify: [web] });
    expect((await readHooks(file)).problem).toContain('can be read by others');
    await write({ notify: [hook(), hook()] });
    expect((await readHooks(file)).problem).toContain('twice');
    await write({ notfy: [] });
    expect((await readHooks(file)).problem).toContain('notfy');
  });
});
