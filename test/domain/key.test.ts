import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalKey } from '../../src/domain/key.ts';
import { limits } from '../../src/domain/limits.ts';

test.each([
  ['agent:scripted:home', 'agent:scripted:home', 'scripted'],
  ['  Agent:Scripted:Home ', 'agent:scripted:Home', 'scripted'],
  ['agent:claude:a:b:c', 'agent:claude:a:b:c', 'claude'],
  ['AGENT:my-agent2:  spaced name ', 'agent:my-agent2:spaced name', 'my-agent2'],
  ['agent:x:ä ö 漢', 'agent:x:ä ö 漢', 'x'],
])('the key %j is spelled %j', (given, key, agent) => {
  expect(canonicalKey(given)).toEqual({ key, agent });
});

test.each([
  '',
  'agent',
  'agent:',
  'agent::x',
  'agent:x:',
  'agent:x:   ',
  'session:x:y',
  'agent:-x:y',
  'agent:x_y:z',
  'agent:x:a\nb',
  'agent:x:\u007f',
  'agent:x:a\u0000',
  `agent:x:${'k'.repeat(limits.keyBytes)}`,
  `agent:x:${'漢'.repeat(limits.keyBytes / 3)}`,
  `agent:${'a'.repeat(65)}:x`,
])('S5: %j is no key, and the refusal names the field', (given) => {
  expect(() => canonicalKey(given)).toThrow(
    expect.objectContaining({
      refusal: expect.objectContaining({ code: 'invalid', field: 'key' }),
    }),
  );
});

test('the spelling of a key is its own spelling', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }), (name) => {
      let key: string;
      try {
        key = canonicalKey(`agent:x:${name}`).key;
      } catch {
        return;
      }
      expect(canonicalKey(key).key).toBe(key);
    }),
  );
});
