import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { script } from './model-script.ts';
import { checked, Place } from './place.ts';

let place: Place;

beforeAll(async () => {
  place = await Place.open();
});

afterAll(() => place.close());

test('P3: a prompt that is aborted at once is delivered exactly if the agent’s own conversation has it', async () => {
  const talk = await place.session();
  await talk.send('!say ready');
  await talk.end();
  const waits = [0, 0, 1, 2, 4, 8, 16, 30];
  for (const [at, ms] of waits.entries()) {
    const sent = talk.send(script(`!say answer ${at} `, '!hold never'), { id: `at-once-${at}` });
    await new Promise((resolve) => setTimeout(resolve, ms));
    // Before it is stored there is no run to abort.
    while ((await talk.abort({ wait: true })).status === 'no-active-run') await sent;
    await talk.end(at + 2);
  }
  const { entries } = await talk.whole();
  const folder = path.join(place.home, '.claude/projects');
  const files = (await readdir(folder, { recursive: true })).filter((name) =>
    name.endsWith('jsonl'),
  );
  const texts = await Promise.all(files.map((name) => readFile(path.join(folder, name), 'utf8')));
  const own = texts
    .flatMap((text) => text.split('\n'))
    .filter((line) => /"type":"user"/.test(line));
  for (const at of waits.keys()) {
    const kept = own.filter((line) => line.includes(`!say answer ${at} `)).length;
    const fates = entries.filter(({ about }) => about === `at-once-${at}`).map(({ kind }) => kind);
    expect([at, fates]).toEqual([at, kept === 1 ? ['delivery'] : ['queue']]);
  }
  await talk.send('!say again');
  expect((await talk.end(waits.length + 2)).data.outcome).toBe('completed');
  await checked(talk);
});
