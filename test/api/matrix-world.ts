import { createHash } from 'node:crypto';
import { digestText, type Entry } from '../../src/domain/entry.ts';
import type { InputOf, OperationName } from '../../src/protocol/operations.ts';
import type { ApiConfig } from '../../src/api/options.ts';
import {
  approval,
  batch,
  blobMessage,
  first,
  message,
  runEnded,
  runStarted,
  snapshot,
  state,
} from '../store/sample.ts';
import { rowNamed } from './fake-engine.ts';
import { Harness } from './harness.ts';

/** An input for every operation; an operation without one does not compile. */
export type Inputs = { readonly [Name in OperationName]: InputOf<Name> };

/** Two sessions with a run, an entry and an open approval each, and a call of each operation on the first. */
export interface World {
  harness: Harness;
  inputs: Inputs;
}

export const sessions = ['s1', 's2'] as const;

export async function openWorld(config: Partial<ApiConfig> = {}): Promise<World> {
  const harness = await Harness.open(config);
  const blob = await harness.store.putBlob(Buffer.from('0123456789'));
  for (const id of sessions) {
    const row = rowNamed(id, { label: `label of ${id}`, title: 'twin' });
    harness.engine.rows.set(id, row);
    const entries = [
      runStarted(`started-${id}`, `run-${id}`),
      message(`message-${id}`, null, 'hello', { runId: `run-${id}` }),
      runEnded(`ended-${id}`, `run-${id}`),
      approval(`approval-${id}`),
      blobMessage(`blob-${id}`, `message-${id}`, blob),
      snapshot(`snapshot-${id}`, `message-${id}`, blob),
    ];
    const columns = state({
      row: JSON.stringify(row),
      key: row.key,
      label: row.label,
      title: row.title,
    });
    await harness.store.append([batch(id, entries, { ...first, state: columns })]);
  }
  return { harness, inputs: inputsOf(blob.digest) };
}

function inputsOf(digest: string): Inputs {
  const session = 's1';
  return {
    'agents.list': {},
    'agents.probe': {},
    'approvals.decide': { session, approval: 'approval-s1', verdict: 'deny' },
    'approvals.list': {},
    'approvals.request': { session, id: 'asked', title: 'May it?' },
    'blobs.get': { session, digest },
    'blobs.put': {},
    'feeds.close': { session },
    'feeds.open': { session },
    'files.find': { session },
    'budgets.get': {},
    'budgets.set': { budget: null },
    'prices.get': {},
    'logins.create': {},
    'logins.list': {},
    'moves.activate': { session, moved },
    'moves.begin': { session, to: { url: 'http://127.0.0.1:1', token: 'tk_there' } },
    'moves.cancel': { session },
    'moves.list': {},
    'moves.offer': {
      session,
      agent: 'scripted',
      key: null,
      cwd: '/work',
      server: 'there',
      lastSeq: 9,
      stateVersion: 1,
    },
    'moves.withdraw': { session },
    'policy.get': {},
    'policy.set': { directory: null, rules: [] },
    'policy.test': { session, wants: { command: 'ls' } },
    'hooks.list': {},
    'hooks.test': { name: 'desk' },
    'queue.edit': { session, prompt: 'p1', content: 'other' },
    'queue.list': { session },
    'queue.move': { session, prompt: 'p1', to: 1 },
    'queue.release': { session },
    'queue.withdraw': { session, prompt: 'p1' },
    'runs.get': { session, run: 'run-s1' },
    'runs.list': {},
    'runs.raw': { session, run: 'run-s1' },
    'runs.stopAll': {},
    'server.check': {},
    'server.health': {},
    'server.info': {},
    'server.shutdown': { mode: 'detach' },
    'sessions.abort': { session },
    'sessions.append': { session, entries: [{ raw: 1 }] },
    'sessions.compact': { session },
    'sessions.create': { id: 'made', cwd: '/work' },
    'sessions.delete': { session },
    'sessions.export': { session },
    'sessions.fork': { session, id: 'forked' },
    'sessions.get': { session },
    'sessions.history': { session },
    'sessions.import': {},
    'sessions.list': {},
    'sessions.patch': { session, label: 'l' },
    'sessions.preview': { sessions: [session] },
    'sessions.reset': { session },
    'sessions.resolve': { name: session },
    'sessions.restore': { session },
    'sessions.send': { session, content: 'hello' },
    'sessions.steer': { session, content: 'hello' },
    'sessions.takeOver': { session, writer: 'external' },
    'snapshots.diff': { session },
    'snapshots.get': { session, snapshot: `snapshot-${session}` },
    'snapshots.list': { session },
    'snapshots.restore': { session, snapshot: `snapshot-${session}` },
    'tokens.create': { name: 'phone', scopes: ['view'] },
    'tokens.list': {},
    'tokens.revoke': { id: 'nobody' },
    'usage.summary': {},
  };
}

const givenUp = {
  id: 'moved-s1',
  at: '2026-01-01T00:00:00.000Z',
  kind: 'owner',
  by: { type: 'server' },
  data: { state: 'moved', epoch: 3, to: { server: 'here', url: 'http://127.0.0.1:1' } },
} as const;
const moved: Entry = {
  ...givenUp,
  seq: 9,
  digest: createHash('sha256').update(digestText(givenUp)).digest('hex'),
};

/** Everything that a call may have done: asked of the engine, changed in the store, ended or opened. */
export async function effectsOn({ harness }: World): Promise<readonly string[]> {
  const { engine, store, shutdowns } = harness;
  return [
    ...engine.asked.map(({ what }) => what),
    ...engine.feeds.map(({ session }) => `feed of ${session ?? 'the list'}`),
    ...shutdowns.map((mode) => `shutdown ${mode}`),
    ...(await store.tokens.list()).map(({ id, revokedAt }) => `token ${id} ${revokedAt ?? ''}`),
  ];
}
