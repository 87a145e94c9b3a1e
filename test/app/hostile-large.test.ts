import { afterAll, beforeAll, expect, test } from 'vitest';
import { check, Place } from './place.ts';
import type { Talk } from './talk.ts';

const mebibyte = 1024 * 1024;
const largeLines: number[] = [];
let place: Place;

beforeAll(async () => {
  place = await Place.open({ largeLine: (bytes) => void largeLines.push(bytes) });
});

afterAll(() => place.close());

test('L8 V6: a line of 11 MiB is stored whole, and decoded off the main thread', async () => {
  const talk = await place.play('[[hugeline 11]] [[say After.]]');
  expect((await talk.end()).data.outcome).toBe('completed');
  expect(largeLines.length).toBe(1);
  expect(largeLines[0]).toBeGreaterThan(11 * mebibyte);
  expect(await stored(talk)).toBe(11 * mebibyte);
  expect(longestShown(talk)).toBeLessThan(mebibyte);
  await check(talk);
}, 30_000);

test('L8 V6: a line just under the limit of 64 MiB is stored whole', async () => {
  const before = largeLines.length;
  const talk = await place.play('[[hugeline 63]] [[say After.]]');
  expect((await talk.end(1, 30_000)).data.outcome).toBe('completed');
  expect(largeLines.length).toBe(before + 1);
  expect(await stored(talk)).toBe(63 * mebibyte);
  expect(longestShown(talk)).toBeLessThan(mebibyte);
  await check(talk);
}, 60_000);

test('L8: a line over the limit is kept by its first bytes, and the session goes on', async () => {
  const before = largeLines.length;
  const talk = await place.play('[[hugeline 70]] [[say After.]]');
  expect((await talk.end(1, 30_000)).data.outcome).toBe('completed');
  expect(largeLines.length).toBe(before);
  const [huge] = talk.of('unrecognized');
  expect(huge?.data).toMatchObject({ reason: 'oversized', count: 1 });
  expect(huge?.data.raw.length).toBe(64 * 1024);
  const { from, to } = huge!.data.range!;
  expect(to - from).toBeGreaterThan(70 * mebibyte);
  expect(talk.texts('message')).toEqual(['After.']);
  await check(talk);
}, 60_000);

test('L8: a flood of 64 MiB in lines is stored to the last letter', async () => {
  const talk = await place.play('[[flood 64]] [[say After.]]');
  expect((await talk.end(1, 60_000)).data.outcome).toBe('completed');
  expect(talk.texts('message').at(-1)).toBe('After.');
  // Each of its lines has the same number of letters.
  const letters = (await stored(talk)) / (64 * 1024);
  expect(Number.isInteger(letters)).toBe(true);
  expect(letters).toBeGreaterThan(600);
  await check(talk);
}, 90_000);

test('L8: a flood of 65 MiB without a newline is one entry', async () => {
  const talk = await place.play('[[flood 65|no-newlines]] [[say After.]]');
  expect((await talk.end(1, 60_000)).data.outcome).toBe('completed');
  expect(talk.of('unrecognized').map(({ data }) => data.reason)).toEqual(['oversized']);
  expect(talk.texts('message')).toEqual(['After.']);
  await check(talk);
}, 90_000);

test('R1 P3: a host with a spool over the limit gives way while idle, and no prompt is lost', async () => {
  const talk = await place.play('[[flood 260]]');
  expect((await talk.end(1, 60_000)).data.outcome).toBe('completed');
  await Promise.all(['One.', 'Two.', 'Three.'].map((text) => talk.send(`[[say ${text}]]`)));
  expect((await talk.end(4, 20_000)).data.outcome).toBe('completed');
  expect(talk.of('run_ended').map(({ data }) => data.outcome)).toEqual(
    Array.from({ length: 4 }, () => 'completed'),
  );
  expect(talk.texts('message').slice(-3).toSorted()).toEqual(['One.', 'Three.', 'Two.']);
  // It may serve what comes at once; as soon as nothing goes on in it, it makes room.
  await talk.next('host', (entry) => entry.data.state === 'ended');
  await talk.send('[[say Four.]]');
  expect((await talk.end(5, 20_000)).data.outcome).toBe('completed');
  const hosts = talk.of('host').map(({ data }) => data.state);
  expect(hosts).toEqual(['launched', 'opened', 'ending', 'ended', 'launched', 'opened']);
  expect(talk.of('host').at(-1)?.data.resumed).toBe(true);
  await check(talk);
}, 90_000);

test('R4: an abort in the middle of a flood does not wait for its end', async () => {
  for (const kind of ['', '|no-newlines']) {
    const talk = await place.play(`[[say Begin.]] [[flood 512${kind}]] [[hang]]`);
    await talk.next('delivery');
    expect(await talk.abort()).toMatchObject({ status: 'stopping' });
    expect(talk.of('run_ended')).toEqual([]);
    await talk.abort({ force: true });
    await check(talk);
  }
}, 60_000);

/** What came in one line is no text in progress: the main thread never held it as a text. */
function longestShown(talk: Talk): number {
  return Math.max(0, ...[...talk.live.values()].map((text) => text.length));
}

/** Characters of all messages but the last, in entries and blobs. */
async function stored(talk: Talk): Promise<number> {
  const { entries } = await talk.whole();
  let size = 0;
  for (const entry of entries) {
    if (entry.kind !== 'message') continue;
    for (const block of entry.data.content) {
      if (block.type === 'text' && block.text !== 'After.')
        size += block.blob?.size ?? block.text.length;
    }
  }
  return size;
}
