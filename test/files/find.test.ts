import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { opendir, realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Directories, openFind } from '../../src/files/find.ts';

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

/** A disk on which directories of that name hang until they are let go, as those of a network may. */
class HangingDisk implements Directories {
  readonly #letGo = Promise.withResolvers<void>();
  open = 0;
  most = 0;

  realpath(name: string): Promise<string> {
    return realpath(name);
  }

  async opendir(name: string) {
    this.open += 1;
    this.most = Math.max(this.most, this.open);
    if (path.basename(name) === 'hangs') await this.#letGo.promise;
    this.open -= 1;
    return opendir(name);
  }

  letGo(): void {
    this.#letGo.resolve();
  }
}

test('S5: a directory that hangs holds up neither who asks nor those after it, and a few threads at most', async () => {
  for (const folder of ['hangs', 'well']) mkdirSync(path.join(cwd, folder));
  for (const file of ['nearest', 'well/near']) writeFileSync(path.join(cwd, file), '');
  const disk = new HangingDisk();
  const search = openFind({ closed: [], entries }, disk);
  const ask = (folder: string) => search({ cwd: path.join(cwd, folder), query: 'near', limit: 5 });
  const near = { files: [{ path: 'near', type: 'file' }], complete: true };
  const nothing = { files: [], complete: false };
  // One hangs: another is answered meanwhile, and what was found beside it is told.
  const first = ask('');
  expect(await ask('well')).toEqual(near);
  expect(await first).toEqual({ files: [{ path: 'nearest', type: 'file' }], complete: false });
  // What hangs is not asked again and again.
  const many = await Promise.all(Array.from({ length: 6 }, () => ask('hangs')));
  expect(many).toEqual(many.map(() => nothing));
  expect(disk.most).toBe(2);
  expect(await ask('well')).toEqual(nothing);
  disk.letGo();
  expect(await ask('well')).toEqual(near);
});
