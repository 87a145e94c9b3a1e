import { mkdtemp, readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Entry } from '../../src/client/index.ts';
import type { Talk } from '../app/talk.ts';
import { bash, call, script } from './model-script.ts';
import { checked, isThere, Place } from './place.ts';

let place: Place;

beforeAll(async () => {
  place = await Place.open();
});

afterAll(() => place.close());

/** What the model was told last, in requests of this session. */
function toldLast(talk: Talk): string {
  const asked = place.model.requests.filter(({ messages }) =>
    JSON.stringify(messages).includes(talk.cwd),
  );
  const last = asked.at(-1)?.messages?.findLast(({ role }) => role === 'user');
  return JSON.stringify(last?.content ?? '');
}

async function decide(talk: Talk, entry: Entry, choice: object): Promise<unknown> {
  const input = { session: talk.session, approval: entry.id, ...choice };
  return place.client.call('approvals.decide', input as never);
}

test('A1: an edited command runs as it was edited and not as it was asked', async () => {
  const talk = await place.session();
  const asked = bash(`touch ${talk.cwd}/asked`);
  await talk.send(script(asked, '!next', '!say it ran'));
  const approval = await talk.next('approval');
  const input = { command: `touch ${talk.cwd}/edited && echo so it is` };
  await decide(talk, approval, { verdict: 'allow', input });
  expect((await talk.end()).data.outcome).toBe('completed');
  expect(await isThere(path.join(talk.cwd, 'asked'))).toBe(false);
  expect(await isThere(path.join(talk.cwd, 'edited'))).toBe(true);
  expect(toldLast(talk)).toContain('so it is');
  expect(talk.of('decision').at(-1)?.data).toMatchObject({ outcome: 'allowed', input });
  expect(talk.of('tool_call').at(-1)?.data).toMatchObject({ status: 'completed', input });
  await checked(talk);
});

test('A1: an edit with another content writes that one, and one that cannot be used writes none', async () => {
  const talk = await place.session();
  const file = path.join(talk.cwd, 'note');
  const write = call('Write', { file_path: file, content: 'asked' });
  await talk.send(script(write, '!next', write, '!next', '!say done'));
  const first = await talk.next('approval');
  await decide(talk, first, { verdict: 'allow', input: {} });
  const second = await talk.next('approval', ({ id }) => id !== first.id);
  expect(await isThere(file)).toBe(false);
  await decide(talk, second, { verdict: 'allow', input: { file_path: file, content: 'edited' } });
  expect((await talk.end()).data.outcome).toBe('completed');
  expect(await readFile(file, 'utf8')).toBe('edited');
  await checked(talk);
});

test('A1: the model is told the message of a denial, and the turn goes on', async () => {
  const talk = await place.session();
  await talk.send(script(bash(`touch ${talk.cwd}/never`), '!next', '!say so not'));
  const approval = await talk.next('approval');
  const message = 'Not “here”:\nuse the build folder.';
  expect(await decide(talk, approval, { verdict: 'deny', message })).toMatchObject({ told: true });
  expect((await talk.end()).data).toMatchObject({ outcome: 'completed' });
  expect(JSON.parse(toldLast(talk))).toMatchObject([
    { type: 'tool_result', is_error: true, content: message },
  ]);
  expect(await isThere(path.join(talk.cwd, 'never'))).toBe(false);
  expect(talk.texts('message')).toEqual(['so not']);
  await checked(talk);
});

test('A1 A2: questions of the model are answered from a form, after a kill of the daemon too', async () => {
  const before = await place.session();
  const options = ['One', 'Two'].map((label) => ({ label, description: `It is ${label}` }));
  const questions = [
    { question: `Which, in ${before.cwd}?`, header: 'Which', multiSelect: false, options },
    { question: 'How many?', header: 'Many', multiSelect: true, options },
  ];
  const ask = call('AskUserQuestion', { questions });
  await before.send(script(ask, '!next', '!say thanks'));
  const question = await before.next('question');
  expect(question.data).toMatchObject({
    message: `Which, in ${before.cwd}?\nHow many?`,
    schema: { properties: { 'How many?': { type: 'array', items: { enum: ['One', 'Two'] } } } },
  });
  await place.kill();
  await place.start();
  const talk = place.talk(before.session, before.cwd);
  const answer = { [`Which, in ${talk.cwd}?`]: 'Neither', 'How many?': ['One', 'Two'] };
  await decide(talk, question, { answer });
  expect((await talk.end()).data.outcome).toBe('completed');
  expect(toldLast(talk)).toMatch(/Which, in .*=.*Neither.*How many.*=.*One, Two/);
  await talk.send(script(ask, '!next', '!say a pity'));
  const declined = await talk.next('question', ({ id }) => id !== question.id);
  await decide(talk, declined, { verdict: 'deny' });
  expect((await talk.end(2)).data.outcome).toBe('completed');
  expect(toldLast(talk)).toContain('The user does not want to answer.');
  await checked(talk);
});

test('A1: a plan is shown with its approval, sent back with a message, and carried out when allowed', async () => {
  const cwd = await mkdtemp(path.join(place.root, 'work-'));
  const { session } = await place.client.sessions.create({ cwd, agent: 'claude', mode: 'plan' });
  const talk = place.talk(session.id, cwd);
  await talk.send(`!say I plan in ${cwd}`);
  await talk.end();
  const file = /[^\s"`\\]*plans\/[^\s"`\\]*\.md/.exec(JSON.stringify(place.model.requests.at(-1)));
  const plan = '# Make it\n\n1. well\n';
  const exit = call('ExitPlanMode', {});
  const make = call('Write', { file_path: path.join(cwd, 'made'), content: 'made' });
  const write = call('Write', { file_path: file?.[0], content: plan });
  await talk.send(script(write, '!next', exit, '!next', exit, '!next', make, '!next', '!say made'));
  const first = await talk.next('approval');
  expect(first.data).toMatchObject({
    title: 'Plan: Make it',
    toolCall: { content: [{ type: 'content', content: { type: 'text', text: plan } }] },
  });
  expect(first.data.wants).toBeUndefined();
  await decide(talk, first, { verdict: 'deny', message: 'Shorter, please.' });
  const second = await talk.next('approval', ({ id }) => id !== first.id);
  expect(toldLast(talk)).toContain('Shorter, please.');
  await decide(talk, second, { verdict: 'allow' });
  const third = await talk.next('approval', ({ id }) => id !== first.id && id !== second.id);
  expect(third.data.wants).toMatchObject({ tool: 'Write', locations: [path.join(cwd, 'made')] });
  await decide(talk, third, { verdict: 'allow' });
  expect((await talk.end(2)).data.outcome).toBe('completed');
  expect(await readFile(path.join(cwd, 'made'), 'utf8')).toBe('made');
  const modes = talk.of('settings').flatMap(({ data }) => data.changes.mode ?? []);
  expect(modes.at(-1)).toBe('default');
  await checked(talk);
});
