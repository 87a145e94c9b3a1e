import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AppendBatch, HostInput, Store } from '../../src/ports/store.ts';
import { Connection } from '../../src/store/connection.ts';
import { openStore } from '../../src/store/open.ts';
import { purgeSlice } from '../../src/store/purge.ts';
import {
  append,
  approval,
  batch,
  blobMessage,
  first,
  historyOf,
  message,
  notice,
  runEnded,
  runStarted,
  state,
  tempDir,
  time,
} from './sample.ts';

const purging = fileURLToPath(new URL('./purging.ts', import.meta.url));

let dir: string;
let remove: () => void;
let store: Store;
const open = (): Promise<Store> =>
  openStore({
    dir,
    onFatal: (error) => {
      throw error;
    },
  });
beforeEach(async () => {
  ({ dir, remove } = tempDir());
  store = await open();
});
afterEach(async () => {
  await store.close();
  remove();
});

const gone = { deletedAt: time, purgeAt: time } as const;

/** Every file below the directory that holds the text. */
function filesWith(text: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter(
    (name) => statSync(join(dir, name)).isFile() && readFileSync(join(dir, name)).includes(text),
  );
}

/** A session that has the marker wherever a text can be. */
async function marked(session: string, marker: string): Promise<void> {
  const host = `h${session}`;
  const mark = { offset: 0, at: time, seq: 0, output: 0, run: null, entry: null };
  const inputs: HostInput[] = [{ host, ...mark, bytes: Buffer.from(`${marker} input`) }];
  const columns = {
    title: marker,
    label: marker,
    cwd: `/${marker}`,
    nativeId: marker,
    key: marker,
  };
  const full = (version: number, length: number): NonNullable<AppendBatch['state']> => ({
    version,
    json: `{"${marker}":"${marker.repeat(length)}"}`,
    columns: {
      ...state().columns,
      ...columns,
      meta: { [marker]: marker },
      row: `{"a":"${marker}"}`,
    },
  });
  await append(store, {
    ...batch(session, [runStarted('r', 'run'), message('m', null, marker), approval(marker)]),
    create: { key: marker },
    hosts: [{ host, phase: 'intended', spec: marker, snapshot: marker }],
    inputs,
    secrets: { [marker]: marker },
    state: full(1, 1),
  });
  // States that grow and shrink leave what they were in pages that are free.
  for (let turn = 0; turn < 40; turn += 1) {
    const id = `n${turn}`;
    const blob = await store.putBlob(Buffer.from(`${marker} ${turn}`));
    const entries = [
      notice(id, marker.repeat(turn * 40)),
      blobMessage(`b${id}`, turn === 0 ? 'm' : `bn${turn - 1}`, blob),
    ];
    await append(store, batch(session, entries, { state: full(1, turn % 2 === 0 ? 600 : 1) }));
  }
  await append(
    store,
    batch(session, [runEnded('e', 'run')], { hosts: [{ host, phase: 'ended' }] }),
  );
}

async function removed(session: string): Promise<void> {
  await append(store, batch(session, [], { state: state({ ...gone, title: 'MARKER-title' }) }));
}

test('L7: after a purge no file of the state directory has a byte of the session; before it many do', async () => {
  const marker = 'MARKER-7f3a';
  writeFileSync(join(dir, 'blobs', 'draft-of-a-killed-put'), marker);
  await store.close();
  store = await open();
  await marked('other', 'KEPT-11');
  await marked('s', marker);
  await marked('third', 'KEPT-22');
  await removed('s');
  expect(filesWith(marker).length).toBeGreaterThan(40);
  expect(await store.purge('s')).toEqual(['hs']);
  expect(filesWith('MARKER')).toEqual([]);
  expect(filesWith('KEPT-11').length).toBeGreaterThan(40);
  expect(await store.check()).toEqual([]);
  expect(await historyOf(store, 'other')).toHaveLength(84);
});

test('L6 L7: while a large session is purged others append between its slices', async () => {
  const rows = 20_000;
  let head: string | null = null;
  for (let from = 0; from < rows; from += 2000) {
    const entries = Array.from({ length: 2000 }, (_, index) => {
      const entry = message(`m${from + index}`, head, 'x'.repeat(500));
      head = entry.id;
      return entry;
    });
    await append(store, batch('large', entries, from === 0 ? first : {}));
  }
  await append(store, batch('large', [], { state: state(gone) }));
  await append(store, batch('s', [notice('n')], first));
  let purged = false;
  const purge = store.purge('large').finally(() => (purged = true));
  let between = 0;
  while (!purged) {
    await append(store, batch('s', [notice(`n${between}`)]));
    between += 1;
    // Unreadable from the first transaction on.
    if (between === 2) expect(await store.load('large')).toBeUndefined();
  }
  await purge;
  expect(between).toBeGreaterThan(15);
});

test('V6: no transaction of a purge removes more than so many rows or about so many bytes', async () => {
  const small = Array.from({ length: 5000 }, (_, index) => notice(`n${index}`));
  await append(store, batch('s', small, first));
  await append(store, batch('s', [], { state: state(gone) }));
  const large = Array.from({ length: 10 }, (_, index) => notice(`n${index}`, 'x'.repeat(400_000)));
  await append(store, batch('t', large, first));
  await append(store, batch('t', [], { state: state(gone) }));
  await store.close();
  const connection = Connection.writer(join(dir, 'turnkeep.db'));
  const left = (): number =>
    connection.get<{ count: number }>('SELECT count(*) AS count FROM entries')?.count ?? 0;
  for (const [session, most] of [
    ['s', 1000],
    ['t', 3],
  ] as const) {
    let before = left();
    while (!purgeSlice(connection, session, time).done) {
      expect(before - left()).toBeLessThanOrEqual(most);
      before = left();
    }
  }
  expect(left()).toBe(0);
  connection.close();
  store = await open();
});

test(
  'L7 L9: a purge that is cut off at any point is purgeable and goes on',
  { timeout: 120_000 },
  async () => {
    const marker = 'MARKER-9c1d';
    for (const slices of [1, 2, 3, 4, 5, 7]) {
      const session = `s${slices}`;
      await marked(session, marker);
      await removed(session);
      await store.close();
      await killedPurge(session, slices);
      store = await open();
      expect(await store.load(session)).toBeUndefined();
      expect(await store.purged(session)).toBe(true);
      expect(await store.purgeable('2000-01-01')).toEqual([session]);
      // A new session gets no row number under which something is left.
      await append(store, batch(`new${slices}`, [message('m', null)], first));
      expect(await historyOf(store, `new${slices}`)).toHaveLength(1);
      expect(await store.purge(session)).toEqual([`h${session}`]);
      expect(await store.purgeable('2000-01-01')).toEqual([]);
      expect(filesWith(marker)).toEqual([]);
      expect(await store.check()).toEqual([]);
    }
  },
);

/** Purges in a process of its own, which is killed after so many transactions. */
async function killedPurge(session: string, slices: number): Promise<void> {
  const child = spawn(process.execPath, [purging, dir, session, String(slices)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === 'there') child.kill('SIGKILL');
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  expect(child.signalCode).toBe('SIGKILL');
}

test('L1 L7: a blob that is put while its last session is purged is not removed before its entry is stored', async () => {
  const bytes = Buffer.from('the same words');
  const ref = await store.putBlob(bytes);
  await append(store, batch('s', [blobMessage('m', null, ref)], first));
  await append(store, batch('s', [], { state: state(gone) }));
  // A put whose append is under way: the blob is there already, so nothing is written.
  await store.putBlob(bytes);
  await store.purge('s');
  expect(await store.getBlob(ref.digest)).toHaveLength(bytes.length);
  await append(store, batch('t', [blobMessage('m', null, ref)], first));
  await append(store, batch('t', [], { state: state(gone) }));
  await store.purge('t');
  expect(await store.getBlob(ref.digest)).toBeUndefined();
});

test('L7: a blob that was put for nothing goes with the next start', async () => {
  const ref = await store.putBlob(Buffer.from('never said'));
  await append(store, batch('s', [blobMessage('m', null, ref)], first));
  await append(store, batch('s', [], { state: state(gone) }));
  await store.putBlob(Buffer.from('never said'));
  await store.purge('s');
  await store.close();
  store = await open();
  expect(await store.getBlob(ref.digest)).toBeUndefined();
});

test('L6 L7: a purge waits for a long read and holds up no append meanwhile', async () => {
  await marked('s', 'MARKER-e0');
  await removed('s');
  const reader = Connection.reader(join(dir, 'turnkeep.db'));
  reader.db.exec('BEGIN');
  reader.get('SELECT count(*) FROM sessions');
  let purged = false;
  const purge = store.purge('s').finally(() => (purged = true));
  for (let id = 0; (await store.purgeable(time)).includes('s') && id < 30; id += 1)
    await append(store, batch(`t${id}`, [notice('n')], first));
  expect([purged, filesWith('MARKER-e0').length > 0]).toEqual([false, true]);
  reader.close();
  await purge;
  expect(filesWith('MARKER-e0')).toEqual([]);
});
