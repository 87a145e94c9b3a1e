import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { type Message, Program, textOf, toolCallOf, updatesOf } from './program.ts';

const forms = { elicitation: { form: {}, url: {} } };
const said = (program: Program) => textOf(updatesOf(program.messages));

test('150 questions are asked at once and answered in any order, each by itself', async () => {
  const program = await new Program().open(forms);
  const id = program.startPrompt('[[pace 0]] [[chunk 5000]] [[questions 150|Which {n}?|red|blue]]');
  const asked: Message[] = [];
  for (let n = 1; n <= 150; n += 1) asked.push(await program.next('elicitation/create'));
  expect(asked.map(({ params }) => params.message)).toEqual(asked.map((_, n) => `Which ${n + 1}?`));
  for (const [n, question] of [...asked.entries()].toReversed()) {
    program.answer(question, { action: 'accept', content: { answer: `${n + 1}` } });
  }
  expect((await program.response(id)).result.stopReason).toBe('end_turn');
  expect(said(program)).toBe(asked.map((_, n) => `${n + 1}: You answered: ${n + 1}`).join('\n'));
  expect(program.stderr).toBe('');
});

test('150 approvals are asked for at once, and deciding one leaves the others open', async () => {
  const program = await new Program().open();
  const id = program.startPrompt('[[pace 0]] [[asks 150 write f{n}|{n}]]');
  const asked = new Map<string, Message>();
  while (asked.size < 150) {
    const message = await program.next('session/request_permission');
    asked.set(message.params.toolCall.title, message);
  }
  const answer = (n: number, optionId: string) =>
    program.answer(asked.get(`Write f${n}`)!, { outcome: { outcome: 'selected', optionId } });
  const isWritten = (n: number) => existsSync(path.join(program.cwd, `f${n}`));
  answer(149, 'allow_once');
  await program.seen(
    ({ params }) =>
      params?.update?.toolCallId === 'call_1_149' && params.update.status === 'completed',
  );
  const all = Array.from(asked.keys(), (_, n) => n + 1);
  expect(all.filter(isWritten)).toEqual([149]);
  for (const n of all) if (n !== 149) answer(n, n % 2 === 0 ? 'allow_once' : 'reject_once');
  expect((await program.response(id)).result.stopReason).toBe('end_turn');
  expect(all.filter(isWritten)).toEqual(all.filter((n) => n % 2 === 0 || n === 149));
});

test('a question can be taken back while the others stay', async () => {
  const program = await new Program().open(forms);
  const id = program.startPrompt('[[pace 0]] [[withdraw 2|20]] [[questions 3|Which {n}?]]');
  const first = await program.next('elicitation/create');
  const second = await program.next('elicitation/create');
  const third = await program.next('elicitation/create');
  const taken = await program.next('$/cancel_request');
  expect(taken.params).toEqual({ requestId: second.id });
  program.answer(second, { action: 'accept', content: { answer: 'too late' } });
  program.answer(third, { action: 'decline' });
  program.answer(first, { action: 'cancel' });
  await program.response(id);
  expect(said(program)).toBe(
    '1: The question was dismissed.\n2: I took the question back.\n3: You declined to answer.',
  );
});

test('a permission request can be taken back, and its tool does not run', async () => {
  const program = await new Program().open();
  const { updates } = await program.prompt('[[withdraw 1|5]] [[ask run touch never]] [[say on]]');
  expect(toolCallOf(updates).statuses).toEqual(['pending', 'failed']);
  expect(textOf(updates)).toBe('on');
  expect(existsSync(path.join(program.cwd, 'never'))).toBe(false);
});

test('a form has fields of all kinds, and the agent says its content', async () => {
  const program = await new Program().open(forms);
  const id = program.startPrompt(
    '[[pace 0]] [[form Who?|name|age: number|awake: yes or no|colour: one of red, blue|fruits: any of fig, pear]]',
  );
  const asked = await program.next('elicitation/create');
  expect(asked.params.requestedSchema).toEqual({
    type: 'object',
    properties: {
      name: { type: 'string' },
      age: { type: 'number' },
      awake: { type: 'boolean' },
      colour: { type: 'string', enum: ['red', 'blue'] },
      fruits: { type: 'array', items: { type: 'string', enum: ['fig', 'pear'] } },
    },
    required: ['name', 'age', 'awake', 'colour', 'fruits'],
  });
  program.answer(asked, { action: 'accept', content: { name: 'Ada', fruits: ['fig'] } });
  await program.response(id);
  expect(said(program)).toBe('You answered: {"name":"Ada","fruits":["fig"]}');
});

test('a page is shown where the client opens pages, and a form where it shows forms', async () => {
  const program = await new Program().open(forms);
  const id = program.startPrompt('[[pace 0]] [[page https://example.org/|Log in]]');
  const asked = await program.next('elicitation/create');
  expect(asked.params).toMatchObject({
    mode: 'url',
    message: 'Log in',
    url: 'https://example.org/',
    elicitationId: 'page_1_1',
  });
  program.answer(asked, { action: 'accept' });
  await program.response(id);
  expect(said(program)).toBe('You went there.');
  const plain = await new Program().open();
  const { updates } = await plain.prompt('[[page https://example.org/|x]] [[form Who?|name]]');
  expect(textOf(updates)).toBe('This client opens no pages.This client shows no forms.');
});

test('A1: an edited input runs in the place of the one that was asked about', async () => {
  const program = await new Program().open();
  const id = program.startPrompt(
    '[[pace 0]] [[ask run touch asked]] [[ask write a|asked]] [[ask edit a|edited|x]] [[ask read a]]',
  );
  const inputs = [
    { command: 'touch edited; cat a b' },
    { path: 'b', content: 'edited' },
    { path: path.join(program.cwd, 'b'), oldText: 'edited', newText: 'done' },
    { path: 'b' },
  ];
  for (const input of inputs) {
    const asked = await program.next('session/request_permission');
    const outcome = { outcome: 'selected', optionId: 'allow_once' };
    program.answer(asked, { outcome, _meta: { turnkeep: { input } } });
  }
  await program.response(id);
  expect(existsSync(path.join(program.cwd, 'asked'))).toBe(false);
  expect(existsSync(path.join(program.cwd, 'edited'))).toBe(true);
  expect(existsSync(path.join(program.cwd, 'a'))).toBe(false);
  expect(readFileSync(path.join(program.cwd, 'b'), 'utf8')).toBe('done');
  const updates = updatesOf(program.messages);
  const read = toolCallOf(updates.filter(({ toolCallId }) => toolCallId === 'call_1_4'));
  expect(read).toMatchObject({ status: 'completed', content: [{ content: { text: 'done' } }] });
});

test('A1: an input that is not for the tool runs nothing', async () => {
  for (const input of [{}, 'touch x', null, { path: 'x' }, { command: 5 }]) {
    const program = await new Program().open();
    const id = program.startPrompt('[[pace 0]] [[ask run touch asked]]');
    const asked = await program.next('session/request_permission');
    const outcome = { outcome: 'selected', optionId: 'allow_once' };
    program.answer(asked, { outcome, _meta: { turnkeep: { input } } });
    await program.response(id);
    expect(toolCallOf(updatesOf(program.messages)).status).toBe('failed');
    expect(existsSync(path.join(program.cwd, 'asked'))).toBe(false);
    await program.end();
  }
});

test('A1: the message of a denial is said again', async () => {
  const program = await new Program().open();
  const id = program.startPrompt('[[pace 0]] [[ask run touch never]]');
  const asked = await program.next('session/request_permission');
  const outcome = { outcome: 'selected', optionId: 'reject_once' };
  program.answer(asked, { outcome, _meta: { turnkeep: { message: 'Not here.' } } });
  await program.response(id);
  expect(said(program)).toBe('You said: Not here.');
  expect(toolCallOf(updatesOf(program.messages))).toMatchObject({
    status: 'failed',
    content: [{ content: { text: 'Rejected: Not here.' } }],
  });
});

test('what cannot be asked is said', async () => {
  const program = await new Program().open(forms);
  const { updates } = await program.prompt(
    '[[questions 0|x]] [[questions 1001|x]] [[asks 2 dance]] [[form x|: number]] [[withdraw x]]',
  );
  expect(textOf(updates).match(/I cannot follow/g)).toHaveLength(5);
});
