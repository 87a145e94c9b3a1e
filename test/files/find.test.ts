import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openFind } from '../../src/files/find.ts';

const entries = 1500;
let cwd: string;
beforeEach(() => {
  cwd = realpathSync(mkdtempSync(path.join(tmpdir(), 'turnkeep-find-')));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const find = async (query: string, limit = 20) => {
  const { files, complete } = await openFind({ closed: [path.join(cwd, 'state')], entries })({
    cwd,
    query,
    limit,
  });
  return { paths: files.map((file) => file.path), complete };
};

test('S3: neither links nor directories of the daemon are looked into, and a link to a file is not named', async () => {
  for (const folder of ['state', 'src']) mkdirSync(path.join(cwd, folder));
  writeFileSync(path.join(cwd, 'state', 'token'), '');
  writeFileSync(path.join(cwd, 'src', 'token.ts'), '');
  symlinkSync(path.join(cwd, 'state', 'token'), path.join(cwd, 'token-link'));
  symlinkSync('/etc', path.join(cwd, 'etc'));
  symlinkSync(cwd, path.join(cwd, 'src', 'round'));
  expect(await find('token')).toEqual({ paths: ['src/token.ts'], complete: true });
  expect(await find('passwd')).toEqual({ paths: [], complete: true });
  expect(await find('')).toEqual({ paths: ['src/', 'src/token.ts'], complete: true });
});

test('S5: a directory without end is looked at up to a bound, and that is told', async () => {
  const many = path.join(cwd, 'many');
  mkdirSync(many);
  for (let at = 0; at < entries + 10; at++) writeFileSync(path.join(many, `f${at}`), '');
  writeFileSync(path.join(cwd, 'near'), '');
  const { paths, complete } = await find('', 5);
  expect(complete).toBe(false);
  expect(paths.slice(0, 2)).toEqual(['many/', 'near']);
  expect((await find('f1', 100)).complete).toBe(false);
  rmSync(many, { recursive: true });
  expect(await find('near')).toEqual({ paths: ['near'], complete: true });
});

test('S3 S5: where there is nothing, nothing is found', async () => {
  const gone = { cwd: path.join(cwd, 'gone'), query: 'x', limit: 5 };
  expect(await openFind({ closed: [], entries })(gone)).toEqual({ files: [], complete: true });
});
