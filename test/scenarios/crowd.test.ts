import { afterAll, beforeAll, expect, test } from 'vitest';
import { Waiting } from './follower.ts';
import { differences, faultsOf } from './judge.ts';
import { Place } from './place.ts';
import type { Entry } from './wire.ts';

let place: Place;
beforeAll(async () => {
  place = await Place.open();
});
afterAll(() => place.close());

const sessions = 1000;
const working = 20;
/** So many calls at once: one client has no more under way. */
const atOnce = 10;
/** One session's entry or text in progress costs its text, and about so much beside it. */
const frameBytes = 250;

async function inGroups<Item>(items: readonly Item[], act: (item: Item) => Promise<unknown>) {
  for (let at = 0; at < items.length; at += atOnce) {
    await Promise.all(items.slice(at, at + atOnce).map(act));
  }
}

test(
  'V1 V2 L6: one WebSocket follows 1,000 sessions while 20 of them work, and gets what they say and no more',
  { timeout: 120_000 },
  async () => {
    const ids = Array.from({ length: sessions }, (_, at) => `s${at}`);
    await inGroups(ids, (id) => place.session({ id }));
    const socket = await place.open();
    const entries = new Map<string, Entry[]>(ids.map((id) => [id, []]));
    const waiting = new Waiting();
    const count = { frames: 0, text: 0, ended: 0 };
    socket.hear((heard) => {
      count.frames += 1;
      if (heard.method === 'partial') count.text += Buffer.byteLength(heard.params.text);
      if (heard.method !== 'entry') return;
      const { session, entry } = heard.params;
      entries.get(session)?.push(entry);
      count.text += Buffer.byteLength(JSON.stringify(entry.data));
      if (entry.kind === 'run_ended') count.ended += 1;
      waiting.changed();
    });
    await inGroups(ids, (session) => socket.call('feeds.open', { session }));

    const before = { bytes: socket.notifiedBytes, cpu: place.daemon.cpuMs(), at: Date.now() };
    const idle = place.daemon.memory();
    const busy = ids.filter((_, at) => at % (sessions / working) === 0);
    const content = '[[pace 10]] [[long 3000]] [[write a.txt|x]] [[say done]]';
    await inGroups(busy, (session) => place.http.call('sessions.send', { session, content }));
    await waiting.until('the end of all runs', () => count.ended === working || undefined);
    await inGroups(busy, (session) => place.watcher.rest(session));

    const bytes = socket.notifiedBytes - before.bytes;
    const spent = { cpuMs: place.daemon.cpuMs() - before.cpu, ms: Date.now() - before.at };
    const memory = `${idle.toFixed(0)} MiB idle, ${place.daemon.memory().toFixed(0)} MiB after`;
    console.log(
      `${sessions} feeds, ${working} at work: ${bytes} bytes in ${count.frames} frames for ` +
        `${count.text} of text and data; ${memory}; ${spent.cpuMs} ms of processor in ${spent.ms} ms`,
    );
    for (const id of ids) {
      const log = await logOf(id, busy);
      const got = entries.get(id)!;
      expect(differences(log, got)).toEqual([]);
    }
    expect(count.frames).toBeGreaterThan(working * 10);
    expect(bytes).toBeLessThan(count.text + count.frames * frameBytes);
    expect(place.daemon.memory()).toBeLessThan(400);
    await socket.close();
  },
);

/** What came after the feed was opened; of those at rest that is nothing, which few of them show. */
async function logOf(id: string, busy: readonly string[]): Promise<readonly Entry[]> {
  if (!busy.includes(id)) return [];
  const log = await place.log(id);
  expect(faultsOf(log)).toEqual([]);
  return log.slice(1);
}
