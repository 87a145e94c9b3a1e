import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type EntryDataByKind,
  type EntryKind,
  entryKinds,
  type NewEntry,
} from '../../src/domain/entry.ts';
import { evolve, type PlacedEntry } from '../../src/domain/evolve.ts';
import { titleFrom } from '../../src/domain/title.ts';
import { limits } from '../../src/domain/limits.ts';
import { emptySession, type SessionState } from '../../src/domain/session-state.ts';

const by = { type: 'server' } as const;
const at = '2026-01-01T00:00:00.000Z';

function after<Kind extends EntryKind>(
  state: SessionState,
  kind: Kind,
  data: EntryDataByKind[Kind],
  more: Partial<NewEntry> = {},
): SessionState {
  const seq = state.lastSeq + 1;
  return evolve(state, { id: `e${seq}`, kind, at, by, data, seq, ...more } as PlacedEntry);
}

const start = emptySession('s');
const promptOf = (text: string): EntryDataByKind['prompt'] => ({
  content: [{ type: 'text', text }],
  delivery: 'queue',
});

describe('a title', () => {
  test.each([
    ['Fix the build', 'Fix the build'],
    ['\n\n  Fix it  \nand more', 'Fix it'],
    ['   \n\t', null],
    ['x'.repeat(80), 'x'.repeat(80)],
    ['x'.repeat(200), `${'x'.repeat(79)}…`],
    [`${'word '.repeat(30)}`, `${'word '.repeat(15)}word…`],
  ])('of %j is %j', (text, title) => {
    expect(titleFrom(text)).toBe(title);
  });

  test('is never longer than its limit', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (text) => {
        expect(titleFrom(text)?.length ?? 0).toBeLessThanOrEqual(limits.titleChars);
      }),
    );
  });

  test('has no half of a surrogate pair at its end', () => {
    expect(titleFrom(`${'a'.repeat(limits.titleChars - 2)}😀😀`)).toBe(
      `${'a'.repeat(limits.titleChars - 2)}…`,
    );
  });

  test('comes from the first prompt, from the agent over that, from the client over all', () => {
    const named = after(start, 'prompt', promptOf('one'));
    expect(named).toMatchObject({ title: 'one', titleFrom: 'prompt' });
    expect(after(named, 'prompt', promptOf('two')).title).toBe('one');
    const agent = after(named, 'settings', { from: 'agent', changes: { title: 'by agent' } });
    expect(agent).toMatchObject({ title: 'by agent', titleFrom: 'agent' });
    const client = after(agent, 'settings', { from: 'client', changes: { title: 'mine' } });
    const again = after(client, 'settings', { from: 'agent', changes: { title: 'by agent' } });
    expect(again).toMatchObject({ title: 'mine', titleFrom: 'client' });
    const cleared = after(again, 'settings', { from: 'client', changes: { title: null } });
    expect(after(cleared, 'settings', { from: 'agent', changes: { title: 'x' } }).title).toBe('x');
  });
});

describe('what a copy of the agent’s memory is made of', () => {
  const host = (nativeId?: string): EntryDataByKind['host'] => ({
    host: 'h',
    state: 'opened',
    ...(nativeId === undefined ? {} : { nativeId }),
  });
  const ended = (state: SessionState, mark?: string): SessionState => {
    const running = after(state, 'run_started', dataOf.run_started, { runId: 'r' });
    const data = { ...dataOf.run_ended, ...(mark === undefined ? {} : { mark }) };
    return after(running, 'run_ended', data, { runId: 'r' });
  };
  const opened = (state: SessionState, nativeId?: string): SessionState =>
    after(after(state, 'host', { host: 'h', state: 'launched' }), 'host', host(nativeId));

  test('L7 R10: a mark is that of the last run, in the native session of now', () => {
    const marked = ended(opened(start, 'n1'), 'm1');
    expect(marked).toMatchObject({ nativeId: 'n1', nativeMark: 'm1' });
    expect(ended(marked, 'm2').nativeMark).toBe('m2');
    expect(ended(marked).nativeMark).toBeNull();
    expect(opened(marked, 'n1').nativeMark).toBe('m1');
    // Provisional: there is nothing yet that could replace it.
    expect(opened(marked)).toMatchObject({ nativeId: 'n1', nativeMark: 'm1' });
    expect(opened(marked, 'n2')).toMatchObject({ nativeId: 'n2', nativeMark: null });
    expect(after(marked, 'reset', dataOf.reset).nativeMark).toBeNull();
    expect(after(marked, 'compaction', dataOf.compaction).nativeMark).toBeNull();
  });

  test('L7: a fork knows where its copy is cut off, until that is made or not wanted any more', () => {
    const data = { session: 's', entry: 'e', seq: 9, fidelity: 'exact', nativeId: 'n1' } as const;
    const forked = after(start, 'fork', { ...data, nativeMark: 'm1' });
    const copied = { forkNative: null, forkMark: null };
    expect(forked).toMatchObject({ forkNative: 'n1', forkMark: 'm1', nativeMark: null });
    expect(opened(forked)).toMatchObject({ forkNative: 'n1', forkMark: 'm1' });
    expect(opened(forked, 'n2')).toMatchObject({ nativeId: 'n2', ...copied });
    expect(after(forked, 'reset', dataOf.reset)).toMatchObject(copied);
    expect(after(start, 'fork', data)).toMatchObject({ forkNative: 'n1', forkMark: null });
  });
});

/** Data that is right for its kind, with references that may fit the state or not. */
const dataOf: { [Kind in EntryKind]: EntryDataByKind[Kind] } = {
  prompt: promptOf('p'),
  delivery: { content: [] },
  message: { content: [{ type: 'text', text: 'm' }] },
  thought: { content: [] },
  tool_call: { call: 'c', title: 't', kind: 'read', status: 'pending' },
  plan: { items: [] },
  approval: { request: 1, title: 'a', options: [] },
  decision: { outcome: 'allowed' },
  question: { request: 1, message: 'q' },
  answer: { outcome: 'declined' },
  run_started: { trigger: 'prompt', prompts: ['e1'] },
  abort: { force: false, reason: 'asked', queue: 'withdraw' },
  run_ended: {
    outcome: 'failed',
    usage: { tokens: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, thought: 0 }, cost: null },
    durationMs: 1,
    turns: 0,
  },
  usage: { key: 'u', tokens: { input: 1, output: 1, cacheRead: 0, cacheWrite: 0, thought: 0 } },
  queue: { change: 'requeued' },
  settings: { from: 'client', changes: { label: 'l' } },
  host: { host: 'h', state: 'opened', nativeId: 'n' },
  reset: { reason: 'reset' },
  compaction: { keep: null, keepSeq: 1 },
  deletion: { state: 'deleted' },
  fork: { session: 's', entry: null, seq: 1, fidelity: 'none' },
  snapshot: {
    path: '/p',
    change: 'created',
    before: { state: 'absent' },
    beforeFrom: 'asked',
    after: { state: 'file', blob: { digest: 'd', size: 1 } },
    afterFrom: 'disk',
  },
  restore: { state: 'ended', files: [{ path: '/p', outcome: 'restored' }] },
  owner: { state: 'host', epoch: 1 },
  native: { format: 'f', session: 's', file: '', line: '{}' },
  stall: { state: 'silent', silentMs: 1 },
  notice: { code: 'c', text: 't' },
  external: { raw: {} },
  unrecognized: { reason: 'r', raw: '', count: 1 },
};

test('L2 L8: the fold takes every kind of entry in every order, and only its counters have to move', () => {
  const entry = fc.record({
    kind: fc.constantFrom(...entryKinds),
    about: fc.option(fc.constantFrom('e1', 'e2', 'e3'), { nil: undefined }),
    runId: fc.option(fc.constantFrom('r1', 'r2'), { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 30 }), (entries) => {
      let state = start;
      for (const { kind, about, runId } of entries) {
        const before = JSON.stringify(state);
        const more = { ...(about && { about }), ...(runId && { runId }) };
        const next = after(state, kind, dataOf[kind], more);
        expect(JSON.stringify(state)).toBe(before);
        expect(next.lastSeq).toBe(state.lastSeq + 1);
        expect(JSON.parse(JSON.stringify(next))).toEqual(next);
        state = next;
      }
    }),
  );
});

test('R2: a second end of a run, and an end of another run, change nothing', () => {
  let state = after(start, 'run_started', dataOf.run_started, { runId: 'r1' });
  expect(after(state, 'run_ended', dataOf.run_ended, { runId: 'r2' }).run?.id).toBe('r1');
  state = after(state, 'run_ended', dataOf.run_ended, { runId: 'r1' });
  const again = after(
    state,
    'run_ended',
    { ...dataOf.run_ended, outcome: 'completed' },
    { runId: 'r1' },
  );
  expect(again.lastRun).toEqual(state.lastRun);
});

test('R10: only an open names the native session, and a reset forgets it', () => {
  const launched = after(start, 'host', { host: 'h', state: 'launched', nativeId: 'early' });
  expect(launched.nativeId).toBeNull();
  const opened = after(launched, 'host', { host: 'h', state: 'opened', nativeId: 'n1' });
  expect(opened.nativeId).toBe('n1');
  const other = after(opened, 'host', { host: 'h2', state: 'opened', nativeId: 'n2' });
  expect(other.nativeId).toBe('n1');
  const ended = after(opened, 'host', { host: 'h', state: 'ended' });
  expect(ended).toMatchObject({ nativeId: 'n1', host: null });
  expect(after(ended, 'reset', { reason: 'reset' }).nativeId).toBeNull();
});

test('P3: an agent that begins by itself does not let go of a queue that is held', () => {
  let state = after(start, 'prompt', promptOf('a'), { id: 'a' });
  state = after(state, 'prompt', promptOf('b'), { id: 'b' });
  state = after(state, 'run_started', { trigger: 'prompt', prompts: ['a'] }, { runId: 'r1' });
  state = after(state, 'run_ended', dataOf.run_ended, { runId: 'r1' });
  expect(state.held).toBe(true);
  state = after(state, 'run_started', { trigger: 'agent', prompts: [] }, { runId: 'r2' });
  state = after(state, 'run_ended', { ...dataOf.run_ended, outcome: 'completed' }, { runId: 'r2' });
  expect(state.held).toBe(true);
});
