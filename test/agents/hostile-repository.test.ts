import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isThere, Place } from './place.ts';

let place: Place;

beforeAll(async () => {
  place = await Place.open();
});

afterAll(() => place.close());

test('S8: the settings of the user hold in a directory that is not trusted', async () => {
  const mark = path.join(place.root, 'user-hook');
  const hooks = { SessionStart: [{ hooks: [{ type: 'command', command: `touch ${mark}` }] }] };
  await mkdir(path.join(place.home, '.claude'), { recursive: true });
  await writeFile(path.join(place.home, '.claude/settings.json'), JSON.stringify({ hooks }));
  const talk = await place.session();
  await talk.send('!say hello');
  await talk.end();
  expect(await isThere(mark)).toBe(true);
});
