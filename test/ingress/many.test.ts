import { createHash } from 'node:crypto';
import { request } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { DaemonProcess } from '../api/daemon-process.ts';
import { IngressClient, type Line } from './ingress-client.ts';
import { lineOf } from './many-lines.ts';

const mebibyte = 1024 * 1024;
/** What the daemon may hold of a log that it sends, however long that is. */
const most = 32 * mebibyte;

async function open(): Promise<{ daemon: DaemonProcess; writer: IngressClient }> {
  const daemon = await DaemonProcess.open({ transcripts: 'claude' });
  onTestFinished(() => daemon.close());
  const writer = new IngressClient(daemon.url, daemon.secret);
  onTestFinished(() => writer.close());
  return { daemon, writer };
}

/** Reads an answer as it comes; `between` is called while nothing is taken. */
async function* chunks(daemon: DaemonProcess, path: string): AsyncGenerator<Buffer> {
  const headers = { authorization: `Bearer ${daemon.secret}` };
  const answer = await new Promise<AsyncIterable<Buffer>>((resolve, reject) => {
    request(`${daemon.url}${path}`, { headers, agent: false }, (got) => {
      expect(got.statusCode).toBe(200);
      resolve(got);
    })
      .on('error', reject)
      .end();
  });
  yield* answer;
}

test('V3 V6 L6: 50,000 entries go out in one answer, of which the daemon holds little', async () => {
  const { daemon } = await open();
  const [count, chars] = [50_000, 900];
  await daemon.transcript('long', count, chars);
  const expected = createHash('sha256').update('{"loglines":[');
  let size = 0;
  for (let at = 0; at < count; at++) {
    const line = `${at === 0 ? '' : ','}${lineOf(at, chars)}`;
    size += line.length;
    expected.update(line);
  }
  expected.update(']}');
  await daemon.turn();
  const before = await daemon.memory();
  const found = createHash('sha256');
  let read = 0;
  let [peak, looks, eighths] = [0, 0, 0];
  for await (const chunk of chunks(daemon, '/v1/session_ingress/session/long')) {
    found.update(chunk);
    read += chunk.byteLength;
    if (Math.floor((8 * read) / size) <= eighths) continue;
    eighths += 1;
    looks += 1;
    peak = Math.max(peak, (await daemon.memory()) - before);
  }
  const turn = await daemon.turn();
  process.stdout.write(
    `${(read / mebibyte).toFixed(0)} MiB of 50,000 entries: ${(peak / mebibyte).toFixed(1)} MiB held, ${turn.toFixed(1)} ms in one turn\n`,
  );
  expect(found.digest('hex')).toBe(expected.digest('hex'));
  expect(looks).toBeGreaterThan(6);
  expect(peak).toBeLessThan(most);
  expect(turn).toBeLessThan(25);
}, 240_000);

test('L6: a client reads 100,000 entries in both ways, and writes on', async () => {
  const { daemon, writer } = await open();
  const [count, chars] = [100_000, 24];
  await daemon.transcript('longer', count, chars);
  const lines = (await writer.teleport('longer'))!;
  expect(lines).toHaveLength(count);
  const next: Line = { ...(JSON.parse(lineOf(count, chars)) as Line) };
  expect(lines.at(-1)!.uuid).toBe(next['parentUuid']);
  expect((await writer.hydrate('longer'))!.map(({ uuid }) => uuid)).toEqual(
    lines.map(({ uuid }) => uuid),
  );
  expect(await writer.append('longer', next)).toBe('stored');
  expect(writer.statuses).toEqual([201]);
}, 240_000);

/** `TURNKEEP_INGRESS_ENTRIES=100000` has a client write all of them, which takes minutes. */
const written = Number(process.env['TURNKEEP_INGRESS_ENTRIES'] ?? 2000);

test('L1 L2 L3: a client writes thousands of entries, one after the other', async () => {
  const { daemon, writer } = await open();
  const began = performance.now();
  for (let at = 0; at < written; at++) {
    const line = JSON.parse(lineOf(at, 120)) as Line;
    const fate = await writer.append('written', line);
    if (fate !== 'stored') throw new Error(`Entry ${at} was ${fate}`);
  }
  const seconds = (performance.now() - began) / 1000;
  process.stdout.write(
    `${written} entries in ${seconds.toFixed(1)} s: ${(written / seconds).toFixed(0)} /s\n`,
  );
  expect(new Set(writer.statuses)).toEqual(new Set([201]));
  const lines = (await writer.hydrate('written'))!;
  expect(lines.map((line) => JSON.stringify(line))).toEqual(
    [...Array(written).keys()].map((at) => lineOf(at, 120)),
  );
  expect((await daemon.ask('/v1/server.check', '{}')).text).toBe('{"faults":[],"more":0}');
}, 1_800_000);
