import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EntryOf } from '../../src/client/index.ts';
import { limits } from '../../src/domain/limits.ts';
import { check, Place } from './place.ts';
import { alive, hasStdout, stopped, until } from './processes.ts';
import type { Talk } from './talk.ts';

/** The first step, and the ladder to its end, with slack for a machine that has much to do. */
const toTerm = limits.cancelMs;
const toKill = limits.cancelMs + limits.terminateMs;
const ladderMs = limits.cancelMs + limits.terminateMs + limits.killMs + 9000;

let place: Place;

beforeAll(async () => {
  place = await Place.open();
});

afterAll(() => place.close());

test.concurrent('R4: an agent that hangs is cancelled by protocol, and serves again', async () => {
  const talk = await place.play('[[say Here.]] [[hang]]');
  await talk.next('delivery');
  const answer = await talk.abort({ wait: true });
  expect(answer).toMatchObject({ status: 'aborted', outcome: 'cancelled' });
  await talk.send('[[say Again.]]');
  expect((await talk.end(2)).data.outcome).toBe('completed');
  expect(talk.of('host').filter(({ data }) => data.state === 'launched').length).toBe(1);
  intentFirst(talk);
  await check(talk);
});

test.concurrent('R4 R5: who ignores the cancel is ended by SIGTERM', async () => {
  const talk = await place.play('[[misbehave ignore-cancel]] [[say Deaf.]] [[hang]]');
  const { end, ms } = await abortAndWait(talk);
  expect(end.data).toMatchObject({ outcome: 'killed', signal: 'SIGTERM', proof: { gone: true } });
  expect(how(end, 'terminated').length).toBeGreaterThan(0);
  expect(ms).toBeGreaterThan(toTerm - 500);
  expect(ms).toBeLessThan(ladderMs);
  expect(end.data.proof?.ended.filter((item) => item.how === 'killed')).toEqual([]);
  intentFirst(talk);
  await check(talk);
});

test.concurrent('R4 R5: who ignores cancel and SIGTERM is killed and swept, with proof', async () => {
  const talk = await place.play(
    '[[misbehave ignore-cancel]] [[misbehave ignore-term]] [[spawn daemon 120]] [[say Deaf.]] [[hang]]',
  );
  await talk.shows(/Deaf/);
  const [, daemon] = await talk.shows(/daemon (\d+)/);
  const { end, ms } = await abortAndWait(talk);
  expect(end.data).toMatchObject({ outcome: 'killed', proof: { gone: true } });
  expect(ms).toBeGreaterThan(toKill - 500);
  expect(ms).toBeLessThan(ladderMs);
  const { proof } = end.data;
  expect(proof?.ended.map(({ pid }) => pid)).toContain(Number(daemon));
  expect(proof?.ended.length).toBeGreaterThanOrEqual(2);
  for (const { pid } of proof?.ended ?? []) expect(await alive(pid)).toBe(false);
  await check(talk);
});

test.concurrent('R4 R5: who never reads is ended by SIGTERM', async () => {
  const talk = await place.play('[[misbehave never-reads]] [[say Not listening.]] [[hang]]');
  await talk.shows(/Not listening/);
  const { end } = await abortAndWait(talk);
  expect(end.data).toMatchObject({ outcome: 'killed', proof: { gone: true } });
  await check(talk);
});

test.concurrent('R4 R5: who stopped itself is woken up and ended', async () => {
  const talk = await place.play('[[say Sleeping.]] [[misbehave stop-self]] [[hang]]');
  const agent = await talk.agent();
  await until('the agent is stopped', () => stopped(agent));
  const { end, ms } = await abortAndWait(talk);
  // It takes the cancel and the signal at once: what it says last decides.
  expect(['killed', 'cancelled']).toContain(end.data.outcome);
  expect(ms).toBeLessThan(toKill);
  await talk.hostEnd();
  await check(talk);
});

test.concurrent('R4 R5: who closed its stdout is ended, and its last words are kept', async () => {
  const talk = await place.play('[[say Last words.]] [[misbehave close-stdout]] [[hang]]');
  const agent = await talk.agent();
  await until('the agent has closed its stdout', async () => !(await hasStdout(agent)));
  const { end } = await abortAndWait(talk);
  expect(end.data).toMatchObject({ outcome: 'killed', proof: { gone: true } });
  expect(talk.texts('message')).toEqual(['Last words.']);
  await check(talk);
});

test.concurrent('R5: force ends everything at once and answers the proof', async () => {
  const talk = await place.play(
    '[[misbehave ignore-cancel]] [[misbehave ignore-term]] [[say Deaf.]] [[hang]]',
  );
  await talk.next('delivery');
  const begun = performance.now();
  const answer = await talk.abort({ force: true });
  expect(performance.now() - begun).toBeLessThan(8000);
  expect(answer).toMatchObject({ status: 'aborted', outcome: 'killed', proof: { gone: true } });
  expect(answer.proof?.ended.some((item) => item.how === 'killed')).toBe(true);
  for (const { pid } of answer.proof?.ended ?? []) expect(await alive(pid)).toBe(false);
  expect(answer.proof).toEqual((await talk.end()).data.proof);
  await check(talk);
});

test.concurrent('R4 R5: force after an abort does not wait for the ladder', async () => {
  const talk = await place.play('[[misbehave ignore-cancel]] [[say Deaf.]] [[hang]]');
  await talk.next('delivery');
  const begun = performance.now();
  expect(await talk.abort()).toMatchObject({ status: 'stopping' });
  const answer = await talk.abort({ force: true });
  expect(performance.now() - begun).toBeLessThan(limits.cancelMs - 500);
  expect(answer).toMatchObject({ outcome: 'killed', proof: { gone: true } });
  expect(talk.of('abort').map(({ data }) => data.force)).toEqual([false, true]);
  await check(talk);
});

test.concurrent('R4: a run that has no time left ends with the reason timeout', async () => {
  const talk = await place.session();
  await talk.send('[[say Too long.]] [[hang]]', { timeoutMs: 1500 });
  const { data } = await talk.end();
  expect(data).toMatchObject({ outcome: 'cancelled', stopReason: 'timeout' });
  expect(data.durationMs).toBeGreaterThanOrEqual(1500);
  expect(talk.of('abort')[0]?.data.reason).toBe('timeout');
  await check(talk);
});

test.concurrent('R4: abort where nothing runs answers no-active-run and writes nothing', async () => {
  const talk = await place.session();
  expect(await talk.abort({ wait: true })).toMatchObject({ status: 'no-active-run' });
  expect(await talk.abort({ force: true })).toMatchObject({ status: 'no-active-run' });
  await talk.send('[[say Done.]]');
  await talk.end();
  expect(await talk.abort()).toMatchObject({ status: 'no-active-run' });
  const { entries, row } = await talk.whole();
  expect(row.status).toBe('idle');
  expect(entries.filter((entry) => entry.kind === 'abort')).toEqual([]);
  await check(talk);
});

test.concurrent('R5: a command that outlives its cancel is swept, and a notice says so', async () => {
  const talk = await place.play('[[misbehave leave-command]] [[run exec sleep 97]]');
  await talk.next('tool_call', ({ data }) => data.status === 'in_progress');
  const answer = await talk.abort({ wait: true });
  expect(answer).toMatchObject({ status: 'aborted', outcome: 'cancelled' });
  const notice = await talk.next('notice', ({ data }) => data.code === 'swept');
  const { ended } = notice.data.data as { ended: { pid: number; name: string }[] };
  expect(ended.map(({ name }) => name)).toContain('sleep');
  for (const { pid } of ended) expect(await alive(pid)).toBe(false);
  expect(notice.runId).toBeUndefined();
  await talk.send('[[say The agent lives on.]]');
  expect((await talk.end(2)).data.outcome).toBe('completed');
  await check(talk);
});

test.concurrent('R5: the first thing of a later run is swept too', async () => {
  const talk = await place.play('[[misbehave leave-command]] [[say Ready.]]');
  await talk.end();
  await talk.send('[[run exec sleep 98]]');
  await talk.next('tool_call', ({ data }) => data.status === 'in_progress');
  await talk.abort({ wait: true });
  const notice = await talk.next('notice', ({ data }) => data.code === 'swept');
  expect(notice.data.text).toContain('sleep');
  await check(talk);
});

async function abortAndWait(talk: Talk): Promise<{ end: EntryOf<'run_ended'>; ms: number }> {
  await talk.next('delivery');
  const begun = performance.now();
  expect(await talk.abort()).toMatchObject({ status: 'stopping' });
  const end = await talk.end(1, ladderMs);
  return { end, ms: performance.now() - begun };
}

/** The intent to end the run is in the log before anything that came of it. */
function intentFirst(talk: Talk): void {
  const [abort] = talk.of('abort');
  const end = talk.of('run_ended').find((entry) => entry.runId === abort?.runId);
  expect(abort?.seq).toBeLessThan(end!.seq);
}

function how(end: EntryOf<'run_ended'>, wanted: string): string[] {
  const ended = end.data.proof?.ended ?? [];
  return ended.filter((item) => item.how === wanted).map(({ name }) => name);
}
