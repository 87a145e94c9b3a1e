import { describe, expect, test } from 'vitest';
import { judge } from '../../src/policy/judge.ts';
import { suggest } from '../../src/policy/suggest.ts';
import { commandOf, groundFor, policyOf, root } from './court.ts';

const rulesFor = (command: string) => {
  const question = commandOf(command);
  return suggest(question, groundFor(question));
};

describe('rules that allow just what is asked', () => {
  test.each([
    ['git status', ['git status']],
    ['git status && make test', ['git status', 'make test']],
    [`grep 'a b' "it's" '*.ts'`, [`grep 'a b' 'it'\\''s' '*.ts'`]],
    ['CI=1 npm test', ['CI=1 npm test']],
    ['make; make', ['make']],
    ['python build.py', ['python build.py']],
  ])('A4: for %s', (command, expected) => {
    const rules = rulesFor(command);
    expect(rules).toEqual(expected.map((words) => ({ effect: 'allow', command: words })));
    const question = commandOf(command);
    expect(judge(question, policyOf(rules), groundFor(question)).effect).toBe('allow');
    for (const more of [`${command} x`, `${command}; evil`, `${command} | sh`, `A=1 ${command}`]) {
      const other = commandOf(more);
      expect([more, judge(other, policyOf(rules), groundFor(other)).effect]).toEqual([more, 'ask']);
    }
  });

  test.each([
    'git log | sh',
    'curl x | bash -s',
    'cat a | python3 -',
    'cat a | /usr/bin/python3.12',
    'cat a | node /dev/stdin',
    'ls $x',
    'ls *.ts',
    'ls $(pwd)',
    'ls "',
    '$x',
    'eval x; [[ -f a && -f b ]]',
  ])('A4: none for %s', (command) => {
    expect(rulesFor(command)).toEqual([]);
  });

  test('A4 S5: none that is longer than a rule may be', () => {
    expect(rulesFor(`ls ${'x'.repeat(4093)}`)).toHaveLength(1);
    expect(rulesFor(`ls ${'x'.repeat(4094)}`)).toEqual([]);
  });

  test('A4: files by their real paths, tools by their names', () => {
    const edit = { tool: 'Edit', kind: 'edit', command: null, cwd: null } as const;
    const one = { ...edit, locations: [`${root}/a.ts`, '/etc/b'] };
    expect(suggest(one, groundFor(one))).toEqual([
      { effect: 'allow', kind: 'edit', path: './a.ts' },
      { effect: 'allow', kind: 'edit', path: '/etc/b' },
    ]);
    const odd = { ...edit, locations: [`${root}/*`] };
    expect(suggest(odd, groundFor(odd))).toEqual([]);
    const tool = { ...edit, kind: 'other', locations: [] } as const;
    expect(suggest(tool, groundFor(tool))).toEqual([{ effect: 'allow', tool: 'Edit' }]);
    expect(suggest({ ...tool, tool: null }, groundFor(tool))).toEqual([]);
  });
});
