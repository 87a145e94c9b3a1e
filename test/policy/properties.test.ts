import fc from 'fast-check';
import { expect, test } from 'vitest';
import { limits } from '../../src/domain/limits.ts';
import { covers } from '../../src/policy/glob.ts';
import { pathsOf } from '../../src/policy/judge.ts';
import { allowing, commandOf, effectOf, explained, policyOf, root } from './court.ts';

const rules = allowing('git status', 'git log **', 'ls *', '$ echo **', 'cat', 'CI=* npm test');

const allowed = fc.constantFrom(
  'git status',
  'git log -1 -- a',
  'ls src',
  'echo "$x"',
  'cat',
  'CI=1 npm test',
  "echo 'a;b'",
  'echo $(git status)',
  '{ cat; }',
  'cat <<E\nx\nE\n',
  'echo a # b\n',
  '(ls a)',
  'x=1',
);
const other = fc.constantFrom(
  'evil',
  'evil arg',
  'git push',
  'ls',
  'ls a b',
  'cat x',
  './cat',
  '$x',
  'X=1 cat',
  'eval cat',

  'echo `evil`',
  'echo $(evil)',
  'sh x',
  '{ evil; }',
  '(evil)',
  'cat > x',
  'cat < x',
  'if evil; then cat; fi',

  '"',
  "'",
  '$(',
  'PATH=/tmp',
  'sudo cat',
  'git -c a=b status',
  'env evil',
  'xargs evil',
  'npm test',
);

/** Every way in which a second command may be put beside or into a first. */
const joins: readonly ((first: string, second: string) => string)[] = [
  ...[
    '; ',
    ';',
    ' && ',
    '&&',
    ' || ',
    '||',
    ' | ',
    '|',
    ' |& ',
    ' & ',
    '&',
    '\n',
    '\n\n',
    ' ;\\\n',
  ].flatMap((by) => [
    (first: string, second: string) => first + by + second,
    (first: string, second: string) => second + by + first,
  ]),
  (first, second) => `${first}; echo $(${second})`,
  (first, second) => `${first}; echo \`${second.replace(/[`\\$]/g, '\\$&')}\``,
  (first, second) => `${first}; echo "$(${second})"`,
  (first, second) => `${first}; echo <(${second})`,
  (first, second) => `${first}; echo \${x:-$(${second})}`,
  (first, second) => `${first}; cat <<E\n$(${second})\nE`,
  (first, second) => `${first}; echo $(echo $(${second}))`,
  (first, second) => `if ${first}\nthen ${second}\nfi`,
  (first, second) => `if ${second}\nthen ${first}\nfi`,
  (first, second) => `for f in a; do ${first}\n${second}\ndone`,
  (first, second) => `while ${second}\ndo ${first}\ndone`,
  (first, second) => `case x in a) ${first}\n;; b) ${second}\n;; esac`,
  (first, second) => `f() { ${second}\n}; ${first}`,
  (first, second) => `(${first}\n${second}\n)`,
  (first, second) => `{ ${first}\n${second}\n}`,
  (first, second) => `! ${second}\n${first}`,
  (first, second) => `time ${second}\n${first}`,
];

test('whatever is added to an allowed command is allowed only if it is by itself', () => {
  const checked = fc.property(allowed, other, fc.constantFrom(...joins), (first, second, join) => {
    expect(effectOf(second, rules)).toBe('ask');
    expect(effectOf(join(first, second), rules)).toBe('ask');
  });
  fc.assert(checked, { numRuns: 3000 });
});

test('two allowed commands are allowed together, by each connector that says what it means', () => {
  const by = fc.constantFrom('; ', ' && ', ' || ', ' & ', '\n');
  fc.assert(
    fc.property(allowed, allowed, by, (first, second, connector) => {
      // A connector cannot begin a line, and one variable alone is no command.
      fc.pre(!(first.endsWith('\n') && connector !== '\n') && (first + second).length > 6);
      expect(effectOf(first + connector + second, rules)).toBe('allow');
    }),
    { numRuns: 300 },
  );
});

test('adding words to an exact rule is never allowed', () => {
  const words = fc.array(fc.stringMatching(/^[!-~]{1,8}$/), { minLength: 1, maxLength: 4 });
  const exact = allowing('git status');
  fc.assert(
    fc.property(words, fc.constantFrom(' ', '  ', '\t'), (more, blank) => {
      // A comment adds nothing, nor does what throws an output away.
      fc.pre(
        !more[0]!.startsWith('#') &&
          !more.join(' ').includes('/dev/') &&
          !/[>&;|\\]/.test(more.join('')),
      );
      expect(effectOf(`git status${blank}${more.join(blank)}`, exact)).toBe('ask');
    }),
    { numRuns: 3000 },
  );
});

test('no string makes it throw, and none that was not written for a rule is allowed', () => {
  const noise = fc.oneof(
    fc.string({ maxLength: 60, unit: 'binary' }),
    fc.string({ maxLength: 60, unit: 'grapheme' }),
    fc.string({ maxLength: 60 }),
    fc
      .array(fc.constantFrom(...Array.from('$`"\'\\(){}[]<>|&;#!*?~=\n\t EOFabc 0')), {
        maxLength: 60,
      })
      .map((all) => all.join('')),
  );
  const rare = allowing('qzxv **', '$ qzxw **');
  fc.assert(
    fc.property(noise, (text) => {
      expect(effectOf(text, rare)).toBe('ask');
      expect(explained(commandOf(text), policyOf(rare)).parts.length).toBeGreaterThan(0);
    }),
    { numRuns: 5000 },
  );
});

test('a glob covers what an expression made of it covers', () => {
  const name = fc.array(fc.constantFrom('a', 'b', '.'), { minLength: 1, maxLength: 3 });
  const glob = fc.array(
    fc.oneof(
      fc.constant('**'),
      fc.array(fc.constantFrom('a', 'b', '*', '?'), { minLength: 1, maxLength: 3 }),
    ),
    { maxLength: 4 },
  );
  const join = (all: readonly (string | string[])[]) =>
    '/' + all.map((each) => (typeof each === 'string' ? each : each.join(''))).join('/');
  const expression = (all: readonly (string | string[])[]) =>
    all.map((each) => {
      const text = typeof each === 'string' ? each : each.join('');
      if (text === '**') return '(/[^/]+)*';
      return '/' + text.replaceAll('*', '[^/]*').replaceAll('?', '[^/]');
    });
  fc.assert(
    fc.property(glob, fc.array(name, { maxLength: 5 }), (pattern, path) => {
      const names = path.map((each) => each.join('')).filter((each) => each !== '.');
      const text = '/' + names.join('/');
      const wanted = new RegExp(`^${expression(pattern).join('')}/?$`).test(
        text === '/' ? '' : text,
      );
      expect(covers(join(pattern), text)).toBe(wanted);
    }),
    { numRuns: 3000 },
  );
});

const full = (piece: string, end = '') => {
  const times = Math.floor((limits.policyCommandChars - end.length) / piece.length);
  return piece.repeat(times) + end;
};

/** Input that is as long as it may be, and made to be slow. */
const nasty: Readonly<Record<string, string>> = {
  quotes: full('"'),
  parentheses: full('('),
  substitutions: full('$('),
  'quoted substitutions': '"$('.repeat(1700) + ')"'.repeat(1700),
  'balanced substitutions': 'echo ' + '$(echo '.repeat(350) + ')'.repeat(350),
  'substitutions side by side': full('$(a) '),
  backticks: full('`'),
  'escaped backticks': full('`\\`'),
  'here-documents': full('cat <<E\n'),
  'many here-documents': 'cat ' + full('<<E ').slice(0, 8000) + '\n' + 'E\n'.repeat(900),
  braces: full('{a,'),
  globs: full('*('),
  stars: `ls ${full('*a').slice(0, 9000)}`,
  brackets: `ls ${full('[').slice(0, 9000)}`,
  arithmetic: full('$(('),
  parameters: full('${x:-'),
  words: full('a '),
  'words that are paths': full('/a/b/../c '),
  pipes: full('a|', 'a'),
  lists: full('a;'),
  backslashes: full('\\'),
  tests: full('[[ ( '),
  ifs: full('if '),
  cases: full('case x in '),
  functions: full('f(){ '),
  shells: 'sh -c "'.repeat(1400),
  wrappers: full('env '),
  comments: full('#\n'),
  'one long word': full('a'),
  'letters of two scripts': full('аa '),
  redirections: full('>a '),
  assignments: full('A=b '),
};

test('the slowest commands that may be given are judged in a few milliseconds', () => {
  const many = policyOf(
    Array.from({ length: 50 }, (_, at) => ({ effect: 'allow' as const, command: `tool${at} **` })),
  );
  const judged = (text: string) => {
    const begun = performance.now();
    const question = commandOf(text);
    const { verdict } = explained(question, many);
    expect(pathsOf(question).every((path) => path.startsWith('/') || path === root)).toBe(true);
    expect(verdict.effect).toBe('ask');
    return performance.now() - begun;
  };
  const slow = Object.entries(nasty).map(([name, text]) => {
    // The best of some tries: what the machine does beside it is not ours.
    const times = Array.from({ length: 5 }, () => judged(text));
    return [name, Math.min(...times)] as const;
  });
  for (const [name, ms] of slow) expect(ms, name).toBeLessThan(250);
});
