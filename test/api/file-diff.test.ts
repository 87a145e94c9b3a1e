import { applyPatch } from 'diff';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fileDiff } from '../../src/api/file-diff.ts';
import type { FileSide } from '../../src/domain/snapshot.ts';
import { limits } from '../../src/domain/limits.ts';

const blobs = new Map<string, Uint8Array>();
const store = { getBlob: (digest: string) => Promise.resolve(blobs.get(digest)) };

function side(text: string, more: { binary?: true; size?: number } = {}): FileSide {
  const digest = `${blobs.size}`;
  const bytes = new TextEncoder().encode(text);
  blobs.set(digest, bytes);
  const { size = bytes.length, ...rest } = more;
  return { state: 'file', blob: { digest, size }, ...rest };
}
const absent = { state: 'absent' } as const;
const unknown = { state: 'unread', reason: 'unknown' } as const;
const diff = (before: FileSide, after: FileSide) =>
  fileDiff(store, { path: '/p/a', before, after });

test('F3: texts are shown as a unified diff, from nothing and to nothing too', async () => {
  expect((await diff(side('one\ntwo\n'), side('one\n2\n'))).diff).toBe(
    '--- /p/a\n+++ /p/a\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n',
  );
  expect((await diff(absent, side('new\n'))).diff).toBe(
    '--- /dev/null\n+++ /p/a\n@@ -0,0 +1,1 @@\n+new\n',
  );
  expect((await diff(side('old\n'), absent)).diff).toContain(
    '+++ /dev/null\n@@ -1,1 +0,0 @@\n-old',
  );
  const link = { state: 'link', target: 'b' } as const;
  expect((await diff(side('text'), link)).diff).toContain(
    '-text\n\\ No newline at end of file\n+b',
  );
  expect(await diff(side('same'), side('same'))).toEqual({ diff: '' });
});

test('F3: what has no diff says why', async () => {
  expect(await diff(unknown, side('a'))).toEqual({ diff: null, none: 'unknown' });
  expect(await diff(side('a'), side('\0', { binary: true }))).toEqual({
    diff: null,
    none: 'binary',
  });
  const large = side('a', { size: limits.diffBytes + 1 });
  expect(await diff(large, side('b'))).toEqual({ diff: null, none: 'large' });
});

test('F3: whatever it is that was changed, the diff makes the one text of the other', async () => {
  const line = fc.constantFrom('a', 'b', '', 'c\r', '-', '+ d');
  const text = fc
    .tuple(fc.array(line, { maxLength: 30 }), fc.constantFrom('', '\n'), fc.nat(600))
    .map(([lines, end, many]) => {
      const more = Array.from({ length: many }, (_, at) => `${many} ${at}`);
      return [...lines, ...more, ...lines].join('\n') + end;
    });
  await fc.assert(
    fc.asyncProperty(text, text, async (one, other) => {
      const told = (await diff(side(one), side(other))).diff!;
      expect(one === other ? told : applyPatch(one, told)).toBe(one === other ? '' : other);
    }),
  );
});

test('V6 F3: two large texts without a line in common are compared in no time', async () => {
  const lines = (seed: number) =>
    Array.from({ length: 30_000 }, (_, at) => `${seed} ${(at * 7919) % 30_011}`).join('\n');
  const [one, other] = [side(lines(1)), side(lines(2))];
  const begun = performance.now();
  const told = await diff(one, other);
  // Of a machine that does other things too; what is not bounded takes minutes.
  expect(performance.now() - begun).toBeLessThan(2000);
  expect(told.diff?.match(/^[-+]\d/gm)).toHaveLength(60_000);
});
