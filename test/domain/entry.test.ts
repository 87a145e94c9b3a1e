import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  contentText,
  digestText,
  entryKinds,
  idPattern,
  isNode,
  type NewEntry,
  nodeRule,
} from '../../src/domain/entry.ts';

const base = { at: '2026-01-01T00:00:00.000Z', by: { type: 'server' } } as const;
const message: NewEntry = {
  ...base,
  id: 'm1',
  kind: 'message',
  parentId: null,
  data: { content: [{ type: 'text', text: 'hello' }] },
};

test('L3: the digest covers everything of an entry but its place and time', () => {
  const at = { ...message, at: '2030-12-31T23:59:59.999Z' };
  expect(digestText(at)).toBe(digestText(message));
  expect(digestText({ ...message, seq: 7 } as NewEntry)).toBe(digestText(message));
  const changes: Partial<NewEntry>[] = [
    { id: 'm2' },
    { parentId: 'm0' },
    { runId: 'r' },
    { by: { type: 'agent', host: 'h' } },
    { about: 'x' },
    { parentCall: 'c' },
    { data: { content: [{ type: 'text', text: 'Hello' }] } },
    { kind: 'thought' },
  ];
  for (const change of changes) {
    const other = { ...message, ...change } as NewEntry;
    expect(digestText(other), JSON.stringify(change)).not.toBe(digestText(message));
  }
});

test('L3: a parent of null is another one than no parent', () => {
  const { parentId: _, ...rootless } = message;
  expect(digestText(rootless as NewEntry)).not.toBe(digestText(message));
});

test('L3: content is what was asked to be said, not by whom or where', () => {
  const same = { ...message, id: 'x', runId: 'r', parentId: 'p', by: { type: 'agent', host: 'h' } };
  expect(contentText(same as NewEntry)).toBe(contentText(message));
  const reordered = {
    kind: 'message' as const,
    data: { content: [{ text: 'hello', type: 'text' }] },
  };
  expect(contentText(reordered)).toBe(contentText(message));
  expect(contentText({ ...message, about: 'a' })).not.toBe(contentText(message));
});

test('L5: only these kinds are nodes, and a later state of a tool call is none', () => {
  const always = entryKinds.filter((kind) => isNode({ kind, about: 'x' }));
  const first = entryKinds.filter((kind) => isNode({ kind }));
  expect(always.sort()).toEqual(['compaction', 'delivery', 'fork', 'message', 'reset', 'thought']);
  expect(first.sort()).toEqual([...always, 'tool_call'].sort());
  expect(isNode({ kind: 'external', parentId: null })).toBe(true);
  expect(isNode({ kind: 'external' })).toBe(false);
  expect(isNode({ kind: 'native', parentId: null })).toBe(true);
  expect(isNode({ kind: 'native' })).toBe(false);
  expect(Object.keys(nodeRule)).toHaveLength(29);
});

test('S3: an id is a plain word, never a path or an option', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 70 }), (text) => {
      const plain = text.split('').every((letter) => /[\w-]/.test(letter));
      const begins = /^[A-Za-z0-9]/.test(text);
      expect(idPattern.test(text)).toBe(plain && begins && text.length <= 64);
    }),
  );
  for (const bad of ['', '../x', '-rf', 'a/b', 'a.b', 'a\n', 'a'.repeat(65)])
    expect(idPattern.test(bad)).toBe(false);
});
