import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { z } from 'zod';
import { idPattern } from '../../src/domain/entry.ts';
import { type OperationName, operationNames, operations } from '../../src/protocol/operations.ts';
import { DaemonProcess } from './daemon-process.ts';
import type { Json, Rpc } from './harness.ts';
import { corpus } from './ids-corpus.ts';

const lanes = 8;
let daemon: DaemonProcess;
let rpc: Rpc;

beforeAll(async () => {
  daemon = await DaemonProcess.open();
  rpc = await daemon.socket();
  await rpc.request('sessions.create', { id: 's-0', key: 'agent:plain:known', prompt: 'say' });
});

afterAll(async () => {
  rpc.socket.terminate();
  await daemon.close();
});

/** What operations need beside the field that is tried. */
const needed: { readonly [field: string]: unknown } = {
  session: 's-0',
  approval: 'a-0',
  run: 'r-0',
  content: 'say',
  prompt: 'say',
  digest: '0'.repeat(64),
  verdict: 'allow',
  id: 'i-0',
  name: 'x',
  scopes: ['view'],
  mode: 'detach',
};

/** Fields that name something which is there; any other text is kept as it is, and means nothing. */
const naming =
  /^(session|sessions|id|key|cwd|agent|parent|parentId|approval|run|digest|cursor|promptId|entry|entryId|item)$/;

interface Place {
  operation: OperationName;
  field: string;
  inputs: (entry: string) => readonly object[];
}

interface Def {
  type: string;
  shape?: { readonly [field: string]: z.ZodType };
  innerType?: z.ZodType;
  element?: z.ZodType;
  options?: readonly z.ZodType[];
}

function defOf(schema: z.ZodType): Def {
  const def = schema._zod.def as unknown as Def;
  return def.innerType === undefined ? def : defOf(def.innerType);
}

/** Every field of an operation into which a text fits. */
function placesOf(operation: OperationName): Place[] {
  const def = defOf(operations[operation].input);
  return (def.options?.map(defOf) ?? [def]).flatMap(({ shape = {} }) => {
    const required = Object.keys(shape).filter(
      (field) => shape[field]?._zod.def.type !== 'optional',
    );
    const base = Object.fromEntries(
      [...required, ...(operation === 'approvals.decide' ? ['verdict'] : [])]
        .filter((field) => field in needed)
        .map((field) => [field, needed[field]]),
    );
    return Object.entries(shape).flatMap(([field, schema]) => {
      const values = valuesFor(defOf(schema));
      const inputs = (entry: string): object[] =>
        values(entry).map((value) => ({ ...base, [field]: value }));
      return values('').length === 0 ? [] : [{ operation, field, inputs }];
    });
  });
}

function valuesFor(def: Def): (entry: string) => readonly unknown[] {
  switch (def.type) {
    case 'string':
      return (entry) => [entry];
    case 'array':
      return defOf(def.element!).type === 'string' ? (entry) => [[entry]] : () => [];
    case 'record':
      return (entry) => [{ [entry]: 'x' }, { x: entry }];
    case 'object': {
      const strings = Object.entries(def.shape ?? {}).filter(
        ([, schema]) => defOf(schema).type === 'string',
      );
      return (entry) => strings.map(([field]) => ({ [field]: entry }));
    }
    default:
      return () => [];
  }
}

/** Whether an answer of 2xx is in order: for good ids, for texts, and where a list has nothing of that name. */
function mayPass({ operation, field }: Place, entry: string): boolean {
  const lists =
    operation.endsWith('.list') ||
    /^(?:sessions\.preview|usage\.summary|snapshots\.diff)$/.test(operation);
  if (lists || operation === 'feeds.open') return true;
  if (!naming.test(field)) return true;
  // A directory that is there may be worked in, however it is written.
  if (field === 'cwd') return entry.startsWith('/') && existsSync(resolve(entry));
  if (field === 'key') return entry.startsWith('agent:plain:');
  return idPattern.test(entry);
}

async function ask(
  operation: OperationName,
  input: object,
): Promise<{ status: number; body: Json }> {
  if (operations[operation].shape === 'feed') {
    const { result, error } = await rpc.request(operation, input);
    rpc.received.length = 0;
    return { status: error === undefined ? 200 : 400, body: result ?? { error } };
  }
  const { status, text } = await daemon.ask(`/v1/${operation}`, JSON.stringify(input));
  return { status, body: text === '' ? null : JSON.parse(text) };
}

async function inLanes<Item>(items: Iterable<Item>, play: (item: Item) => Promise<void>) {
  const waiting = [...items].values();
  const lane = async (): Promise<void> => {
    for (const item of waiting) await play(item);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

/** Every path under a directory. */
async function tree(dir: string): Promise<string[]> {
  return (await readdir(dir, { recursive: true })).toSorted();
}

const outside = (paths: readonly string[]): string[] =>
  paths.filter((path) => !path.includes('/state/'));

/** What a daemon makes while it works: contents under their digests, and nothing that clients name. */
const blob = /\/state\/blobs\/[0-9a-f]{2}(\/[0-9a-f]{64})?$/;

test('S3 S5: 500 names that lead astray, in fields of every operation, are refused or mean nothing', async () => {
  expect(corpus.length).toBeGreaterThanOrEqual(500);
  const before = { tree: await tree(daemon.root), inherited: await daemon.inherited() };
  const places = operationNames.flatMap(placesOf);
  // What makes sessions comes last: their ids would be found by the others.
  const ordered = [
    ...places.filter(({ operation }) => operation !== 'sessions.create'),
    ...places.filter(({ operation }) => operation === 'sessions.create'),
  ];
  let asked = 0;
  for (const place of ordered) {
    // Texts that mean nothing are tried with some of them; all are in the next test.
    const tried = naming.test(place.field) ? corpus : corpus.filter((_, n) => n % 8 === 0);
    await inLanes(tried, async (entry) => {
      for (const input of place.inputs(entry)) {
        asked += 1;
        const { status, body } = await ask(place.operation, input);
        const said = [place.operation, place.field, entry.slice(0, 200), status, body];
        if (status === 200 ? !mayPass(place, entry) : status < 400 || status > 499) {
          expect(said).toBe('refused');
        }
      }
    });
  }
  console.log(`${corpus.length} names in ${places.length} places: ${asked} inputs`);
  const after = await tree(daemon.root);
  expect(outside(after)).toEqual(outside(before.tree));
  const made = after.filter((path) => !before.tree.includes(path));
  expect(made.filter((path) => !blob.test(path))).toEqual([]);
  expect(await daemon.inherited()).toEqual(before.inherited);
  expect(await daemon.logged()).toEqual([]);
}, 300_000);

test('S3: a text that a person chooses is kept as it is, whatever it looks like', async () => {
  let kept = 0;
  await inLanes(corpus, async (entry) => {
    const chosen = { title: entry, label: entry, meta: { x: entry } };
    const { status, body } = await ask('sessions.create', chosen);
    if (status === 400) return expect(body.error.field).toMatch(/^(title|label|meta)/);
    if (status === 413) return expect(body.error.field).toBe('meta');
    expect([entry, status]).toEqual([entry, 200]);
    const found = await ask('sessions.get', { session: body.session.id });
    const { title, label, meta } = found.body.session;
    expect({ title, label, meta }).toEqual(chosen);
    kept += 1;
  });
  expect(kept).toBeGreaterThan(450);
  expect((await ask('server.check', {})).body).toEqual({ faults: [], more: 0 });
}, 120_000);

test('S3 S5: as parts of a path they are refused, written out and encoded', async () => {
  const before = await tree(daemon.root);
  // Those that are good ids are sessions by now.
  const bad = corpus.filter((entry) => !idPattern.test(entry));
  await inLanes(bad, async (entry) => {
    const encoded = encodeURIComponent(entry.toWellFormed()).slice(0, 12_000);
    const plain = /^[\x21-\x7e]{1,4000}$/.test(entry) ? [entry] : [];
    for (const part of [encoded, encoded.toLowerCase(), ...plain]) {
      for (const [path, body] of [
        [`/v1/sessions/${part}/events`, null],
        [`/v1/${part}`, '{}'],
        [`/v1/${part}`, null],
        [`/${part}`, null],
      ] as const) {
        const { status, text } = await daemon.ask(path, body);
        if (status >= 400 && status < 500 && JSON.parse(text).error.message !== '') continue;
        expect([path, status, text]).toBe('refused');
      }
    }
  });
  expect(outside(await tree(daemon.root))).toEqual(outside(before));
  expect(await daemon.logged()).toEqual([]);
}, 120_000);

test('S3: a working directory is one that is there, and not the state directory', async () => {
  const { state, cwd } = daemon;
  for (const path of [
    state,
    `${state}/hosts`,
    `${cwd}/../state`,
    `${cwd}/nothing`,
    'work',
    './',
    '',
  ]) {
    const { status, body } = await ask('sessions.create', { cwd: path });
    expect([path, status, body.error.field]).toEqual([path, 400, 'cwd']);
  }
  const { body } = await ask('sessions.create', { cwd: `${cwd}/../work/.` });
  expect(body.session.cwd).toBe(cwd);
}, 20_000);
