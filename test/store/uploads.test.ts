import { createHash } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { limits } from '../../src/domain/limits.ts';
import type { Store } from '../../src/ports/store.ts';
import { BlobHolds } from '../../src/store/blob-holds.ts';
import { openStore } from '../../src/store/open.ts';
import { append, batch, blobMessage, first, state, tempDir, time } from './sample.ts';

let dir: string;
let remove: () => void;
let store: Store;
let now: number;
const open = (where = dir): Promise<Store> =>
  openStore({
    dir: where,
    onFatal: (error) => {
      throw error;
    },
    now: () => new Date(now),
  });
beforeEach(async () => {
  ({ dir, remove } = tempDir());
  now = Date.parse(time);
  store = await open();
});
afterEach(async () => {
  await store.close();
  remove();
});

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');

async function* pieces(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield await Promise.resolve(Buffer.from(text));
}

const put = (text: string, owner = 'one') =>
  store.upload(pieces(text.slice(0, 3), text.slice(3)), { owner });
const nameable = (digest: string, owner: string | null, session: string | null = null) =>
  store.nameable(digest, { owner, session });
const there = async (digest: string): Promise<boolean> =>
  (await store.getBlob(digest)) !== undefined;
const files = (): string[] =>
  readdirSync(join(dir, 'blobs'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    /[0-9a-f]{64}|draft/.test(name),
  );
const dayLater = (): void => void (now += limits.uploadMs);

test('L1 S1: who puts bytes may name them, and nobody else who is bound', async () => {
  const ref = await put('some words');
  expect(ref).toEqual({ digest: digestOf('some words'), size: 10 });
  expect(Buffer.from((await store.getBlob(ref.digest))!).toString()).toBe('some words');
  expect(await nameable(ref.digest, 'one')).toBe(10);
  expect(await nameable(ref.digest, null)).toBe(10);
  expect(await nameable(ref.digest, 'two')).toBeUndefined();
  expect(await put('some words', 'two')).toEqual(ref);
  expect(await nameable(ref.digest, 'two')).toBe(10);
  expect(await nameable(digestOf('other'), null)).toBeUndefined();
  const memory = await open(':memory:');
  const kept = await memory.upload(pieces('a', 'b'), { owner: 'one' });
  expect(await memory.nameable(kept.digest, { owner: 'one', session: null })).toBe(2);
  await memory.close();
});

test('L1: what was put is there after a restart, for as long as before', async () => {
  const { digest } = await put('some words');
  now += limits.uploadMs - 1;
  await store.close();
  store = await open();
  expect(await nameable(digest, 'one')).toBe(10);
  now += 1;
  expect(await nameable(digest, 'one')).toBeUndefined();
  await store.close();
  store = await open();
  expect(await there(digest)).toBe(false);
  expect(files()).toEqual([]);
});

test('L6: what nobody has named in its time goes, what was named stays', async () => {
  const [named, not, again] = [await put('named'), await put('not named'), await put('again')];
  await append(store, batch('s', [blobMessage('m', null, named)], first));
  dayLater();
  await put('again', 'two');
  await store.removeUploads();
  expect(await there(named.digest)).toBe(true);
  expect(await there(not.digest)).toBe(false);
  expect(await there(again.digest)).toBe(true);
  expect(await nameable(again.digest, 'one')).toBeUndefined();
  expect(await nameable(named.digest, 'one', 's')).toBe(5);
  dayLater();
  await store.removeUploads();
  expect(files()).toEqual([join(named.digest.slice(0, 2), named.digest)]);
});

test('L7: a purge takes a blob that somebody has put for a prompt to come only when its time is over', async () => {
  const { digest } = await put('some words');
  const ref = { digest, size: 10 };
  await append(store, batch('s', [blobMessage('m', null, ref)], first));
  const gone = { deletedAt: time, purgeAt: time } as const;
  await append(store, batch('s', [], { state: state(gone) }));
  await store.purge('s');
  expect(await there(digest)).toBe(true);
  dayLater();
  await store.removeUploads();
  expect(await there(digest)).toBe(false);
});

test('L1: a blob whose time ends while a prompt is stored that names it stays', async () => {
  const ref = await put('some words');
  dayLater();
  await store.keeping([ref.digest], async () => {
    await store.removeUploads();
    expect(await there(ref.digest)).toBe(true);
    await append(store, batch('s', [blobMessage('m', null, ref)], first));
  });
  await store.removeUploads();
  await store.close();
  store = await open();
  expect(await there(ref.digest)).toBe(true);
});

test('L1: a put waits for the removal of the same blob, and has it then', async () => {
  const holds = new BlobHolds();
  const { promise, resolve } = Promise.withResolvers<void>();
  const acts: string[] = [];
  const removal = holds.whileFree(['d'], async (free) => {
    await promise;
    acts.push(`removed ${free.join()}`);
  });
  const pinned = holds.pinning(['d'], async () => {
    acts.push('put');
    await holds.whileFree(['d'], (free) => Promise.resolve(void acts.push(`free ${free.join()}`)));
  });
  await turn();
  resolve();
  await Promise.all([removal, pinned]);
  await holds.whileFree(['d'], (free) => Promise.resolve(void acts.push(`free ${free.join()}`)));
  expect(acts).toEqual(['removed d', 'put', 'free ', 'free d']);
});

test('S5: what breaks off, is another than was said, or is too much leaves nothing', async () => {
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield* pieces('begun');
    throw new Error('cut');
  }
  await expect(store.upload(broken(), { owner: 'one' })).rejects.toThrow('cut');
  const wrong = store.upload(pieces('a'), { owner: 'one', digest: digestOf('b') });
  await expect(wrong).rejects.toMatchObject({ refusal: { code: 'invalid', field: 'digest' } });
  vi.spyOn(limits as { uploadsBytes: number }, 'uploadsBytes', 'get').mockReturnValue(10);
  expect(files()).toEqual([]);
  const kept = await put('12345678');
  await expect(put('123')).rejects.toMatchObject({ refusal: { code: 'limited' } });
  expect(await put('12345678', 'two')).toEqual(kept);
  dayLater();
  await store.removeUploads();
  expect(await put('123')).toMatchObject({ size: 3 });
  vi.restoreAllMocks();
});

test('L9: a note that is torn says nothing, and goes', async () => {
  const { digest } = await put('some words');
  await store.close();
  const notes = join(dir, 'blobs', 'uploads');
  const [note] = readdirSync(notes);
  writeFileSync(join(notes, note!), '{"digest":"');
  writeFileSync(join(notes, 'draft-x'), '');
  store = await open();
  expect(readdirSync(notes)).toEqual([]);
  expect(await nameable(digest, 'one')).toBeUndefined();
});
