import { afterAll, beforeAll, expect, test } from 'vitest';
import { check, Place } from './place.ts';
import { alive, until } from './processes.ts';
import type { Talk } from './talk.ts';

let place: Place;

beforeAll(async () => {
  place = await Place.open();
});

afterAll(() => place.close());

/** How far what an agent starts hides. All of it ends by itself after two minutes. */
const hidden = [
  ['a session of its own', ''],
  ['a double fork', 'double'],
  ['an empty environment', 'scrub'],
  ['the agent’s stdout held open', 'stdout'],
  ['a double fork that holds stdout', 'double stdout'],
] as const;

for (const [what, traits] of hidden) {
  test.concurrent(`R5: force ends a process with ${what}, and the proof names it`, async () => {
    const talk = await place.play(`[[spawn daemon 120 ${traits}]] [[say Now.]] [[hang]]`);
    const pid = await daemonOf(talk);
    const { proof, outcome } = await talk.abort({ force: true });
    expect(outcome).toBe('killed');
    expect(proof).toMatchObject({ method: 'swept', gone: true });
    expect(proof?.ended.map((item) => item.pid)).toContain(pid);
    expect(await alive(pid)).toBe(false);
    await check(talk);
  });

  test.concurrent(`R5: the ladder ends a process with ${what}`, async () => {
    const talk = await place.play(
      `[[misbehave ignore-cancel]] [[spawn daemon 120 ${traits}]] [[say Now.]] [[hang]]`,
    );
    const pid = await daemonOf(talk);
    const { proof, outcome } = await talk.abort({ wait: true });
    expect(outcome).toBe('killed');
    expect(proof?.gone).toBe(true);
    expect(proof?.ended.map((item) => item.pid)).toContain(pid);
    expect(await alive(pid)).toBe(false);
    await check(talk);
  });
}

test.concurrent('R5 R6: a crash with a grandchild at its stdout ends the run at once', async () => {
  const talk = await place.play('[[spawn daemon 120 stdout]] [[say Now.]] [[crash]]');
  const pid = await daemonOf(talk);
  const { data } = await talk.end(1, 8000);
  expect(data).toMatchObject({ outcome: 'failed', signal: 'SIGKILL', proof: { gone: true } });
  expect(data.proof?.ended.map((item) => item.pid)).toContain(pid);
  expect(await alive(pid)).toBe(false);
  await check(talk);
});

test.concurrent('R5: a cancelled run’s processes are ended, those of an earlier one live on', async () => {
  const talk = await place.play('[[spawn daemon 120]] [[say Server.]]');
  const kept = await daemonOf(talk);
  await talk.end();
  await talk.send('[[spawn daemon 121]] [[say Second.]] [[hang]]');
  await talk.shows(/Second/);
  await talk.abort({ wait: true });
  const notice = await talk.next('notice', ({ data }) => data.code === 'swept');
  const { ended } = notice.data.data as { ended: { pid: number }[] };
  expect(ended.length).toBe(1);
  expect(await alive(ended[0]!.pid)).toBe(false);
  expect(await alive(kept)).toBe(true);
  await check(talk);
});

test.concurrent('R5: a double fork without environment escapes, unless it was seen before', async () => {
  const talk = await place.play('[[spawn daemon 120 double scrub]] [[say Now.]] [[hang]]');
  const pid = await daemonOf(talk);
  try {
    const { proof } = await talk.abort({ force: true });
    // Nothing ties it to its host: not parent, group, session or environment. So the proof does not name it.
    expect(proof?.ended.map((item) => item.pid)).not.toContain(pid);
    expect(await alive(pid)).toBe(true);
  } finally {
    process.kill(pid, 'SIGKILL');
  }
  await until('it is gone', async () => !(await alive(pid)));
  await check(talk);
});

test('R1 R8: what was started on purpose lives while its host is idle and ends when it is stopped', async () => {
  const own = await Place.open();
  const talk = await own.play('[[spawn daemon 120]] [[say A server runs.]]');
  const pid = await daemonOf(talk);
  expect((await talk.end()).data.outcome).toBe('completed');
  expect(await alive(pid)).toBe(true);
  await check(talk);
  await own.close();
  expect(await alive(pid)).toBe(false);
});

async function daemonOf(talk: Talk): Promise<number> {
  const [, pid] = await talk.shows(/Started daemon (\d+)/);
  return Number(pid);
}
