import {
  appendFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lineOf } from '../../../src/client/ingress/line.ts';
import type { KeptLog, Outbox } from '../../../src/client/ingress/outbox.ts';
import { diskOutbox } from '../../../src/client/node/index.ts';

let directory = '';
let open: Outbox[] = [];
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'turnkeep-outbox-'));
  open = [];
});
afterEach(async () => {
  for (const outbox of open) await outbox.close();
  await rm(directory, { recursive: true });
});

async function opened(options: { maxBytes?: number; onTorn?: (n: number) => void } = {}) {
  const outbox = await diskOutbox({ directory, ...options });
  open.push(outbox);
  return outbox;
}

async function again(outbox: Outbox): Promise<Outbox> {
  await outbox.close();
  return opened();
}

const line = (uuid: string, more = ''): ReturnType<typeof lineOf> => lineOf({ uuid, more });
const records = async (): Promise<string[]> =>
  (await readdir(directory)).filter((file) => /^[0-9a-f]{40}-\d{8}\.jsonl$/.test(file));

async function kept(outbox: Outbox): Promise<[string, (string | null)[]][]> {
  const logs: readonly KeptLog[] = await outbox.kept();
  return logs
    .map((log): [string, (string | null)[]] => [log.session, log.lines.map(({ uuid }) => uuid)])
    .toSorted(([one], [other]) => one.localeCompare(other));
}

test('L1: what was accepted and not stored is there in the next process, in its order', async () => {
  const outbox = await opened();
  const calls = ['a', 'b', 'c', 'd'].map((uuid) => outbox.accept('one', [line(uuid)]));
  await outbox.accept('../../etc', [line('x', 'ä'.repeat(9))]);
  const [, second] = (await Promise.all(calls)).flat();
  outbox.settle('one', second!.number, 'b');
  const next = await again(outbox);
  expect(await kept(next)).toEqual([
    ['../../etc', ['x']],
    ['one', ['c', 'd']],
  ]);
  const [log] = (await next.kept()).filter(({ session }) => session === 'one');
  expect(log?.head).toBe('b');
});

test('S1 S3: only a digest of a session becomes a name, and nobody else reads it', async () => {
  const outbox = await opened();
  await outbox.accept('../escape', [line('a')]);
  const [file] = await records();
  expect((await stat(path.join(directory, file!))).mode & 0o777).toBe(0o600);
  expect(file).not.toContain('escape');
});

test('S5: nothing is left on the disk of what was stored', async () => {
  const outbox = await opened();
  for (let round = 0; round < 3; round += 1) {
    const [waiting] = await outbox.accept('one', [line(`u${round}`)]);
    outbox.settle('one', waiting!.number, `u${round}`);
  }
  expect(outbox.size).toBe(0);
  await outbox.close();
  expect(await records()).toEqual([]);
});

test('S5: files of a log that never rests are removed behind it, and what they said stays known', async () => {
  const outbox = await opened();
  const fork = { session: 'elsewhere', at: 'u0', whole: true };
  const all: number[] = [];
  const accept = async (uuid: string): Promise<void> => {
    const [waiting] = await outbox.accept('one', [line(uuid, 'x'.repeat(300_000))]);
    all.push(waiting!.number);
  };
  await accept('u0');
  await outbox.forked('one', fork);
  for (let at = 1; at < 20; at += 1) {
    await accept(`u${at}`);
    outbox.settle('one', all[at - 1]!, `u${at - 1}`);
  }
  const next = await again(outbox);
  expect((await records()).length).toBeLessThan(3);
  expect(await kept(next)).toEqual([['one', ['u19']]]);
  expect(await next.kept()).toMatchObject([{ fork, head: 'u18' }]);
});

test('S5: it is bounded, over all sessions and over processes', async () => {
  const outbox = await opened({ maxBytes: 1000 });
  await outbox.accept('one', [line('a', 'x'.repeat(600))]);
  await expect(outbox.accept('two', [line('b', 'x'.repeat(600))])).rejects.toMatchObject({
    refusal: { code: 'limited' },
  });
  await outbox.close();
  const next = await opened({ maxBytes: 1000 });
  await expect(next.accept('two', [line('b', 'x'.repeat(600))])).rejects.toMatchObject({
    refusal: { code: 'limited' },
  });
  next.settle('one', 1, 'a');
  await next.accept('two', [line('b', 'x'.repeat(600))]);
  expect(await kept(await again(next))).toEqual([['two', ['b']]]);
});

test('L8 L9: a torn end is left out and told; what was before and comes after is kept', async () => {
  const outbox = await opened();
  await outbox.accept('one', [line('a'), line('b')]);
  await outbox.close();
  const [file] = await records();
  await appendFile(path.join(directory, file!), '{"record":"line","number":3,"te');
  const told: number[] = [];
  const next = await opened({ onTorn: (count) => void told.push(count) });
  expect(told).toEqual([1]);
  await next.accept('one', [line('c')]);
  expect(await kept(await again(next))).toEqual([['one', ['a', 'b', 'c']]]);
});

test('L9: cut at every byte, it has a beginning of what was accepted', async () => {
  const outbox = await opened();
  await outbox.accept('one', [line('a'), line('b'), line('c')]);
  outbox.settle('one', 1, 'a');
  await outbox.close();
  const [file] = await records();
  const whole = await readFile(path.join(directory, file!));
  for (let at = 0; at < whole.length; at += 1) {
    await writeFile(path.join(directory, file!), whole.subarray(0, at));
    const cut = await opened();
    const uuids = (await kept(cut)).flatMap(([, all]) => all);
    expect([[], ['a'], ['a', 'b'], ['a', 'b', 'c'], ['b', 'c']]).toContainEqual(uuids);
    await cut.close();
    // What is empty was tidied up.
    await writeFile(path.join(directory, file!), whole);
  }
});

test('L8: what a bad disk made of a file is kept beside it, and the rest is sent', async () => {
  const outbox = await opened();
  await outbox.accept('one', [line('a'), line('b'), line('c')]);
  await outbox.close();
  const [file] = await records();
  const text = await readFile(path.join(directory, file!), 'utf8');
  await writeFile(path.join(directory, file!), text.replace('"number":2', '\0\0\n\0'));
  expect(await kept(await opened())).toEqual([['one', ['a', 'c']]]);
  expect(await readdir(directory)).toContain(`${file!}.damaged`);
});

test('L8: what a log does not take is set aside, where somebody can look at it', async () => {
  const outbox = await opened();
  const [first] = await outbox.accept('one', [line('a'), line('b')]);
  await outbox.setAside('one', first!, 422);
  const next = await again(outbox);
  expect(await kept(next)).toEqual([['one', ['b']]]);
  const aside = await readFile(path.join(directory, 'rejected.jsonl'), 'utf8');
  expect(JSON.parse(aside)).toEqual({ session: 'one', status: 422, text: line('a').text });
});

test('L3: with which head a nameless line was sent is known after a crash', async () => {
  const outbox = await opened();
  const [first] = await outbox.accept('one', [lineOf({ type: 'mode' })]);
  await outbox.trying('one', first!.number, 'before');
  const [log] = await (await again(outbox)).kept();
  expect(log?.tried).toEqual({ number: first!.number, head: 'before' });
});

test('L3: to which file of an agent a line belongs is kept with it', async () => {
  const outbox = await opened();
  await outbox.accept('one', [line('a'), lineOf({ uuid: 'b' }, 'subagents/agent-1')]);
  const [log] = await (await again(outbox)).kept();
  expect(log?.lines.map(({ file }) => file)).toEqual(['', 'subagents/agent-1']);
});

test('R1: one process at a time has it', async () => {
  const outbox = await opened();
  await expect(diskOutbox({ directory })).rejects.toMatchObject({ refusal: { code: 'busy' } });
  await outbox.close();
  await opened();
});

test('L1 L9: where the disk takes nothing, nothing counts as accepted, and later it does again', async () => {
  const outbox = await opened();
  await outbox.accept('one', [line('a')]);
  const [file] = await records();
  // A file that cannot be opened for writing, whoever asks.
  await rm(path.join(directory, file!));
  await mkdir(path.join(directory, file!));
  await expect(outbox.accept('one', [line('b')])).rejects.toMatchObject({
    refusal: { code: 'unavailable' },
  });
  await rm(path.join(directory, file!), { recursive: true });
  await outbox.accept('one', [line('c')]);
  expect(await kept(await again(outbox))).toEqual([['one', ['c']]]);
});
