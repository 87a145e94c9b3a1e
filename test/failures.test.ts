import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { measures } from '../scripts/bench/measures.ts';
import { readRules, readTitles, type Rule } from '../scripts/spec.ts';

const root = path.join(import.meta.dirname, '..');
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
const page = read('docs/failures.md');
const rules = readRules(read('SPEC.md'));

const cited = /`(test\/[^`]+\.ts)`: `([^`]+)`/g;
const measured = /\bbench `([^`]+)`/g;
const planned = /^planned: ([A-Z]\d+)$/;

/** The cells of every row, without the heads of the tables. */
function rowsOf(text: string): string[][] {
  const lines = text.split('\n').filter((line) => line.startsWith('| '));
  const rows = lines.map((line) => line.slice(2, -2).split(' | '));
  return rows.filter(([first]) => first !== 'must not happen' && !/^-+$/.test(first ?? ''));
}

/** What a page says that is not so, one sentence each. */
function faultsOf(text: string, known: readonly Rule[]): string[] {
  return rowsOf(text).flatMap((cells) => {
    const [what, how, shown = ''] = cells;
    const name = what?.slice(0, 60);
    if (cells.length !== 3 || how === '') return [`a row that is not one: ${name}`];
    const later = planned.exec(shown)?.[1];
    if (later !== undefined) {
      const isPlanned = known.some((rule) => rule.id === later && rule.planned);
      return isPlanned ? [] : [`${later} is not planned: ${name}`];
    }
    const tests = [...shown.matchAll(cited)];
    const wrong = tests.flatMap(([, file = '', title = '']) => titleFault(file, title));
    const benches = [...shown.matchAll(measured)].map(([, measure = '']) => measure);
    const unknown = benches.filter((measure) => !Object.hasOwn(measures, measure));
    const rest = shown.replaceAll(cited, '').replaceAll(measured, '').replaceAll('<br>', '');
    return [
      ...wrong,
      ...unknown.map((measure) => `no measure ${measure}`),
      ...(tests.length === 0 ? [`no test: ${name}`] : []),
      ...(rest.trim() === '' ? [] : [`neither test nor measure: ${rest.trim()}`]),
    ];
  });
}

function titleFault(file: string, title: string): string[] {
  if (!existsSync(path.join(root, file))) return [`no file ${file}`];
  const titles = readTitles(file, read(file)).map(({ text }) => text);
  return titles.includes(title) ? [] : [`${file} has no test "${title}"`];
}

test('each row of docs/failures.md names tests that are there, and measures that are made', () => {
  expect(rowsOf(page).length).toBeGreaterThan(35);
  expect(faultsOf(page, rules)).toEqual([]);
});

describe('a page is found wrong', () => {
  const [, file = '', title = ''] = [...page.matchAll(cited)][0] ?? [];
  const right = `| a | b | \`${file}\`: \`${title}\` |`;

  test('but not for what is right', () => {
    expect(faultsOf(right, rules)).toEqual([]);
  });

  test.each([
    ['a title with another word', right.replace(title, `${title} x`), 'has no test'],
    ['the beginning of a title', right.replace(title, title.slice(0, -3)), 'has no test'],
    ['a title of another file', right.replace(file, 'test/spec.test.ts'), 'has no test'],
    ['a file that is not there', right.replace(file, 'test/nowhere.test.ts'), 'no file'],
    ['a row without a test', '| a | b | bench `wire` |', 'no test: a'],
    [
      'a measure that nobody makes',
      `${right.slice(0, -2)}<br>bench \`speed\` |`,
      'no measure speed',
    ],
    [
      'words instead of a test',
      `${right.slice(0, -2)}<br>and others |`,
      'neither test nor measure',
    ],
    ['a row with two cells', '| a | b |', 'a row that is not one'],
    ['a plan for a rule that is kept', '| a | b | planned: L1 |', 'L1 is not planned'],
  ])('for %s', (_, row, fault) => {
    expect(faultsOf(row, rules)).toEqual([expect.stringContaining(fault)]);
  });
});
