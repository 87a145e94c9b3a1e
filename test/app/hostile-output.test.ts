import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { check, Place } from './place.ts';

let place: Place;

beforeAll(async () => {
  place = await Place.open();
});

afterAll(() => place.close());

test.concurrent('L8: lines that are no JSON become one entry with their count and place', async () => {
  const talk = await place.play('[[say Before.]] [[misbehave not-json]] [[say After.]]');
  expect((await talk.end()).data.outcome).toBe('completed');
  const [garbage, ...more] = talk.of('unrecognized');
  expect(more).toEqual([]);
  expect(garbage?.data).toMatchObject({ reason: 'not JSON', count: 3 });
  expect(garbage?.data.raw).toBe('Warning: this line is no JSON\n{"neither": is this\n[1, 2');
  const { from, to } = garbage!.data.range!;
  expect(to - from).toBe('Warning: this line is no JSON\n{"neither": is this\n\n[1, 2\n'.length);
  expect(talk.texts('message')).toEqual(['Before.', 'After.']);
  await check(talk);
});

test.concurrent('L8: bytes that are no UTF-8 become an entry, and the session goes on', async () => {
  const talk = await place.play('[[misbehave bad-utf8]] [[say After.]]');
  expect((await talk.end()).data.outcome).toBe('completed');
  const [bad] = talk.of('unrecognized');
  expect(bad?.data).toMatchObject({ reason: 'not UTF-8', count: 1 });
  expect(bad?.data.raw).toContain('before \ufffd');
  expect(talk.texts('message')).toEqual(['After.']);
  await check(talk);
});

test.concurrent('L8: an update of an unknown kind becomes an entry with its line', async () => {
  const talk = await place.play('[[misbehave unknown-update]] [[say After.]]');
  expect((await talk.end()).data.outcome).toBe('completed');
  const [unknown] = talk.of('unrecognized');
  expect(unknown?.data.reason).toContain('hologram_update');
  expect(JSON.parse(unknown!.data.raw)).toMatchObject({
    params: { update: { hologram: { planes: 3 } } },
  });
  await check(talk);
});

test.concurrent('L8: a request that nobody offered is answered, and does nothing', async () => {
  const talk = await place.play('[[misbehave unknown-request]]');
  expect((await talk.end()).data.outcome).toBe('completed');
  expect(talk.texts('message').join('')).toMatch(/The client says: Method not found/);
  await expect(access(join(talk.cwd, 'uninvited.txt'))).rejects.toThrow('ENOENT');
  await check(talk);
});

test.concurrent('R2: a second end of the turn ends nothing and leaves a notice', async () => {
  const talk = await place.play('[[misbehave two-terminals]] [[say Once.]]');
  const end = await talk.end();
  expect(end.data.outcome).toBe('completed');
  const notice = await talk.next('notice', ({ data }) => data.code === 'late-end');
  expect(notice.seq).toBeGreaterThan(end.seq);
  expect(notice.runId).toBeUndefined();
  await talk.send('[[say Twice.]]');
  expect((await talk.end(2)).data.outcome).toBe('completed');
  expect(talk.of('run_ended').length).toBe(2);
  await check(talk);
});

test.concurrent('R2: a second end does not end the run that came after it', async () => {
  const talk = await place.session();
  await talk.send('[[misbehave two-terminals]] [[say Once.]]');
  await talk.send('[[say Twice.]] [[sleep 200]] [[say Indeed.]]');
  expect((await talk.end(2)).data).toMatchObject({ outcome: 'completed', turns: 2 });
  expect(talk.of('run_ended').length).toBe(2);
  await check(talk);
});

test.concurrent('R2: what comes after the end of the turn is kept, and is of no run', async () => {
  const talk = await place.play('[[misbehave after-terminal]] [[say In time.]]');
  const end = await talk.end();
  await talk.send('[[say Next.]]');
  await talk.end(2);
  const late = talk
    .of('message')
    .find(({ data }) => JSON.stringify(data).includes('after the end'));
  expect(late?.seq).toBeGreaterThan(end.seq);
  expect(late?.runId).not.toBe(end.runId);
  await check(talk);
});

test.concurrent('R2: a turn that nobody asked for is kept, and begins no run', async () => {
  const talk = await place.play('[[agentturn 50|I speak by myself.]] [[say Asked.]]');
  const end = await talk.end();
  const own = await talk.next('message', ({ data }) => JSON.stringify(data).includes('by myself'));
  expect(own.seq).toBeGreaterThan(end.seq);
  expect(own.runId).toBeUndefined();
  expect(talk.of('run_started').length).toBe(1);
  expect((await talk.whole()).row.status).toBe('idle');
  await check(talk);
});

test.concurrent('L8: an update for a tool call that nobody made is kept', async () => {
  const talk = await place.play('[[misbehave stray-tool-update]] [[say After.]]');
  expect((await talk.end()).data.outcome).toBe('completed');
  const kept = [
    ...talk.of('tool_call').filter(({ data }) => data.call === 'call_nobody_made'),
    ...talk.of('unrecognized'),
  ];
  expect(kept.length).toBe(1);
  await check(talk);
});

test.concurrent('R3: an error in the words of an answer is no success', async () => {
  const talk = await place.play('[[disguise API Error: 529 overloaded_error]]');
  const { data } = await talk.end();
  expect(data).toMatchObject({ outcome: 'failed', error: { status: 529 } });
  await check(talk);
});

test.concurrent('R3: stop reasons that are no success fail', async () => {
  const talk = await place.play('[[refuse]]');
  expect((await talk.end()).data).toMatchObject({ outcome: 'failed', stopReason: 'refusal' });
  await talk.send('[[max_tokens]]');
  expect((await talk.end(2)).data).toMatchObject({
    outcome: 'failed',
    stopReason: 'max_tokens',
    error: { category: 'limit' },
  });
  await talk.send('[[fail -32603|The model is gone.]]');
  expect((await talk.end(3)).data).toMatchObject({ outcome: 'failed' });
  await check(talk);
});
