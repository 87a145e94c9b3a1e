import { randomBytes } from 'node:crypto';
import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openHosts } from '../../src/hosts/hosts.ts';
import type { Hosts } from '../../src/ports/hosts.ts';
import {
  ArchiveDamaged,
  type Direction,
  type RawReader,
  type SentMark,
} from '../../src/ports/raw.ts';

let root: string;
let hosts: Hosts;
const { signal } = new AbortController();

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'turnkeep-archive-')));
  hosts = await daemon();
});
afterEach(() => rm(root, { recursive: true, force: true }));

function daemon(): Promise<Hosts> {
  const directory = join(root, 'hosts');
  return openHosts({ directory, archive: join(root, 'archive'), warn: () => undefined });
}

const file = (host: string): string => join(root, 'archive', `${host}.tkraw`);

/** The directory of a host that has ended. */
async function ended(host: string, files: { out: Buffer; in: Buffer }): Promise<void> {
  const directory = join(root, 'hosts', host);
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'out.ndjson'), files.out);
  await writeFile(join(directory, 'in.ndjson'), files.in);
}

function marksOf(size: number, piece: number): SentMark[] {
  return Array.from({ length: Math.ceil(size / piece) }, (_, at) => ({
    offset: at * piece,
    size: Math.min(piece, size - at * piece),
    at: `2026-01-01T00:00:00.${String(at % 1000).padStart(3, '0')}Z`,
    seq: at,
    output: at * 7,
    run: at % 2 === 0 ? 'run' : null,
    entry: null,
  }));
}

async function bytesOf(reader: RawReader, direction: Direction, step = 300_000): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let at = 0;
  for (;;) {
    const part = await reader.read(direction, at, step);
    if (part.length === 0) return Buffer.concat(parts);
    parts.push(part);
    at += part.length;
  }
}

/** Text and noise, over two blocks and a half. */
const large = Buffer.concat([
  Buffer.from('{"type":"text","delta":"word"}\n'.repeat(50_000)),
  randomBytes(1_000_000),
]);

test('L8: an archive gives back every byte of both directions, at any place, and the marks', async () => {
  const input = Buffer.from('{"prompt":1}\n'.repeat(3000));
  const marks = marksOf(input.length, 3);
  expect(marks.length).toBeGreaterThan(4096 * 2);
  await ended('h', { out: large, in: input });
  expect(await hosts.archive('h', marks, signal)).toBe('archived');
  await hosts.remove('h');
  expect((await stat(file('h'))).mode & 0o777).toBe(0o600);
  const archive = (await hosts.archived('h'))!;
  expect([await archive.size('out'), await archive.size('in')]).toEqual([
    large.length,
    input.length,
  ]);
  expect((await bytesOf(archive, 'out')).equals(large)).toBe(true);
  expect((await bytesOf(archive, 'in')).equals(input)).toBe(true);
  for (const at of [0, 1, 1_048_575, 1_048_576, 1_048_577, 2_000_000, large.length - 1]) {
    const part = Buffer.from(await archive.read('out', at, 10));
    expect(part.length).toBeGreaterThan(0);
    expect(part.equals(large.subarray(at, at + part.length)), String(at)).toBe(true);
  }
  expect(await archive.read('out', large.length, 10)).toHaveLength(0);
  for (const at of [0, 2, 3, 12_287, 12_288, 12_290, input.length - 1]) {
    const first = Math.floor(at / 3);
    expect(await archive.marks(at, 5)).toEqual(marks.slice(first, first + 5));
  }
  expect(await archive.marks(12_000, 300)).toEqual(marks.slice(4000, 4300));
  await archive.close();
});

test('L8: what the input file does not have was never sent and has no mark', async () => {
  await ended('h', { out: Buffer.from('a\n'), in: Buffer.from('sent\n') });
  await hosts.archive('h', marksOf(10, 5), signal);
  const archive = (await hosts.archived('h'))!;
  expect(await archive.marks(0, 10)).toEqual(marksOf(5, 5));
  await archive.close();
});

test('L8: nothing is made of nothing, and a whole archive is left as it is', async () => {
  await ended('empty', { out: Buffer.alloc(0), in: Buffer.alloc(0) });
  expect(await hosts.archive('empty', [], signal)).toBe('nothing');
  expect(await hosts.archive('nowhere', [], signal)).toBe('nothing');
  expect(await hosts.archived('empty')).toBeUndefined();
  await ended('h', { out: large, in: Buffer.from('x\n') });
  await hosts.archive('h', [], signal);
  const { ino } = await stat(file('h'));
  await hosts.remove('h');
  expect(await (await daemon()).archive('h', [], signal)).toBe('archived');
  expect((await stat(file('h'))).ino).toBe(ino);
  expect(await readdir(join(root, 'archive'))).toEqual(['h.tkraw']);
  expect(await hosts.archives()).toMatchObject([
    { host: 'h', bytes: (await stat(file('h'))).size },
  ]);
  await hosts.removeArchive('h');
  await hosts.removeArchive('h');
  expect(await hosts.archives()).toEqual([]);
});

test('L8: a damaged archive says so wherever the damage is, and never gives other bytes', async () => {
  const out = Buffer.from('{"type":"text","delta":"some word"}\n'.repeat(200));
  const input = Buffer.from('{"prompt":1}\n');
  await ended('h', { out, in: input });
  await hosts.archive('h', marksOf(input.length, 13), signal);
  const whole = await readFile(file('h'));
  let silent = 0;
  for (let at = 0; at < whole.length; at++) {
    const broken = Buffer.from(whole);
    broken[at]! ^= 1 << (at % 8);
    await writeFile(file('h'), broken);
    const read = async (): Promise<void> => {
      const archive = (await hosts.archived('h'))!;
      try {
        expect((await bytesOf(archive, 'out')).equals(out)).toBe(true);
        expect((await bytesOf(archive, 'in')).equals(input)).toBe(true);
        expect(await archive.marks(0, 9)).toEqual(marksOf(input.length, 13));
        silent += 1;
      } finally {
        await archive.close();
      }
    };
    await read().catch((error: unknown) =>
      expect(error, String(at)).toBeInstanceOf(ArchiveDamaged),
    );
  }
  // The first bytes of the file are not looked at, and a few bits of each block change nothing in it.
  expect(silent).toBeLessThanOrEqual(20);
  for (let length = 0; length < whole.length; length += 7) {
    await writeFile(file('h'), whole.subarray(0, length));
    await expect(hosts.archived('h')).rejects.toBeInstanceOf(ArchiveDamaged);
  }
});

test('L8: a damaged archive is made again as long as the directory is there', async () => {
  await ended('h', { out: large, in: Buffer.from('x\n') });
  await hosts.archive('h', [], signal);
  await truncate(file('h'), 100_000);
  expect(await hosts.archive('h', [], signal)).toBe('archived');
  const archive = (await hosts.archived('h'))!;
  expect((await bytesOf(archive, 'out')).equals(large)).toBe(true);
  await archive.close();
});

test('L8: one that is broken off leaves the directory, no archive and no draft', async () => {
  await ended('h', { out: large, in: Buffer.from('x\n') });
  const stop = new AbortController();
  const made = hosts.archive('h', [], stop.signal);
  stop.abort();
  await expect(made).rejects.toThrow('aborted');
  expect(await readdir(join(root, 'archive'))).toEqual([]);
  expect((await readFile(join(root, 'hosts', 'h', 'out.ndjson'))).equals(large)).toBe(true);
});

test('S3: the name of an archive is checked where it becomes a path', async () => {
  await writeFile(join(root, 'hosts.tkraw'), 'x');
  for (const host of ['../hosts', '', '.', 'a/b', 'a\0b']) {
    await expect(hosts.archived(host)).rejects.toThrow(/not a host id/);
    await expect(hosts.removeArchive(host)).rejects.toThrow(/not a host id/);
    await expect(hosts.archive(host, [], signal)).rejects.toThrow(/not a host id/);
  }
  expect(await readdir(root)).toContain('hosts.tkraw');
});
