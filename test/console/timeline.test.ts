import { expect, test } from 'vitest';
import { type Item, ItemFold } from '../../console/src/state/timeline.ts';
import type { Entry } from '../../src/domain/entry.ts';

/** A log of many runs with prompts that wait, tool calls that go on, sub-agents, plans and approvals. */
function logOf(runs: number): Entry[] {
  const entries: Entry[] = [];
  const tell = (kind: string, more: object = {}) => {
    const seq = entries.length + 1;
    entries.push({
      id: `e${seq}`,
      seq,
      at: '',
      by: { type: 'server' },
      data: {},
      kind,
      ...more,
    } as never);
    return `e${seq}`;
  };
  const call = (id: string, more: object = {}) =>
    tell('tool_call', { data: { call: id, title: id, kind: 'other', status: 'pending' }, ...more });
  for (let run = 0; run < runs; run += 1) {
    const runId = `r${run}`;
    const prompt = tell('prompt');
    const waits = tell('prompt');
    tell('run_started', { runId, data: { prompts: [prompt] } });
    tell('delivery', { about: prompt, runId });
    tell('plan', { runId });
    tell('message', { runId });
    const outer = call(`c${run}`, { runId });
    const inner = call(`d${run}`, { runId, parentCall: `c${run}` });
    tell('message', { runId, parentCall: `d${run}` });
    const asked = tell('approval', { runId });
    tell('decision', { about: asked });
    tell('tool_call', { about: inner, data: { call: `d${run}` }, parentCall: `c${run}` });
    tell('tool_call', { about: outer, data: { call: `c${run}` } });
    tell('plan', { runId });
    tell('delivery', { about: waits, runId });
    tell('queue', { about: waits, data: { change: run % 2 === 0 ? 'requeued' : 'edited' } });
    tell('usage', { runId });
    tell('run_ended', { runId, data: {} });
  }
  return entries;
}

const anew = (entries: readonly Entry[]) => new ItemFold().items(entries, []);

test('V4: items of a log that grows are those of the whole log, and what has not changed stays the same object', () => {
  const entries = logOf(6);
  const fold = new ItemFold();
  let before: readonly Item[] = [];
  for (let end = 1; end <= entries.length; end += 1) {
    const now = fold.items(entries.slice(0, end), []);
    expect(now).toEqual(anew(entries.slice(0, end)));
    const changed = now.filter((item) => !before.includes(item));
    expect(changed.length).toBeLessThanOrEqual(3);
    before = now;
  }
  // A page that comes before it, and one that is let go: what is still there is still the same.
  for (const from of [0, 40, 18]) {
    const window = entries.slice(from);
    const same = new Set(before);
    const now = fold.items(window, []);
    expect(now).toEqual(anew(window));
    const later = now.filter(({ entries: [first] }) => (first?.seq ?? 0) > 60);
    expect(later.length).toBeGreaterThan(10);
    expect(later.every((item) => same.has(item))).toBe(true);
    before = now;
  }
});

test('V4: a text in progress is an item of its own until its entry comes, also in the card of a sub-agent', () => {
  const entries = logOf(2);
  const fold = new ItemFold();
  const nested = { entryId: 'later', part: 'text', parentCall: 'd1' } as const;
  const own = { entryId: 'soon', part: 'thought', parentCall: null } as const;
  const first = fold.items(entries, [nested, own]);
  expect(first.at(-1)).toMatchObject({ key: 'soon', type: 'thought', partial: true });
  const cardOf = (items: readonly Item[]) =>
    items.find(
      ({ key }) =>
        key === entries.find((one) => one.kind === 'tool_call' && one.data.call === 'c1')!.id,
    )!;
  expect(cardOf(first).children[0]!.children.at(-1)).toMatchObject({ key: 'later', partial: true });
  expect(fold.items(entries, [nested, own])).toEqual(first);
  expect(cardOf(fold.items(entries, [nested, own]))).toBe(cardOf(first));
  const seq = entries.length + 1;
  const said = { id: 'soon', seq, kind: 'thought', data: {} } as never as Entry;
  const then = fold.items([...entries, said], [own]);
  expect(then.filter(({ key }) => key === 'soon')).toMatchObject([{ partial: false }]);
  expect(cardOf(then)).toEqual(cardOf(anew(entries)));
});

test('S6: sub-agents of sub-agents without an end stand beside each other at some depth', () => {
  const entries = Array.from({ length: 20_000 }, (_, at) => ({
    id: `e${at}`,
    seq: at + 1,
    kind: 'tool_call',
    data: { call: `c${at}` },
    ...(at === 0 ? {} : { parentCall: `c${at - 1}` }),
  })) as never as Entry[];
  const depthOf = (items: readonly Item[]): number =>
    items.length === 0
      ? 0
      : 1 + Math.max(...items.slice(0, 2).map(({ children }) => depthOf(children)));
  const countOf = (items: readonly Item[]): number =>
    items.reduce((sum, { children }) => sum + 1 + countOf(children), 0);
  const items = anew(entries);
  expect(depthOf(items)).toBeLessThan(12);
  expect(countOf(items)).toBe(entries.length);
});

test('L6: what is appended to a long window costs what is new, not what is there', () => {
  const entries = logOf(1200);
  const fold = new ItemFold();
  const items = fold.items(entries, []);
  const more = { ...entries[5]!, id: 'next', seq: entries.length + 1 } as Entry;
  // Entries that are there are not looked at again.
  const shut = entries.map(
    (entry, at) =>
      new Proxy(entry, {
        get: (target, name) => {
          if (at !== 0 && at < entries.length - 1) throw new Error(`Entry ${at + 1} was read.`);
          return Reflect.get(target, name) as unknown;
        },
      }),
  );
  shut[0] = entries[0]!;
  shut[entries.length - 1] = entries.at(-1)!;
  const then = fold.items([...shut, more], []);
  expect(then.slice(0, -1)).toEqual(items);
  expect(then.slice(0, -1).every((item, at) => item === items[at])).toBe(true);
});
