import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { clean, cleanAll, jsonLine, oneLine } from '../../src/cli/clean.ts';

const ESC = '\u001B';

test.each([
  ['colours', `${ESC}[31mred${ESC}[0m`, 'red'],
  ['cursor movement', `a${ESC}[2J${ESC}[1;1Hb`, 'ab'],
  ['a window title', `${ESC}]0;owned\u0007text`, 'text'],
  ['a clipboard write', `${ESC}]52;c;ZXZpbA==${ESC}\\text`, 'text'],
  ['a link', `${ESC}]8;;http://x${ESC}\\here${ESC}]8;;${ESC}\\`, 'here'],
  ['a device string', `${ESC}P$q"p${ESC}\\x`, 'x'],
  ['one-character escapes', `${ESC}c${ESC}7x${ESC}(B`, 'x'],
  ['C1 forms of them', '\u009B31mx\u009D0;t\u009Cy', 'xy'],
  ['an unfinished one', `x${ESC}[3`, 'x'],
  ['bell, backspace, delete', 'a\u0007b\u0008c\u007Fd', 'abcd'],
  ['turned reading order', 'a\u202Eb\u2066c\u200Fd', 'abcd'],
  ['carriage returns', 'one\r\ntwo\rthree', 'one\ntwo\nthree'],
])('loses %s', (_, text, expected) => {
  expect(clean(text)).toBe(expected);
});

test('newlines, tabs and other letters stay', () => {
  const text = 'a\tb\n  ü 漢字 👩‍👩‍👧 “quoted”';
  expect(clean(text)).toBe(text);
});

const hostile = fc.string({
  unit: fc.constantFrom(
    ESC,
    '[',
    ']',
    '3',
    'm',
    ';',
    '\u0007',
    '\\',
    '\u009B',
    'P',
    '\n',
    '\r',
    'x',
    '\u202E',
  ),
  maxLength: 40,
});

describe('for any text', () => {
  test('nothing that a terminal acts on is left', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(clean(text)).toMatch(/^[\n\t\u0020-\u007E\u00A0-\u061B\u061D-\u200D]*$/);
      }),
      { numRuns: 2000 },
    );
  });

  test('the clean beginning is the beginning of the clean text', () => {
    fc.assert(
      fc.property(hostile, fc.nat(40), (text, cut) => {
        expect(clean(text).startsWith(clean(text.slice(0, cut)))).toBe(true);
      }),
      { numRuns: 5000 },
    );
  });
});

test('every text of a value is cleaned, also names of members', () => {
  const value = { [`a${ESC}[1m`]: [`b${ESC}c`, { c: 1, d: null }] };
  expect(cleanAll(value)).toEqual({ a: ['b', { c: 1, d: null }] });
});

test('titles are cut to one line', () => {
  expect(oneLine('a\n  b\tc')).toBe('a b c');
  expect(oneLine('abcdef', 4)).toBe('abc…');
});

test('JSON is printed with what terminals act on escaped, and still says the same', () => {
  const value = { text: `${ESC}[31m\u009B31m\u202E` };
  const line = jsonLine(value);
  expect(line).toBe('{"text":"\\u001b[31m\\u009b31m\\u202e"}');
  expect(JSON.parse(line)).toEqual(value);
});
