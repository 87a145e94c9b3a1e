import { createHash } from 'node:crypto';
import { createClient } from '../../src/client/index.ts';
import { digestText, type NewEntry } from '../../src/domain/entry.ts';
import type { BenchDaemon } from './daemon.ts';
import { type Measure, result } from './result.ts';

const mebibyte = 1024 * 1024;
const id = 'transfer';

/** A log of a GiB that goes in and out again: how much of it the daemon holds, and how long a turn takes. */
export const transfer: Measure = async (place) => {
  const size = place.size(1024, 4) * mebibyte;
  const daemon = await place.daemon('state', { as: { agent: null }, probed: true });
  const client = createClient({ url: daemon.url, token: daemon.token });
  const into = await measured(daemon, async () => {
    await client.sessions.import(logOf(size));
  });
  let read = 0;
  const out = await measured(daemon, async () => {
    for await (const piece of await client.sessions.export({ session: id })) {
      read += piece.byteLength;
    }
  });
  client.close();
  await daemon.stop();
  const title = `import of ${size / mebibyte} MiB: growth of memory`;
  return [
    result('import-memory', title, into.grown, 'MiB', { atMost: 192 }),
    result('import-rate', '… rate', size / mebibyte / into.seconds, 'MiB/s'),
    result('import-work', '… of the processor in one turn, most', into.workMs, 'ms', {
      atMost: 25,
    }),
    result('export-memory', 'export of it: further growth of memory', out.grown, 'MiB', {
      atMost: 96,
    }),
    result('export-rate', '… rate', read / mebibyte / out.seconds, 'MiB/s'),
    result('export-work', '… of the processor in one turn, most', out.workMs, 'ms', {
      atMost: 25,
    }),
  ];
};

async function measured(
  daemon: BenchDaemon,
  move: () => Promise<void>,
): Promise<{ grown: number; seconds: number; workMs: number }> {
  const before = daemon.memory().now;
  daemon.forgetPeak();
  await daemon.delays();
  const began = performance.now();
  await move();
  const seconds = (performance.now() - began) / 1000;
  const { workMs } = await daemon.delays();
  return { grown: daemon.memory().peak - before, seconds, workMs };
}

/** Messages of 8 KB, as `sessions.export` writes them. */
async function* logOf(size: number): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  let written = 0;
  let seq = 0;
  const line = (value: object): Buffer => {
    const bytes = Buffer.from(`${JSON.stringify(value)}\n`);
    hash.update(bytes);
    written += bytes.length;
    return bytes;
  };
  const entry = (fields: object): Buffer => {
    const by = { type: 'server' };
    const whole = { at: '2026-01-01T00:00:00.000Z', by, ...fields } as NewEntry;
    const digest = createHash('sha256').update(digestText(whole)).digest('hex');
    return line({ type: 'entry', entry: { seq: (seq += 1), ...whole, digest } });
  };
  const session = { id, agent: 'scripted', cwd: '/' };
  yield line({ type: 'header', format: 'turnkeep', version: 1, session });
  const changes = { agent: 'scripted', cwd: '/' };
  yield entry({ id: 'first', kind: 'settings', data: { from: 'client', changes } });
  while (written < size) {
    const content = [{ type: 'text', text: `${seq} ${'words '.repeat(1300)}` }];
    yield entry({ id: `e${seq}`, kind: 'message', parentId: null, data: { content } });
  }
  yield Buffer.from(
    `${JSON.stringify({ type: 'end', entries: seq, digest: hash.digest('hex') })}\n`,
  );
}
