import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId, Place } from './place.ts';
import { race, sorted } from './race.ts';
import { testRefusals } from './refusals.ts';

let place: Place;
beforeAll(async () => {
  place = await Place.open();
});
afterAll(() => place.close());

/** A session whose directory has files, and a way out of it. */
async function fresh(): Promise<string> {
  const home = path.join(place.cwd, newId());
  const cwd = path.join(home, 'project');
  for (const folder of ['src/api', 'node_modules/x', '.git']) {
    mkdirSync(path.join(cwd, folder), { recursive: true });
  }
  const files = ['upload.ts', 'src/upload-queue.ts', 'src/api/put.ts', 'node_modules/x/upload.js'];
  for (const file of [...files, '.git/upload', '../upload-outside.ts']) {
    writeFileSync(path.join(cwd, file), '');
  }
  symlinkSync(home, path.join(cwd, 'src', 'upload-out'));
  return (await place.session({ cwd })).id;
}

describe('files.find', () => {
  test('S3: finds files of the session by a part of their path, and nothing by a link or outside', async () => {
    const session = await fresh();
    const found = await place.http.call('files.find', { session, query: 'UPload' });
    expect(found).toEqual({
      session,
      complete: true,
      files: [
        { path: 'upload.ts', type: 'file' },
        { path: 'src/upload-queue.ts', type: 'file' },
      ],
    });
    const spread = await place.socket.call('files.find', { session, query: 'aput' });
    expect(spread.files).toEqual([{ path: 'src/api/put.ts', type: 'file' }]);
    const outside = await place.http.call('files.find', { session, query: '../upload-outside' });
    expect(outside.files).toEqual([]);
    const all = await place.http.call('files.find', { session, limit: 2 });
    expect(all).toMatchObject({
      complete: false,
      files: [{ path: 'src/' }, { path: 'upload.ts' }],
    });
  });

  test('S5 V6: many who ask at once are told the same', async () => {
    const session = await fresh();
    const inputs = Array.from({ length: 9 }, () => ({ session, query: 'put' }));
    const { answers } = sorted(await race(place, 'files.find', inputs));
    expect(answers).toHaveLength(9);
    for (const answer of answers) expect(answer).toEqual(answers[0]);
  });

  testRefusals(() => place, 'files.find', [
    ['an unknown session', { session: 'nobody' }, 'not_found', 'session'],
    ['a query with NUL', { session: 'a', query: 'a\0' }, 'invalid', 'query'],
    ['more than there may be', { session: 'a', limit: 1000 }, 'invalid', 'limit'],
  ]);
});
