import { expect, test } from 'vitest';
import type { OutputOf } from '../../src/client/index.ts';
import { cleanAll } from '../../src/cli/clean.ts';
import { makeLook } from '../../src/cli/render/look.ts';
import { renderRawLine } from '../../src/cli/render/raw-line.ts';

type Line = OutputOf<'runs.raw'>['lines'][number];

const look = makeLook(false, 60);
const line = (more: Partial<Line>): Line => ({
  direction: 'out',
  host: 'h',
  from: 0,
  to: 3,
  at: '2026-01-01T10:20:30.456Z',
  text: '{"a":1}',
  entries: [],
  ...more,
});
const entry = (seq: number) => ({ seq, id: `e${seq}`, kind: 'message' });

test('L10: a line tells which way it went, when, and what it became', () => {
  expect(renderRawLine(line({ entries: [entry(7)] }), look)).toBe(
    '←  10:20:30.456 #7          {"a":1}',
  );
  expect(renderRawLine(line({ direction: 'in', at: null }), look)).toBe(
    '→                           {"a":1}',
  );
  const many = line({ entries: [entry(7), entry(8), entry(9)] });
  expect(renderRawLine(many, look)).toContain('#7 +2');
});

test('L10: a line fits on a line of the terminal, and nothing in it moves the cursor', () => {
  const long = renderRawLine(line({ text: 'x'.repeat(5000) }), look);
  expect(long).toHaveLength(60);
  expect(long.endsWith('x…')).toBe(true);
  const hostile = cleanAll(line({ text: 'a\u001b[2Jb\u0007\r\nc\u2028d' }));
  expect(renderRawLine(hostile, look).endsWith(' ab c d')).toBe(true);
  expect(renderRawLine(line({ text: 'short', cut: true }), look).endsWith('short…')).toBe(true);
});
