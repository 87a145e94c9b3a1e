import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { findDisagreements, readRules, readTitles } from '../scripts/spec.ts';

const root = path.join(import.meta.dirname, '..');
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');

test('every rule of SPEC.md is cited by a test, and every citation names a rule', () => {
  const files = globSync('test/**/*.ts', { cwd: root }).filter((file) => !isFixture(file));
  const titles = files.toSorted().flatMap((file) => readTitles(file, read(file)));
  expect(titles.length).toBeGreaterThan(0);
  const rules = readRules(read('SPEC.md'));
  expect(rules.length).toBeGreaterThan(0);
  expect(findDisagreements(rules, titles)).toEqual([]);
});

function isFixture(file: string): boolean {
  return file.startsWith(path.join('test', 'fixtures') + path.sep);
}

describe('rules', () => {
  test('are read with their markers, over continued lines and other text', () => {
    const spec =
      '# Rules\n\n- **L1** One.\n  Goes on.\n- **V5** (planned) Two.\n\nBut **L9** is prose.';
    expect(readRules(spec)).toEqual([
      { id: 'L1', planned: false },
      { id: 'V5', planned: true },
    ]);
  });

  test.each([
    ['a lower-case id', '- **l1** One.'],
    ['an id that is not bold to its end', '- **L1 One.**'],
    ['a marker of another form', '- **L1**(planned) One.'],
    ['no text', '- **L1** '],
    ['another bullet', '* **L1** One.'],
  ])('are refused with %s', (_, line) => {
    expect(() => readRules(line)).toThrow('no rule');
  });

  test('are refused when two share an id', () => {
    expect(() => readRules('- **L1** One.\n- **L1** Two.')).toThrow('L1 twice');
  });
});

describe('titles', () => {
  const texts = (source: string) => readTitles('a.test.ts', source).map((title) => title.text);

  test('are found in every form of test', () => {
    const source = [
      "test('one', () => {});",
      "describe('group', () => { it('two', () => {}); });",
      "test.each([1])('three %s', () => {});",
      'test.each`a\n${1}`(`four`, () => {});',
      'for (const name of names) test(`five ${name}`, () => {});',
      "test('six ' + name, () => {});",
      "test.skipIf(condition)('seven', () => {});",
    ];
    expect(texts(source.join('\n'))).toEqual([
      'one',
      'two',
      'three %s',
      'four',
      'five ',
      'six ',
      'seven',
    ]);
  });

  test('are not those of groups, of skipped tests or of tests still to be written', () => {
    const source = "describe('L1: a', () => {}); test.skip('L1: b', f); it.todo('L1: c');";
    expect(texts(source)).toEqual([]);
  });

  test('are not taken from a file that does not parse', () => {
    expect(() => readTitles('a.test.ts', "test('one'")).toThrow('does not parse');
  });
});

describe('disagreements', () => {
  const rules = readRules('- **L1** One.\n- **L2** Two.\n- **V5** (planned) Three.');
  const disagree = (...texts: string[]) =>
    findDisagreements(
      rules,
      texts.map((text) => ({ file: 'a.test.ts', text })),
    );

  test('are none where each rule is cited and each citation names a rule', () => {
    expect(disagree('L1 L2: both hold', 'a title without a rule')).toEqual([]);
  });

  test('name a rule that no test cites', () => {
    expect(disagree('L1: holds', 'mentions L2: too late')).toEqual(['SPEC.md: no test cites L2']);
  });

  test('name a citation of no rule', () => {
    expect(disagree('L1 L2 L7: hold')).toEqual([
      'a.test.ts: "L1 L2 L7: hold" cites L7, which is no rule',
    ]);
  });

  test('name a planned rule that has tests', () => {
    expect(disagree('L1 L2 V5: hold')).toEqual(['SPEC.md: V5 has tests, so it is not planned']);
  });

  test.each(['L1, L2: hold', 'L1 holds', '[L1] holds', 'L1:holds', 'L1 L2 hold'])(
    'name a citation of another form: %s',
    (text) => {
      expect(disagree('L1 L2: hold', text)).toHaveLength(1);
    },
  );
});
