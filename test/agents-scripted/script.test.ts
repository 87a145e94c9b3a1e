import { expect, test } from 'vitest';
import { prose } from '../../src/agents/scripted/program/prose.ts';
import { readScript } from '../../src/agents/scripted/program/script.ts';

test('text outside of directives is ignored', () => {
  expect(readScript('please [[say hi]] and [[sleep 5]] thanks')).toEqual([
    { do: 'say', text: 'hi' },
    { do: 'sleep', ms: 5 },
  ]);
});

test('a prompt without a directive that is known is no script', () => {
  expect(readScript('what does [[ -f x ]] do?')).toBeUndefined();
  expect(readScript('[[say never closed')).toBeUndefined();
  expect(readScript('[[constructor]] [[__proto__]]')).toBeUndefined();
});

test('backslashes protect bars, brackets and themselves', () => {
  expect(readScript(String.raw`[[write a.txt|1 \| 2\n[[x\]\] \\n]]`)).toEqual([
    { do: 'write', path: 'a.txt', content: '1 | 2\n[[x]] \\n' },
  ]);
  expect(readScript(String.raw`[[edit a.txt|a\|b|c\td]]`)).toEqual([
    { do: 'edit', path: 'a.txt', old: 'a|b', new: 'c\td' },
  ]);
  expect(readScript(String.raw`[[run printf 'a\n' | cat; [[ -f x \]\]]]`)).toEqual([
    { do: 'run', command: String.raw`printf 'a\n' | cat; [[ -f x ]]` },
  ]);
});

test('loops nest, and one without an end closes with the prompt', () => {
  const say = { do: 'say', text: 'a' };
  expect(readScript('[[repeat 2]][[repeat 3]][[say a]][[end]][[say a]]')).toEqual([
    { do: 'repeat', times: 2, body: [{ do: 'repeat', times: 3, body: [say] }, say] },
  ]);
});

test('what cannot be followed is kept with the reason', () => {
  expect(readScript('[[sleep soon]] [[dance]] [[misbehave well]] [[edit a]]')).toMatchObject([
    { do: 'invalid', source: '[[sleep soon]]', reason: 'needs a number' },
    { do: 'invalid', source: '[[dance]]', reason: 'there is no such directive' },
    { do: 'invalid', source: '[[misbehave well]]' },
    { do: 'invalid', source: '[[edit a]]', reason: 'needs PATH|OLD|NEW' },
  ]);
});

test('a prompt of megabytes is read in one pass', () => {
  expect(readScript('[['.repeat(1_000_000))).toBeUndefined();
  const content = 'x'.repeat(3_000_000);
  expect(readScript(`[[write a|${content}]]`)).toEqual([{ do: 'write', path: 'a', content }]);
});

test('prose has the length that was asked for, is repeatable and well formed', () => {
  const all = (length: number, seed = 1) => [...prose(length, seed)].join('');
  for (let length = 0; length < 900; length++) {
    expect(all(length).length).toBe(length);
    expect(all(length).isWellFormed()).toBe(true);
  }
  expect(all(5_000)).toBe(all(5_000));
  expect(all(5_000, 2)).not.toBe(all(5_000));
  expect(all(9_000).startsWith(all(5_000).slice(0, -1))).toBe(true);
  for (const part of ['## ', '- ', '```ts\n', '🧭', '\u2028']) expect(all(5_000)).toContain(part);
});
