import { mkdtemp, writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Talk } from '../app/talk.ts';
import { call, script } from './model-script.ts';
import { checked, Place } from './place.ts';

const server = path.join(import.meta.dirname, '../fixtures/wire/claude/asking-server.mjs');

let place: Place;

beforeAll(async () => {
  place = await Place.open();
});

afterAll(() => place.close());

/** A session whose model lets an MCP server ask, once for each question, with the calls allowed. */
async function asking(...questions: readonly object[]): Promise<Talk> {
  const cwd = await mkdtemp(path.join(place.root, 'work-'));
  const { session } = await place.client.sessions.create({
    cwd,
    agent: 'claude',
    mcpServers: [{ type: 'stdio', name: 'wiki', command: process.execPath, args: [server] }],
  });
  const talk = place.talk(session.id, cwd);
  const calls = questions.flatMap((input) => [call('mcp__wiki__ask', input), '!next']);
  await talk.send(script(...calls, '!say so be it'));
  return talk;
}

/** The nth call, allowed, and the question that comes of it. */
async function asked(talk: Talk, nth: number) {
  await talk.next('approval', () => talk.of('approval').length >= nth);
  await talk.decide(talk.of('approval')[nth - 1]!.id, 'allow');
  await talk.next('question', () => talk.of('question').length >= nth);
  return talk.of('question')[nth - 1]!;
}

async function answer(talk: Talk, question: { id: string }, choice: object): Promise<void> {
  const input = { session: talk.session, approval: question.id, ...choice };
  await place.client.call('approvals.decide', input as never);
}

/** What the server was told, as the results of its tool say it again. */
function heard(talk: Talk): unknown[] {
  return talk
    .of('tool_call')
    .flatMap(({ data }) =>
      data.status === 'completed' && typeof data.output === 'string'
        ? [JSON.parse(data.output) as unknown]
        : [],
    );
}

const properties = { name: { type: 'string' }, age: { type: 'integer' } };
const requestedSchema = { type: 'object', properties, required: ['name'] };
const form = { question: { message: 'Who are you?', requestedSchema } };
const page = (url: string) => ({
  question: { mode: 'url', message: 'Log in here.', elicitationId: 'login', url },
});

test('A1 A2: a form of an MCP server is filled in after a kill of the daemon, or declined', async () => {
  const before = await asking(form, form);
  const question = await asked(before, 1);
  expect(question.data).toMatchObject({
    message: 'wiki asks: Who are you?',
    schema: requestedSchema,
  });
  await place.kill();
  await place.start();
  const talk = place.talk(before.session, before.cwd);
  await answer(talk, question, { answer: { name: 'Ada', age: '36' } });
  await answer(talk, await asked(talk, 2), { verdict: 'deny' });
  expect((await talk.end()).data.outcome).toBe('completed');
  expect(heard(talk)).toEqual([
    { action: 'accept', content: { name: 'Ada', age: 36 } },
    { action: 'decline' },
  ]);
  await checked(talk);
});

test('A1: a page is shown with its address, and one that is not of the web is not', async () => {
  const talk = await asking(page('https://example.org/login'), page('file:///etc/passwd'));
  const question = await asked(talk, 1);
  expect(question.data).toMatchObject({
    message: 'wiki asks: Log in here.\nhttps://example.org/login',
    schema: { url: 'https://example.org/login' },
  });
  await answer(talk, question, { answer: {} });
  const next = await talk.next('approval', ({ id }) => id !== talk.of('approval')[0]?.id);
  await talk.decide(next.id, 'allow');
  expect((await talk.end()).data.outcome).toBe('completed');
  expect(heard(talk)).toEqual([{ action: 'accept' }, { action: 'cancel' }]);
  expect(talk.of('question')).toHaveLength(1);
  expect(talk.of('unrecognized').map(({ data }) => data.reason)).toEqual([
    'a question that is neither a form nor a page',
  ]);
});

test('A3: a server that takes its question back leaves none open, and the turn goes on', async () => {
  const late = path.join(place.root, 'late');
  const talk = await asking({ ...form, withdrawnBy: late });
  const question = await asked(talk, 1);
  await writeFile(late, '');
  expect((await talk.end()).data.outcome).toBe('completed');
  expect(talk.of('answer').at(-1)).toMatchObject({
    about: question.id,
    data: { outcome: 'withdrawn' },
  });
  expect(heard(talk)).toEqual(['withdrawn']);
  await checked(talk);
});

test('R4 A3: an abort while a server waits cancels its question, and the session goes on', async () => {
  const talk = await asking(form);
  const question = await asked(talk, 1);
  await talk.abort();
  expect((await talk.end()).data.outcome).toBe('cancelled');
  const answered = talk.of('answer').find(({ about }) => about === question.id);
  expect(answered?.data.outcome).toBe('withdrawn');
  await talk.send('!say again');
  expect((await talk.end(2)).data.outcome).toBe('completed');
  await checked(talk);
});
