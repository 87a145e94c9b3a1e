import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from './codex-script.ts';
import { codex } from './contract/codex.ts';
import { Repository } from './contract/repository.ts';
import { script } from './model-script.ts';
import { checked, isThere, Place } from './place.ts';

let place: Place;

beforeAll(async () => {
  place = await Place.open(['trusted'], 'codex');
  const skills = path.join(place.home, '.codex/skills/mine');
  await mkdir(skills, { recursive: true });
  await writeFile(path.join(skills, 'SKILL.md'), skill('mine', 'Of the user: a skill.'));
  await writeFile(path.join(place.home, '.codex/AGENTS.md'), 'Of the user: instructions.\n');
});

afterAll(() => place.close());

const skill = (name: string, words: string): string =>
  `---\nname: ${name}\ndescription: '${words}'\n---\n${words}\n`;

const configFile = (): string => path.join(place.home, '.codex/config.toml');
const told = (words: string): boolean => JSON.stringify(place.model.requests).includes(words);

test('S8: what a directory that is not trusted brings along is neither run nor read, also below it', async () => {
  const directory = path.join(place.root, 'cloned');
  const repository = await Repository.write(directory, codex.brings);
  // Even where the user has trusted it in Codex's own configuration.
  const config = await readFile(configFile(), 'utf8');
  const trusted = `${config}[projects."${directory}"]\ntrust_level = "trusted"\n`;
  await writeFile(configFile(), trusted);
  await mkdir(path.join(directory, 'below'));
  try {
    for (const cwd of [directory, path.join(directory, 'below')]) {
      const talk = await place.session(cwd);
      await talk.send(script('!say I look', run('touch unasked'), '!next', '!say done'));
      // Allowed by the repository; asked about all the same.
      const approval = await talk.next('approval');
      expect(await isThere(path.join(cwd, 'unasked'))).toBe(false);
      await talk.decide(approval.id, 'deny');
      expect((await talk.end()).data.outcome).toBe('completed');
      await talk.send('use $helpful and $mine for this\n!say done');
      await talk.end(2);
      expect((await talk.whole()).row.modelInForce?.id).toBe('gpt-5.5');
      // A host of its own once more: also what is resumed reads nothing.
      await place.client.sessions.patch({ session: talk.session, instructions: { append: 'x' } });
      await talk.send('!say and on');
      expect((await talk.end(3)).data.outcome).toBe('completed');
      await checked(talk);
    }
    expect(await repository.marks()).toEqual([]);
    expect(repository.requests).toEqual([]);
    expect(told('Of the repository')).toBe(false);
    expect(told('Of the user: instructions')).toBe(true);
    expect(told('Of the user: a skill')).toBe(true);
    expect(await readFile(configFile(), 'utf8')).toBe(trusted);
  } finally {
    await repository.close();
    await writeFile(configFile(), config);
  }
});

test('S8: what a trusted directory brings along is used, and the user’s configuration stays as it is', async () => {
  const directory = path.join(place.root, 'trusted/mine');
  const repository = await Repository.write(directory, codex.brings);
  const config = await readFile(configFile(), 'utf8');
  try {
    const talk = await place.session(directory);
    await talk.send('!say hello');
    await talk.end(1, 40_000);
    expect(await repository.marks()).toEqual(['server']);
    expect(repository.requests).toContain('POST /mcp');
    expect(told('Of the repository: instructions')).toBe(true);
    expect(told('Of the repository: a skill')).toBe(true);
    expect(await readFile(configFile(), 'utf8')).toBe(config);
  } finally {
    await repository.close();
  }
});

test('S8: a session that writes does not make its directory a trusted one', async () => {
  const directory = path.join(place.root, 'plain');
  const repository = await Repository.write(directory, codex.brings);
  try {
    const before = await readFile(configFile(), 'utf8');
    const talk = await place.session(directory);
    await talk.send('!say one');
    await talk.end();
    await place.stop();
    await place.start();
    const later = place.talk(talk.session, directory);
    await later.send('!say two');
    await later.end(2);
    expect(await readFile(configFile(), 'utf8')).toBe(before);
    expect(await repository.marks()).toEqual([]);
    await checked(later);
  } finally {
    await repository.close();
  }
});
