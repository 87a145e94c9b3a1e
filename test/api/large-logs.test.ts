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

/** A log of about that size, line by line; `between` is called after every eighth of it. */
async function* largeLog(between: () => Promise<void>): AsyncGenerator<Uint8Array> {
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
    if (written < ((told + 1) * size) / 8) continue;
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
  const { added } = await client.sessions.import(largeLog(look));
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
  // Once more without being looked at, which takes the daemon's time, too.
  await daemon.block();
  await client.sessions.import(
    largeLog(() => Promise.resolve()),
    { id: 'again' },
  );
  const block = (await daemon.block()).toFixed(0);
  const told = `import ${(imported / mebibyte).toFixed(1)} MiB, export ${(peak / mebibyte).toFixed(1)} MiB, longest block ${block} ms`;
  process.stdout.write(`memory beside 64 MiB: ${told}\n`);
  expect(imported).toBeLessThan(most);
  expect(peak).toBeLessThan(most);
  expect(await daemon.logged()).toEqual([]);
}, 120_000);
