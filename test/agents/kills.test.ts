import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Talk } from '../app/talk.ts';
import { until } from '../app/processes.ts';
import { bash, call, script } from './model-script.ts';
import { checked, Place } from './place.ts';
import { transcriptOf } from './transcript.ts';

let place: Place;

beforeAll(async () => {
  place = await Place.open();
});

afterAll(() => place.close());

/** A run with a thought, an edit and a command, which waits in the middle of a text until HOLD is released. */
function story(talk: Talk, hold: string): string {
  return script(
    '!think I look first',
    '!say before it ',
    `!hold ${hold}`,
    '!say and after it',
    call('Write', { file_path: path.join(talk.cwd, 'note'), content: 'written\n' }),
    '!next',
    bash('cat note > copy && wc -c copy'),
    '!next',
    '!say all is done',
  );
}

/** Allows the edit and the command, and waits for the end of the n-th run. */
async function allowed(talk: Talk, run = 1): Promise<void> {
  for (const kind of ['edit', 'execute']) {
    const { id } = await talk.next('approval', ({ data }) => data.toolCall?.kind === kind);
    await talk.decide(id, 'allow');
  }
  expect((await talk.end(run)).data.outcome).toBe('completed');
  expect(await readFile(path.join(talk.cwd, 'copy'), 'utf8')).toBe('written\n');
}

/** The log of the same prompts where nothing happens to the daemon. */
async function undisturbed(...prompts: ((talk: Talk) => string)[]): Promise<unknown[]> {
  const talk = await place.session();
  place.model.release('free');
  for (const [at, prompt] of prompts.entries()) {
    await talk.send(prompt(talk));
    if (at === prompts.length - 1) await allowed(talk, at + 1);
    else await talk.end(at + 1);
  }
  await checked(talk);
  return transcriptOf(talk);
}

/** The same session, seen by a client of the next daemon. */
async function restarted(before: Talk): Promise<Talk> {
  await place.start();
  return place.talk(before.session, before.cwd);
}

/** What makes a prompt long enough to be on its way for a while: 200 KB that say nothing to the model. */
const ballast = Array.from({ length: 3200 }, (_, at) =>
  `line ${at} of the ballast `.padEnd(63),
).join('\n');

test('R7 P3: a log is the same whether the daemon is killed while a long prompt is written or not', async () => {
  const long = (talk: Talk, hold: string): string => script(story(talk, hold), ballast);
  const before = await place.session();
  place.model.release('long');
  await before.send('!say ready');
  await before.end();
  // An agent that does not read: a part of the prompt is in its pipe, and no more fits in.
  const agent = await before.agent();
  process.kill(agent, 'SIGSTOP');
  await before.send(long(before, 'long'));
  const input = path.join(place.state, 'hosts', [...before.hosts.keys()].at(-1)!, 'in.ndjson');
  await until('the prompt is on its way', async () => (await stat(input)).size > ballast.length);
  await place.kill();
  process.kill(agent, 'SIGCONT');
  const talk = await restarted(before);
  await allowed(talk, 2);
  await checked(talk);
  const same = await undisturbed(
    () => '!say ready',
    (other) => long(other, 'free'),
  );
  expect(await transcriptOf(talk)).toEqual(same);
  const [asked, ...more] = place.model.requests.filter(({ messages = [] }) => {
    const last = JSON.stringify(messages.findLast(({ role }) => role === 'user'));
    return last.includes('!hold long') && last.includes('line 3199 of');
  });
  expect(more).toEqual([]);
  expect(JSON.stringify(asked?.messages)).toContain(JSON.stringify(ballast).slice(1, -1));
});

test('P1 R7: a long prompt is delivered once, whenever the daemon is killed while it is sent', async () => {
  let talk = await place.session();
  await talk.send('!say ready');
  await talk.end();
  const instants = [0, 4, 8, 15, 30, 60];
  for (const [at, ms] of instants.entries()) {
    const id = `prompt-${at}`;
    const prompt = script(`!say answer ${at}`, ballast);
    const lost = talk.send(prompt, { id }).catch(() => null);
    await new Promise((resolve) => setTimeout(resolve, ms));
    await place.kill();
    await lost;
    talk = await restarted(talk);
    // Whether it was stored nobody knows: it is said again, under the same id.
    await talk.send(prompt, { id });
    expect((await talk.end(at + 2)).data.outcome).toBe('completed');
    expect(place.asked(`!say answer ${at}\\n`)).toBe(1);
  }
  expect(talk.texts('message')).toEqual(['ready', ...instants.map((_, at) => `answer ${at}`)]);
  expect(talk.of('delivery')).toHaveLength(instants.length + 1);
  await checked(talk);
}, 180_000);
