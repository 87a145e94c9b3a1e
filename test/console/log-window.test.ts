import { expect, test } from 'vitest';
import {
  cut,
  emptyWindow,
  lastOwnSeq,
  type LogWindow,
  withAppended,
  withNewer,
  withOlder,
} from '../../console/src/state/log-window.ts';
import type { Entry } from '../../src/domain/entry.ts';

const entry = (seq: number, base?: string) =>
  ({
    id: `${base}${seq}`,
    seq,
    kind: 'message',
    ...(base && { inherited: base }),
  }) as never as Entry;
const entries = (from: number, to: number, base?: string) =>
  Array.from({ length: to - from + 1 }, (_, at) => entry(from + at, base));
const windowOf = (list: readonly Entry[], toEnd = true): LogWindow => ({
  ...emptyWindow,
  entries: list,
  toEnd,
});
const seqs = (window: LogWindow) => window.entries.map(({ seq }) => seq);
const atEnd = { atEnd: true };

test('V1: of what arrives a fork takes what follows in its own log, however far the log of its base goes', () => {
  const base = entries(1, 5_200, 'base');
  const fork = windowOf([...base, ...entries(1, 3)]);
  expect(lastOwnSeq(base)).toBe(0);
  expect(seqs(withAppended(fork, entries(2, 5), atEnd)).slice(-4)).toEqual([2, 3, 4, 5]);
  expect(seqs(withAppended(windowOf(base), entries(1, 2), atEnd)).slice(-3)).toEqual([5_200, 1, 2]);
});

test('V1: a window never has a gap: what does not follow it is left to be read', () => {
  const window = windowOf(entries(10, 20));
  const after = withAppended(window, entries(23, 25), atEnd);
  expect(after).toEqual({ ...window, toEnd: false });
  expect(withAppended(after, entries(21, 30), atEnd)).toBe(after);
  const older = { entries: entries(1, 9), fromStart: true, gone: null };
  const first = window.entries[0]!;
  expect(seqs(withOlder(window, first, older))).toEqual(seqs(windowOf(entries(1, 20))));
  // Another window has been opened while they were read.
  const other = windowOf(entries(1_422, 1_500));
  expect(withOlder(other, first, older)).toBe(other);
  expect(withNewer(other, window.entries.at(-1)!, entries(21, 30))).toBe(other);
});

test('V3: a window lets go of what is far from its reader, and shows no end that it does not have', () => {
  let live = windowOf(entries(1, 10));
  for (let seq = 11; seq <= 9_000; seq += 1)
    live = cut(withAppended(live, [entry(seq)], atEnd), 'end');
  expect(live.entries.length).toBeLessThan(1_600);
  expect(live).toMatchObject({ toEnd: true, fromStart: false });
  expect(live.entries.at(-1)!.seq).toBe(9_000);
  const long = windowOf(entries(1, 5_000));
  expect(seqs(cut(long, 'older')).at(0)).toBe(1);
  expect(cut(long, 'older')).toMatchObject({ toEnd: false });
  expect(seqs(cut(long, 'newer')).at(-1)).toBe(5_000);
  expect(cut(long, 'newer')).toMatchObject({ toEnd: true, fromStart: false });
  // A reader who has left the end keeps what is in sight: what comes is read when it is wanted.
  expect(withAppended(long, [entry(5_001)], { atEnd: false })).toEqual({ ...long, toEnd: false });
});
