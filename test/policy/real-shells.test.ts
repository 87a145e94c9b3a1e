import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readCommands } from '../../src/policy/wrapper.ts';
import { allowing, effectOf } from './court.ts';

// What is allowed is given to real shells, in a place where `evil` leaves a mark and nothing else can do
// anything: the parser and what we make of it are held to what shells really run.
let place: string;
const shells = ['bash', 'sh', 'zsh'].flatMap((name) =>
  ['/bin', '/usr/bin']
    .map((folder) => `${folder}/${name}`)
    .filter((file) => existsSync(file))
    .slice(0, 1),
);

beforeAll(() => {
  place = mkdtempSync(path.join(tmpdir(), 'turnkeep-policy-'));
  mkdirSync(path.join(place, 'bin'));
  mkdirSync(path.join(place, 'work'));
  for (const [name, body] of [
    ['ok', 'exit 0'],
    ['evil', `echo "$*" >> ${place}/mark`],
  ] as const) {
    writeFileSync(path.join(place, 'bin', name), `#!/bin/sh\n${body}\n`);
    chmodSync(path.join(place, 'bin', name), 0o755);
  }
  for (const name of ['env', 'xargs', 'find', 'sh', 'timeout']) {
    const real = ['/bin', '/usr/bin']
      .map((folder) => `${folder}/${name}`)
      .find((file) => existsSync(file));
    if (real !== undefined) symlinkSync(real, path.join(place, 'bin', name));
  }
});
afterAll(() => rmSync(place, { recursive: true, force: true }));

/** Whether `evil` ran. */
function runsEvil(shell: string, script: string): boolean {
  const mark = path.join(place, 'mark');
  rmSync(mark, { force: true });
  spawnSync(shell, ['-c', script], {
    cwd: path.join(place, 'work'),
    env: { PATH: path.join(place, 'bin'), x: 'evil', y: 'a; evil', z: '$(evil)', E: 'E' },
    input: 'evil\n',
    timeout: 5000,
    killSignal: 'SIGKILL',
  });
  return existsSync(mark);
}

test('the place tells when evil runs, in every shell', () => {
  expect(shells.length).toBeGreaterThan(1);
  for (const shell of shells) {
    expect(runsEvil(shell, 'ok; evil')).toBe(true);
    expect(runsEvil(shell, 'ok "$(evil)"')).toBe(true);
    expect(runsEvil(shell, 'ok evil')).toBe(false);
  }
});

const pieces = fc.constantFrom(
  'ok',
  'ok',
  'ok',
  'evil',
  'evil',
  'a',
  ' ',
  ' ',
  ' ',
  '\n',
  ';',
  '&',
  '|',
  '&&',
  '||',
  "'",
  "'",
  '"',
  '"',
  '\\',

  '$',
  '`',
  '`',
  '$(',
  ')',
  '(',
  '{',
  '}',
  '${',
  '${x:-',
  '$x',
  '"$z"',
  '$y',
  '"$@"',
  '$((',
  '))',
  '$[',
  ']',

  '<<E\n',
  "<<'E'\n",
  '<<-E\n',
  '\nE\n',
  'E',
  '<<<',
  '<(',
  '>(',
  '#',
  ' #',
  '!',
  '=',
  'x=',
  '*',
  '{a,',
  '~',
  '[[',

  ' ]]',
  "$'",
  '$"',
  "\\'",
  '\\"',
  '\\\n',
  '\t',
  'if ',
  '; then ',
  '; fi',
  'for x in ',
  '; do ',
  '; done',

  'case a in ',
  'a)',
  ';;',
  ' esac',
  'env ',
  'xargs ',
  'find . -exec ',
  ' \\;',
  ' {} +',
  'sh -c ',
  'eval ',

  'command ',
  'exec ',
  'time ',
  'timeout 1 ',
  'coproc ',
  '[ ',
  '2>&1',
  '>&',
  '<&',
  '@(',
  '+(',
  '%',
  '^',
  ',',
);

/** Begins as something that is allowed, so that more than a few stay allowed. */
const script = fc
  .tuple(
    fc.constantFrom(
      'ok ',
      'ok "',
      "ok '",
      'ok <<E\n',
      "ok <<'E'\n",
      'ok $(',
      'ok `',
      'ok | ',
      '{ ',
      'ok "${x:-',
    ),
    fc.array(pieces, { maxLength: 14 }),
    fc.constantFrom('', '"', "'", '\nE', '\nE\n', ')', '`', '; }', '}"', '; fi', ' \\;'),
  )
  .map(([start, middle, end]) => start + middle.join('') + end)
  // A function that calls itself would end only with the machine.
  .filter((text) => !/\(\s*\)/.test(text.replaceAll('\\\n', '')));

test('of twenty thousand scripts, none that is allowed runs what is not', () => {
  const rules = allowing('$ ok **', 'ok **', 'true');
  let ran = 0;
  fc.assert(
    fc.property(script, (text) => {
      // Others cannot run it: it is not in them.
      if (!/e.*v.*i.*l|[$*~]/s.test(text) || effectOf(text, rules) !== 'allow') return;
      // Real shells are slow; what is nearly sure to be plain is looked at by sample.
      if (!text.includes('evil') && text.length % 4 > 0) return;
      ran += 1;
      for (const shell of shells) {
        if (runsEvil(shell, text)) throw new Error(`${shell} runs evil`);
      }
    }),
    { numRuns: 20_000 },
  );
  expect(ran).toBeGreaterThan(100);
}, 300_000);

test('what is found in a script is what bash finds: every name that it looks up is one of ours', () => {
  const name = fc.constantFrom('ok', 'evil', '"o"k', "e'v'il", '\\ok', 'o\\\nk');
  const end = fc.constantFrom(
    ' a',
    ' "b;c"',
    " 'd|e'",
    ' f\\;g',
    '',
    ' #h\n',
    ' <<E\ni\nE\n',
    ' 2>&1',
  );
  const join = fc.constantFrom('; ', ' | ', ' && ', '\n', ' & ', ' || ');
  const command = fc.tuple(name, end).map(([word, rest]) => word + rest);
  const line = fc.array(fc.tuple(command, join), { minLength: 1, maxLength: 5 }).map((all) => {
    // Joins that would begin a line are left out: shells refuse them.
    return all.map(([text, by]) => (text.endsWith('\n') ? text : text + by)).join('') + 'ok';
  });
  fc.assert(
    fc.property(line, (text) => {
      const parts = readCommands(text);
      if (parts.some((part) => part.type === 'unclear')) return;
      const found = parts.some(
        (part) => part.type === 'command' && part.words[0]?.fixed === 'evil',
      );
      // `||` may leave it out, never put it in.
      if (!text.includes('||')) expect(runsEvil('/bin/bash', text)).toBe(found);
      else if (!found) expect(runsEvil('/bin/bash', text)).toBe(false);
    }),
    { numRuns: 150 },
  );
}, 120_000);
