import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { isAlive, Program, textOf, toolCallOf, until, updatesOf } from './program.ts';
import type { Message } from './program.ts';

const chunksOf = (updates: readonly Record<string, unknown>[]) =>
  updates.filter(({ sessionUpdate }) => sessionUpdate === 'agent_message_chunk');

test('say and think stream word by word, each as a message of its own', async () => {
  const program = await new Program().open();
  const { updates, response } = await program.prompt('[[say one  two]] [[think a b]] [[say c]]');
  expect(updates.slice(0, -1).map(({ content, messageId }) => [content.text, messageId])).toEqual([
    ['one  ', 'msg_1_1'],
    ['two', 'msg_1_1'],
    ['a ', 'msg_1_2'],
    ['b', 'msg_1_2'],
    ['c', 'msg_1_3'],
  ]);
  expect(updates[2].sessionUpdate).toBe('agent_thought_chunk');
  expect(response.result.stopReason).toBe('end_turn');
});

test('chunk cuts by characters and never within one', async () => {
  const program = await new Program().open();
  const { updates } = await program.prompt('[[chunk 2]] [[say a🧭bc]]');
  expect(chunksOf(updates)).toMatchObject([
    { content: { text: 'a🧭' } },
    { content: { text: 'bc' } },
  ]);
});

test('long streams exactly so many characters', async () => {
  const program = await new Program().open();
  const { updates } = await program.prompt('[[chunk 500]] [[long 20000]] [[long 5|9]]');
  expect(textOf(updates)).toHaveLength(20_005);
});

test('pace and sleep take time', async () => {
  const program = await new Program().open();
  const from = performance.now();
  await program.prompt('[[pace 30]] [[say a b c]] [[sleep 40]]');
  expect(performance.now() - from).toBeGreaterThan(95);
});

test('repeat plays its body again', async () => {
  const program = await new Program().open();
  const { updates } = await program.prompt('[[repeat 3]] [[say x]] [[end]] [[say y]]');
  expect(textOf(updates)).toBe('xxxy');
});

test('write writes, with a diff against what was there', async () => {
  const program = await new Program().open();
  const file = path.join(program.cwd, 'sub/a.txt');
  const { updates } = await program.prompt('[[write sub/a.txt|one\\n]]');
  expect(toolCallOf(updates)).toMatchObject({
    kind: 'edit',
    statuses: ['pending', 'in_progress', 'completed'],
    locations: [{ path: file }],
    content: [{ type: 'diff', path: file, oldText: null, newText: 'one\n' }],
  });
  const { updates: again } = await program.prompt('[[write sub/a.txt|two]]');
  expect(toolCallOf(again).content[0]).toMatchObject({ oldText: 'one\n', newText: 'two' });
  expect(readFileSync(file, 'utf8')).toBe('two');
});

test('edit replaces, and fails where the old text is not there', async () => {
  const program = await new Program().open();
  const file = path.join(program.cwd, 'a.txt');
  writeFileSync(file, 'a $& b');
  const { updates } = await program.prompt('[[edit a.txt|b|$&]]');
  expect(toolCallOf(updates)).toMatchObject({
    statuses: ['pending', 'in_progress', 'completed'],
    content: [{ oldText: 'a $& b', newText: 'a $& $&' }],
  });
  expect(readFileSync(file, 'utf8')).toBe('a $& $&');
  const { updates: failed, response } = await program.prompt('[[edit a.txt|zzz|y]] [[say on]]');
  expect(toolCallOf(failed).statuses).toEqual(['pending', 'in_progress', 'failed']);
  expect(textOf(failed)).toBe('on');
  expect(response.result.stopReason).toBe('end_turn');
});

test('read shows a file, and fails where there is none', async () => {
  const program = await new Program().open();
  writeFileSync(path.join(program.cwd, 'a.txt'), 'inside');
  const { updates } = await program.prompt('[[read a.txt]]');
  expect(toolCallOf(updates)).toMatchObject({
    kind: 'read',
    status: 'completed',
    content: [{ content: { text: 'inside' } }],
  });
  expect(toolCallOf((await program.prompt('[[read b.txt]]')).updates).status).toBe('failed');
});

test('run runs a command in the working folder and tells its exit code', async () => {
  const program = await new Program().open();
  const { updates } = await program.prompt('[[run pwd; echo oops >&2; exit 4]]');
  const call = toolCallOf(updates);
  expect(call).toMatchObject({ kind: 'execute', status: 'failed', rawOutput: { exitCode: 4 } });
  expect(call.content[0].content.text).toContain(program.cwd);
  expect(call.content[0].content.text).toContain('oops');
  const { updates: good } = await program.prompt('[[run true]]');
  expect(toolCallOf(good)).toMatchObject({ status: 'completed', rawOutput: { exitCode: 0 } });
});

test('a command streams its output, and cancel kills its whole group', async () => {
  const program = await new Program().open();
  const id = program.startPrompt('[[run sleep 60 & echo $$ $!; wait]]');
  const output = ({ params }: Message) => params?.update?.content?.[0]?.content?.text;
  const [shell, sleep] = output(await program.seen((message) => output(message) !== undefined))
    .trim()
    .split(' ')
    .map(Number);
  expect([shell, sleep].map(isAlive)).toEqual([true, true]);
  program.cancel();
  expect((await program.response(id)).result.stopReason).toBe('cancelled');
  await until(() => !isAlive(shell) && !isAlive(sleep));
  expect(toolCallOf(updatesOf(program.messages)).status).toBe('failed');
});

test('a command does not wait for what it left in the background', async () => {
  const program = await new Program().open();
  const { updates } = await program.prompt('[[run sleep 5 & echo $!]]');
  const call = toolCallOf(updates);
  expect(call.status).toBe('completed');
  process.kill(Number(call.content[0].content.text));
});

test('ask waits for the decision', async () => {
  const program = await new Program().open();
  const id = program.startPrompt(
    '[[pace 0]] [[ask run echo ran]] [[ask write a.txt|A]] [[ask write b.txt|B]]',
  );
  const first = await program.next('session/request_permission');
  expect(first.params).toMatchObject({
    sessionId: program.sessionId,
    toolCall: { toolCallId: 'call_1_1', kind: 'execute', title: 'echo ran', status: 'pending' },
    options: ['allow_once', 'allow_always', 'reject_once', 'reject_always'].map((kind) => ({
      kind,
    })),
  });
  program.answer(first, { outcome: { outcome: 'selected', optionId: 'reject_once' } });
  const second = await program.next('session/request_permission');
  program.answer(second, { outcome: { outcome: 'selected', optionId: 'allow_always' } });
  expect((await program.response(id)).result.stopReason).toBe('end_turn');

  const updates = updatesOf(program.messages);
  const call = (number: number) =>
    toolCallOf(updates.filter(({ toolCallId }) => toolCallId === `call_1_${number}`));
  expect(call(1)).toMatchObject({
    statuses: ['pending', 'failed'],
    content: [{ content: { text: 'Rejected' } }],
  });
  expect(call(2).statuses).toEqual(['pending', 'in_progress', 'completed']);
  expect(call(3).status).toBe('completed');
  expect(readFileSync(path.join(program.cwd, 'b.txt'), 'utf8')).toBe('B');
});

test('a rejection can hold for ever, and auto never asks', async () => {
  const program = await new Program().open();
  const id = program.startPrompt('[[pace 0]] [[ask run true]] [[ask run true]]');
  const asked = await program.next('session/request_permission');
  program.answer(asked, { outcome: { outcome: 'selected', optionId: 'reject_always' } });
  await program.response(id);
  const { sessionId } = program;
  await program.request('session/set_mode', { sessionId, modeId: 'auto' });
  const { updates } = await program.prompt('[[ask run true]]');
  expect(toolCallOf(updates).status).toBe('completed');
  const asks = program.messages.filter(({ method }) => method === 'session/request_permission');
  expect(asks).toHaveLength(1);
});

test('a cancel takes an open permission request back', async () => {
  const program = await new Program().open();
  const id = program.startPrompt('[[ask write a.txt|A]] [[say never]]');
  const asked = await program.next('session/request_permission');
  program.cancel();
  expect((await program.response(id)).result.stopReason).toBe('cancelled');
  const taken = await program.next('$/cancel_request');
  expect(taken.params).toEqual({ requestId: asked.id });
  program.answer(asked, { outcome: { outcome: 'cancelled' } });
  expect(toolCallOf(updatesOf(program.messages)).statuses).toEqual(['pending', 'failed']);
  const { updates } = await program.prompt('[[say still here]]');
  expect(textOf(updates)).toBe('still here');
});

test('a question is a form where the client shows forms', async () => {
  const program = await new Program().open({ elicitation: { form: {} } });
  const id = program.startPrompt('[[pace 0]] [[question Which?|red|blue]] [[question Why?]]');
  const first = await program.next('elicitation/create');
  expect(first.params).toEqual({
    sessionId: program.sessionId,
    mode: 'form',
    message: 'Which?',
    requestedSchema: {
      type: 'object',
      properties: { answer: { type: 'string', title: 'Answer', enum: ['red', 'blue'] } },
      required: ['answer'],
    },
  });
  program.answer(first, { action: 'accept', content: { answer: 'blue' } });
  const second = await program.next('elicitation/create');
  expect(second.params.requestedSchema.properties.answer).toEqual({
    type: 'string',
    title: 'Answer',
  });
  program.answer(second, { action: 'decline' });
  await program.response(id);
  const text = textOf(updatesOf(program.messages));
  expect(text).toBe('You answered: blueYou declined to answer.');
});

test('a question is a permission request for all other clients', async () => {
  const program = await new Program().open({ elicitation: {} });
  const id = program.startPrompt('[[pace 0]] [[question Which?|red|blue]]');
  const asked = await program.next('session/request_permission');
  expect(asked.params.options).toEqual([
    { optionId: 'choice-1', name: 'red', kind: 'allow_once' },
    { optionId: 'choice-2', name: 'blue', kind: 'allow_once' },
  ]);
  program.answer(asked, { outcome: { outcome: 'selected', optionId: 'choice-2' } });
  await program.response(id);
  const updates = updatesOf(program.messages);
  expect(textOf(updates)).toBe('You answered: blue');
  expect(toolCallOf(updates)).toMatchObject({ kind: 'other', statuses: ['pending', 'completed'] });
});

test('plan, image and title are updates', async () => {
  const program = await new Program().open();
  const { updates } = await program.prompt('[[plan a; b]] [[image]] [[title New name]]');
  const plans = updates.filter(({ sessionUpdate }) => sessionUpdate === 'plan');
  const states = plans.map(({ entries }) =>
    entries.map((entry: Message & { status: string }) => entry.status),
  );
  expect(states).toEqual([
    ['in_progress', 'pending'],
    ['completed', 'in_progress'],
    ['completed', 'completed'],
  ]);
  expect(plans[0].entries[1]).toMatchObject({ content: 'b', priority: 'medium' });
  expect(updates[3].content).toMatchObject({ type: 'image', mimeType: 'image/png' });
  expect(Buffer.from(updates[3].content.data, 'base64').subarray(1, 4).toString()).toBe('PNG');
  expect(updates[4]).toEqual({ sessionUpdate: 'session_info_update', title: 'New name' });
});

test('usage and cost: those of the turn in the response, sums of the session in the update', async () => {
  const program = await new Program().open();
  await program.prompt('[[usage 100|20]] [[cost 0.5]]');
  const { updates, response } = await program.prompt('[[usage 10|2]] [[cost 0.25]]');
  const usage = { inputTokens: 10, outputTokens: 2, totalTokens: 12 };
  expect(response.result).toEqual({ stopReason: 'end_turn', usage });
  expect(updates).toEqual([
    {
      sessionUpdate: 'usage_update',
      used: 132,
      size: 200_000,
      cost: { amount: 0.75, currency: 'USD' },
    },
  ]);
});

test('turns end as the script says', async () => {
  const program = await new Program().open();
  const ending = async (text: string) => (await program.prompt(text)).response;
  expect((await ending('[[refuse]] [[say no]]')).result.stopReason).toBe('refusal');
  expect((await ending('[[max_tokens]]')).result.stopReason).toBe('max_tokens');
  expect((await ending('[[repeat 5]][[refuse]][[end]]')).result.stopReason).toBe('refusal');
  expect((await ending('[[fail -32603|Internal error: overloaded|server_error]]')).error).toEqual({
    code: -32603,
    message: 'Internal error: overloaded',
    data: { errorKind: 'server_error' },
  });
  expect((await ending('[[fail -32000|Log in]]')).error).toEqual({
    code: -32000,
    message: 'Log in',
  });
  const { updates, response } = await program.prompt('[[disguise API Error: 529 overloaded]]');
  expect(textOf(updates)).toBe('API Error: 529 overloaded');
  expect(response.result.stopReason).toBe('end_turn');
});

test('the process ends in mid-turn as the script says', async () => {
  const exiting = await new Program().open();
  exiting.startPrompt('[[pace 0]] [[say last words]] [[exit 9]]');
  expect(await exiting.ended()).toEqual([9, null]);
  expect(textOf(updatesOf(exiting.messages))).toBe('last words');

  const crashing = await new Program().open();
  crashing.startPrompt('[[pace 0]] [[say last words]] [[crash]]');
  expect(await crashing.ended()).toEqual([null, 'SIGKILL']);
  expect(textOf(updatesOf(crashing.messages))).toBe('last words');
});

test('agentturn speaks by itself after the turn, unless a cancel comes first', async () => {
  const program = await new Program().open();
  const { response } = await program.prompt('[[agentturn 20|by myself]]');
  const later = await program.seen(({ params }) => params?.update?.content?.text === 'by ');
  expect(program.messages.indexOf(later)).toBeGreaterThan(program.messages.indexOf(response));
  await program.prompt('[[agentturn 20|never said]]');
  program.cancel();
  const { updates } = await program.prompt('[[sleep 60]]');
  expect(textOf(updates)).toBe('');
});

test('what cannot be followed is said, and the script goes on', async () => {
  const program = await new Program().open();
  const { updates } = await program.prompt('[[sleep soon]] [[say on]]');
  expect(textOf(updates)).toBe('I cannot follow [[sleep soon]]: needs a number.on');
});

test('a cancel stops the script between and within its steps', async () => {
  const program = await new Program().open();
  for (const text of [
    '[[hang]]',
    '[[sleep 60000]]',
    '[[pace 5]] [[long 100000]]',
    '[[pace 0]] [[repeat 1000000]] [[say x]] [[end]]',
  ]) {
    const from = program.messages.length;
    const id = program.startPrompt(`[[say begun]] ${text} [[say never]]`);
    await program.seen((message) => program.messages.indexOf(message) >= from);
    program.cancel();
    expect((await program.response(id)).result.stopReason).toBe('cancelled');
    expect(textOf(updatesOf(program.messages))).not.toContain('never');
  }
});
