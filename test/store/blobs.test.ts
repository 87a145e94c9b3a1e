import { hash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { smallBlob } from '../../src/store/blob-files.ts';
import { BlobHolds } from '../../src/store/blob-holds.ts';
import { FileBlobs } from '../../src/store/blobs.ts';
import * as seal from '../../src/store/seal.ts';
import { tempDir } from './sample.ts';

vi.mock(import('../../src/store/seal.ts'), { spy: true });

let blobs: FileBlobs;
let dir: string;
let remove: () => void;
beforeEach(() => {
  ({ dir, remove } = tempDir());
  blobs = new FileBlobs(dir, new BlobHolds());
});
afterEach(async () => {
  await blobs.close();
  remove();
});

const sizes = [0, 1, smallBlob, smallBlob + 1, 3_000_000];
const digestOf = (bytes: Uint8Array): string => hash('sha256', bytes, 'hex');
const fileOf = (digest: string): string => join(dir, digest.slice(0, 2), digest);

describe('blobs in files', () => {
  test.each(sizes)('V6: %i bytes come back, with and without their digest given', async (size) => {
    const bytes = randomBytes(size);
    const digest = digestOf(bytes);
    expect(await blobs.put(bytes)).toEqual({ digest, size });
    expect(await blobs.put(bytes, digest)).toEqual({ digest, size });
    expect(Buffer.compare((await blobs.get(digest)) ?? randomBytes(9), bytes)).toBe(0);
    const other = randomBytes(size + 1);
    expect(await blobs.put(other, digestOf(other))).toMatchObject({ size: size + 1 });
    expect(Buffer.compare((await blobs.get(digestOf(other))) ?? bytes, other)).toBe(0);
    expect(readdirSync(dir).filter((name) => name.startsWith('draft'))).toEqual([]);
  });

  test.each([10, 3_000_000])(
    'L8: a damaged blob of %i bytes is never given out, and putting it again heals it',
    async (size) => {
      const bytes = randomBytes(size);
      const { digest } = await blobs.put(bytes);
      writeFileSync(fileOf(digest), randomBytes(size));
      await expect(blobs.get(digest)).rejects.toThrow('is damaged');
      await blobs.put(bytes, digest);
      expect(digestOf(readFileSync(fileOf(digest)))).toBe(digest);
    },
  );

  test('L8: a digest that was given and is wrong is found when the blob is read', async () => {
    const digest = '0'.repeat(64);
    await blobs.put(randomBytes(smallBlob + 1), digest);
    await expect(blobs.get(digest)).rejects.toThrow('is damaged');
    await expect(blobs.put(randomBytes(1), '../../x')).rejects.toThrow('64 hexadecimal');
  });

  test('V6: no large blob is hashed on the calling thread', async () => {
    const hashed = vi.mocked(seal.sha256).mockClear();
    const bytes = randomBytes(smallBlob + 1);
    const { digest } = await blobs.put(bytes);
    await blobs.put(bytes, digest);
    expect((await blobs.get(digest))?.byteLength).toBe(bytes.byteLength);
    expect(hashed).not.toHaveBeenCalled();
  });

  test('L8: a worker that has ended is replaced by the next', async () => {
    const bytes = randomBytes(smallBlob + 1);
    const ref = await blobs.put(bytes);
    await blobs.close();
    expect((await blobs.get(ref.digest))?.byteLength).toBe(bytes.byteLength);
  });
});
