import { createHash } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { digestText, type NewEntry } from '../../src/domain/entry.ts';
import { createClient } from '../../src/client/index.ts';
import { DaemonProcess } from './daemon-process.ts';

const mebibyte = 1024 * 1024;
const size = 64 * mebibyte;
/** What the daemon may hold of it at any time. */
const most = 24 * mebibyte;

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** A log of about that size, line by line; `between` is called after every part of it. */
async function* largeLog(
  between: () => Promise<void>,
  { size, parts }: { size: number; parts: number },
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  let written = 0;
  let seq = 0;
  let told = 0;
  const line = (value: object): Uint8Array => {
    const text = `${JSON.stringify(value)}\n`;
    hash.update(text);
    written += text.length;
    return Buffer.from(text);
  };
  const entry = (fields: object): Uint8Array => {
    const by = { type: 'server' } as const;
    const whole = { at: '2026-01-01T00:00:00.000Z', by, ...fields } as NewEntry;
    const digest = sha256(digestText(whole));
    return line({ type: 'entry', entry: { seq: (seq += 1), ...whole, digest } });
  };
  const session = { id: 'large', agent: 'plain', cwd: '/work' };
  yield line({ type: 'header', format: 'turnkeep', version: 1, session });
  const changes = { agent: 'plain', cwd: '/work' };
  yield entry({ id: 'first', kind: 'settings', data: { from: 'client', changes } });
  while (written < size) {
    if (seq % 100 === 0) {
      const text = `${seq} ${'blob '.repeat(60_000)}`;
      const ref = { digest: sha256(text), size: text.length };
      const base64 = Buffer.from(text).toString('base64');
      yield line({ type: 'blob', ...ref, offset: 0, base64 });
      const content = [{ type: 'text', text: 'blob', blob: ref }];
      yield entry({ id: `e${seq}`, kind: 'message', parentId: null, data: { content } });
    } else {
      const content = [{ type: 'text', text: `${seq} ${'words '.repeat(1300)}` }];
      yield entry({ id: `e${seq}`, kind: 'message', parentId: null, data: { content } });
    }
    if (written < ((told + 1) * size) / parts) continue;
    told += 1;
    await between();
  }
  yield Buffer.from(
    `${JSON.stringify({ type: 'end', entries: seq, digest: hash.digest('hex') })}\n`,
  );
}

test('V3 V6 L6: 64 MiB go in and out through a daemon that holds little of it', async () => {
  const daemon = await DaemonProcess.open();
  onTestFinished(() => daemon.close());
  const client = createClient({ url: daemon.url, token: daemon.secret });
  onTestFinished(() => client.close());
  const before = await daemon.memory();
  let peak = 0;
  let samples = 0;
  const look = async (): Promise<void> => {
    samples += 1;
    peak = Math.max(peak, (await daemon.memory()) - before);
  };
  const { added } = await client.sessions.import(largeLog(look, { size, parts: 8 }));
  expect(samples).toBe(8);
  const imported = peak;
  peak = 0;
  let read = 0;
  let last = '';
  for await (const chunk of await client.sessions.export({ session: 'large' })) {
    const eighth = Math.floor((8 * read) / size);
    read += chunk.byteLength;
    // Nothing is taken while the daemon is looked at: it waits with what comes next.
    if (Math.floor((8 * read) / size) > eighth) await look();
    last = (last + Buffer.from(chunk.subarray(-200)).toString()).slice(-200);
  }
  expect(read).toBeGreaterThan(size);
  expect(last).toContain(`{"type":"end","entries":${added},`);
  const told = `import ${(imported / mebibyte).toFixed(1)} MiB, export ${(peak / mebibyte).toFixed(1)} MiB`;
  process.stdout.write(`memory beside 64 MiB: ${told}\n`);
  expect(imported).toBeLessThan(most);
  expect(peak).toBeLessThan(most);
  expect(await daemon.logged()).toEqual([]);
}, 120_000);

const few = 64 * mebibyte;
/** What the daemon may need more for four times as much: 192 MiB more go in, and out. */
const grown = 32 * mebibyte;

test('V3 V6 L6: four times as much needs no more memory, and no turn takes longer', async () => {
  const daemon = await DaemonProcess.open();
  onTestFinished(() => daemon.close());
  const client = createClient({ url: daemon.url, token: daemon.secret });
  onTestFinished(() => client.close());
  await daemon.turn();
  let peak = 0;
  const look = async (): Promise<void> => {
    peak = Math.max(peak, await daemon.resident());
  };
  const peakOf = async (move: () => Promise<void>): Promise<number> => {
    peak = 0;
    await move();
    return peak;
  };
  const through = async (times: number) => {
    const log = { size: times * few, parts: times * 64 };
    const id = `times-${times}`;
    const came = await peakOf(async () => {
      await client.sessions.import(largeLog(look, log), { id });
    });
    const turn = await daemon.turn();
    const went = await peakOf(async () => {
      let read = 0;
      for await (const chunk of await client.sessions.export({ session: id })) {
        if (Math.floor((read += chunk.byteLength) / mebibyte) % 4 === 0) await look();
      }
      expect(read).toBeGreaterThan(log.size);
    });
    return { came, went, turn: Math.max(turn, await daemon.turn()) };
  };
  const [once, more] = [await through(1), await through(4)];
  const shown = [once, more].map(({ came, went, turn }) => {
    const [into, out] = [came, went].map((bytes) => (bytes / mebibyte).toFixed(0));
    return `${into} MiB in, ${out} MiB out, ${turn.toFixed(1)} ms in one turn`;
  });
  process.stdout.write(`64 MiB: ${shown[0]}; 256 MiB: ${shown[1]}\n`);
  // What one direction has needed the other one finds there.
  const most = ({ came, went }: { came: number; went: number }) => Math.max(came, went);
  expect(most(more) - most(once)).toBeLessThan(grown);
  expect(Math.max(once.turn, more.turn)).toBeLessThan(25);
  expect(await daemon.logged()).toEqual([]);
}, 240_000);
