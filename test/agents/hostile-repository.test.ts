import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HostileRepository } from './hostile-repository.ts';
import { bash, script } from './model-script.ts';
import { checked, isThere, Place } from './place.ts';

let place: Place;

beforeAll(async () => {
  place = await Place.open(['trusted']);
});

afterAll(() => place.close());

/** What of the repository's own words the model was told. */
const words = (): boolean => JSON.stringify(place.model.requests).includes('Of the repository');

test('S8: what a directory that is not trusted brings along is neither run nor read', async () => {
  const directory = path.join(place.root, 'cloned');
  const repository = await HostileRepository.write(directory);
  try {
    const talk = await place.session(directory);
    await talk.send(script('!say I look', bash('touch unasked'), '!next', '!say done'));
    // Allowed by the repository; asked about all the same.
    const approval = await talk.next('approval');
    expect(await isThere(path.join(directory, 'unasked'))).toBe(false);
    await talk.decide(approval.id, 'deny');
    expect((await talk.end()).data.outcome).toBe('completed');
    await talk.send('/helpful');
    await talk.end(2);
    // A host of its own once more: also what is resumed reads nothing.
    await place.stop();
    await place.start();
    const later = place.talk(talk.session, directory);
    await later.send('!say and on');
    expect((await later.end(3)).data.outcome).toBe('completed');
    expect(await repository.marks()).toEqual([]);
    expect(repository.requests).toEqual([]);
    expect(words()).toBe(false);
    expect(await isThere(path.join(directory, 'unasked'))).toBe(false);
    await checked(later);
  } finally {
    await repository.close();
  }
});

test('S8: the settings of the user hold in it', async () => {
  const mark = path.join(place.root, 'user-hook');
  const hooks = { SessionStart: [{ hooks: [{ type: 'command', command: `touch ${mark}` }] }] };
  await mkdir(path.join(place.home, '.claude'), { recursive: true });
  await writeFile(path.join(place.home, '.claude/settings.json'), JSON.stringify({ hooks }));
  const talk = await place.session();
  await talk.send('!say hello');
  await talk.end();
  expect(await isThere(mark)).toBe(true);
});

test('S8: what a trusted directory brings along is used', async () => {
  const directory = path.join(place.root, 'trusted/mine');
  const repository = await HostileRepository.write(directory);
  try {
    const talk = await place.session(directory);
    await talk.send('!say hello');
    await talk.end(1, 40_000);
    expect(await repository.marks()).toEqual(
      expect.arrayContaining(['project-SessionStart', 'local-UserPromptSubmit', 'server']),
    );
    expect(repository.requests).toEqual(
      expect.arrayContaining(['POST /mcp', expect.stringContaining('/model/v1/messages')]),
    );
  } finally {
    await repository.close();
  }
});
