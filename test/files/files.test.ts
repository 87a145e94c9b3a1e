import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openFiles } from '../../src/files/files.ts';
import type { Area, FileTarget, PutFile } from '../../src/ports/files.ts';

let home: string;
let cwd: string;
let area: Area;
const maxBytes = 1000;

beforeEach(() => {
  home = realpathSync(mkdtempSync(path.join(tmpdir(), 'turnkeep-files-')));
  cwd = path.join(home, 'work');
  mkdirSync(path.join(cwd, 'state'), { recursive: true });
  mkdirSync(path.join(home, 'extra'));
  mkdirSync(path.join(home, 'outside'));
  writeFileSync(path.join(home, 'outside/secret'), 'secret');
  writeFileSync(path.join(cwd, 'state/token'), 'token');
  area = { cwd, dirs: [path.join(home, 'extra')] };
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const files = () => openFiles({ closed: [path.join(cwd, 'state')] });
const at = (name: string): string => path.join(cwd, name);

async function find(named: string) {
  const found = [];
  for (const { path: place, inside } of await files().places(named, area)) {
    const { state, ...more } = await files().read(place, area, maxBytes);
    found.push({ place: path.relative(home, place), inside, state, ...more });
  }
  return found;
}

test('F2: a file is read whole, with its digest and permissions; text and binary are told apart', async () => {
  writeFileSync(at('a'), 'süß', { mode: 0o640 });
  chmodSync(at('a'), 0o640);
  const digest = createHash('sha256').update('süß').digest('hex');
  const bytes = Buffer.from('süß');
  expect(await find('a')).toEqual([
    { place: 'work/a', inside: true, state: 'file', bytes, digest, binary: false, mode: 0o640 },
  ]);
  for (const content of [Buffer.from([0]), Buffer.from([0xff, 0xfe]), Buffer.from('a\0b')]) {
    writeFileSync(at('b'), content);
    expect(await find('b')).toMatchObject([{ bytes: content, binary: true }]);
  }
  writeFileSync(at('empty'), '');
  expect(await find(at('sub/../empty'))).toMatchObject([{ state: 'file', binary: false }]);
  expect(await find('sub/deep/none')).toMatchObject([{ inside: true, state: 'absent' }]);
  expect(await find('a/none')).toMatchObject([{ inside: true, state: 'absent' }]);
  expect(await find(path.join(home, 'extra/x'))).toMatchObject([{ state: 'absent', inside: true }]);
});

test('F2: nothing outside of the directories of the session is read, however it is named', async () => {
  symlinkSync(path.join(home, 'outside'), at('folder'));
  symlinkSync(path.join(home, 'outside/secret'), at('link'));
  symlinkSync('folder', at('twice'));
  symlinkSync(at('state'), path.join(home, 'extra/state'));
  for (const named of [
    '/etc/shadow',
    '../outside/secret',
    'folder/secret',
    'folder/new',
    'twice/secret',
    'state/token',
    'state/../state/none',
    path.join(home, 'extra/state/token'),
    '/',
  ]) {
    expect([named, await find(named)]).toMatchObject([
      named,
      [{ inside: false, state: 'unread', reason: 'outside' }],
    ]);
  }
  for (const named of ['.', cwd, 'sub/..', path.join(home, 'extra'), 'a\0b']) {
    expect(await files().places(named, area)).toEqual([]);
  }
  expect(await files().places('x'.repeat(5000), area)).toEqual([]);
  // The link itself is the session's; what it leads to is not.
  const target = path.join(home, 'outside/secret');
  expect(await find('link')).toEqual([{ place: 'work/link', inside: true, state: 'link', target }]);
});

test('F2: a link to a file inside is a link and that file', async () => {
  writeFileSync(at('a'), 'text');
  symlinkSync('a', at('link'));
  symlinkSync('nowhere', at('broken'));
  symlinkSync('loop', at('loop'));
  expect(await find('link')).toMatchObject([
    { place: 'work/link', state: 'link', target: 'a' },
    { place: 'work/a', state: 'file' },
  ]);
  expect(await find('broken')).toMatchObject([{ state: 'link', target: 'nowhere' }]);
  expect(await find('loop')).toMatchObject([{ state: 'link', target: 'loop' }]);
  expect(await find('broken/x')).toMatchObject([{ inside: false }]);
});

test('F2: pipes, sockets, devices, directories and files that are too large or closed to us hold nobody up', async () => {
  execFileSync('mkfifo', [at('pipe')]);
  const server = createServer().listen(at('socket'));
  await new Promise((resolve) => server.once('listening', resolve));
  writeFileSync(at('huge'), '');
  truncateSync(at('huge'), 10 * 1024 ** 3);
  writeFileSync(at('just'), 'x'.repeat(maxBytes));
  writeFileSync(at('over'), 'x'.repeat(maxBytes + 1));
  const told = async (named: string) => {
    const [found] = await find(named);
    return found !== undefined && 'reason' in found ? found.reason : found?.state;
  };
  expect(await told('pipe')).toBe('unreadable');
  expect(await told('socket')).toBe('unreadable');
  mkdirSync(at('sub'));
  expect(await told('sub')).toBe('directory');
  expect(await told('huge')).toBe('large');
  expect(await told('just')).toBe('file');
  expect(await told('over')).toBe('large');
  const devices = { cwd: '/dev', dirs: [] };
  const found = await files().read('/dev/zero', devices, maxBytes);
  expect(found).toEqual({ state: 'unread', reason: 'unreadable' });
  if (process.getuid?.() !== 0) {
    writeFileSync(at('closed'), 'x', { mode: 0 });
    expect(await told('closed')).toBe('unreadable');
  }
  await new Promise((resolve) => server.close(resolve));
});

const text = (content: string, mode?: number): FileTarget => ({
  state: 'file',
  bytes: Buffer.from(content),
  ...(mode === undefined ? {} : { mode }),
});

function put(name: string, to: FileTarget, more: Partial<PutFile> = {}) {
  const all = { path: at(name), area, to, expected: () => true, maxBytes, name: 'draft', ...more };
  return files().put(all);
}

test('F3: a file is put whole in its place with its permissions, made with its folders, removed, or made a link', async () => {
  writeFileSync(at('a'), 'old', { mode: 0o600 });
  linkSync(at('a'), at('hard'));
  expect(await put('a', text('new'))).toBe('done');
  expect([readFileSync(at('a'), 'utf8'), statSync(at('a')).mode & 0o777]).toEqual(['new', 0o600]);
  expect(readFileSync(at('hard'), 'utf8')).toBe('old');
  await put('a', text('run', 0o755));
  expect(statSync(at('a')).mode & 0o777).toBe(0o755);
  await put('x/y/z', text('deep'));
  expect(readFileSync(at('x/y/z'), 'utf8')).toBe('deep');
  await put('a', { state: 'link', target: '../outside/secret' });
  expect(lstatSync(at('a')).isSymbolicLink()).toBe(true);
  await put('a', text('over the link'));
  expect(readFileSync(path.join(home, 'outside/secret'), 'utf8')).toBe('secret');
  expect(statSync(at('a')).mode & 0o777).toBe(0o644);
  await put('a', { state: 'absent' });
  await put('a', { state: 'absent' });
  expect(readdirSync(cwd).toSorted()).toEqual(['hard', 'state', 'x']);
});

test('F4: what is not expected is left alone, and so is every place outside', async () => {
  writeFileSync(at('a'), 'mine');
  writeFileSync(at('.turnkeep-draft'), 'of one that was cut off');
  const told: string[] = [];
  const changed = await put('a', text('theirs'), {
    expected: (found) => {
      told.push(found.state === 'file' ? Buffer.from(found.bytes).toString() : found.state);
      return false;
    },
  });
  expect([changed, told, readFileSync(at('a'), 'utf8')]).toEqual(['changed', ['mine'], 'mine']);
  expect(existsSync(at('.turnkeep-draft'))).toBe(false);
  symlinkSync(path.join(home, 'outside'), at('folder'));
  for (const name of ['folder/secret', 'folder/new', '../outside/secret', 'state/token']) {
    await expect(put(name, text('x'))).rejects.toThrow('outside');
    await expect(put(name, { state: 'absent' })).rejects.toThrow('outside');
  }
  expect(readdirSync(path.join(home, 'outside'))).toEqual(['secret']);
  expect(readFileSync(path.join(home, 'outside/secret'), 'utf8')).toBe('secret');
  expect(readFileSync(at('state/token'), 'utf8')).toBe('token');
  mkdirSync(at('dir/sub'), { recursive: true });
  await expect(put('dir', text('x'))).rejects.toThrow();
  await expect(put('dir', { state: 'absent' })).rejects.toThrow();
  expect(existsSync(at('dir/sub'))).toBe(true);
  expect(readdirSync(cwd).filter((name) => name.startsWith('.turnkeep'))).toEqual([]);
});

test('F4: a folder that becomes a link between the look and the write is not written through', async () => {
  mkdirSync(at('sub'));
  writeFileSync(at('sub/a'), 'mine');
  let looks = 0;
  const swapped = put('sub/a', text('theirs'), {
    expected: () => {
      looks += 1;
      if (looks === 1) {
        rmSync(at('sub'), { recursive: true });
        symlinkSync(path.join(home, 'outside'), at('sub'));
      }
      return true;
    },
  });
  await expect(swapped).rejects.toThrow('outside');
  expect(readdirSync(path.join(home, 'outside'))).toEqual(['secret']);
});
