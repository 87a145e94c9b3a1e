import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { judge, pathsOf } from '../../src/policy/judge.ts';
import type { Wanted } from '../../src/domain/policy.ts';
import { policyOf } from './court.ts';

/** The real path of the nearest that exists, with the rest as it is. */
function realOf(file: string): string | null {
  try {
    return realpathSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return null;
    // A link to nothing would be written through.
    if (lstatSync(file, { throwIfNoEntry: false }) !== undefined) return null;
    const folder = realOf(path.dirname(file));
    return folder === null ? null : path.join(folder, path.basename(file));
  }
}

test('S3: on a real disk, edits are accepted only where they really happen in the directory', () => {
  const place = realpathSync(mkdtempSync(path.join(tmpdir(), 'turnkeep-policy-')));
  onTestFinished(() => rmSync(place, { recursive: true, force: true }));
  const [root, outside, state] = ['root', 'outside', 'state'].map((name) => path.join(place, name));
  for (const folder of [`${root}/src`, `${root}/.git`, outside!, state!]) {
    mkdirSync(folder, { recursive: true });
  }
  writeFileSync(`${root}/src/a`, '');
  writeFileSync(`${state}/token`, '');
  symlinkSync(outside!, `${root}/out`);
  symlinkSync(`${root}/.git`, `${root}/git`);
  symlinkSync(`${state}/token`, `${root}/token`);
  symlinkSync(`${outside}/nothing`, `${root}/dangling`);
  symlinkSync(`${root}/loop`, `${root}/loop`);
  symlinkSync(root!, `${place}/alias`);

  const policy = policyOf([], { edits: true, bypass: null });
  const effect = (file: string, more: Partial<Wanted> = {}) => {
    const question: Wanted = {
      tool: 'Edit',
      kind: 'edit',
      command: null,
      locations: [file],
      cwd: root!,
      ...more,
    };
    const realPaths = new Map(pathsOf(question).map((each) => [each, realOf(each)]));
    return judge(question, policy, { now: 0, root: root!, stateDirectory: state!, realPaths })
      .effect;
  };
  expect(effect('src/a')).toBe('allow');
  expect(effect('src/new/deep')).toBe('allow');
  expect(effect(`${root}/src/a`)).toBe('allow');
  expect(effect(`${place}/alias/src/a`, { cwd: `${place}/alias` })).toBe('allow');
  expect(effect('out/a')).toBe('ask');
  expect(effect('out')).toBe('ask');
  expect(effect('git/hooks/pre-commit')).toBe('ask');
  expect(effect('dangling')).toBe('ask');
  expect(effect('loop')).toBe('ask');
  expect(effect('loop/a')).toBe('ask');
  expect(effect('src/../out/a')).toBe('ask');
  expect(effect('token')).toBe('deny');
  expect(effect('', { command: '> src/a', locations: [] })).toBe('allow');
  expect(effect('', { command: '> out/a', locations: [] })).toBe('ask');
  expect(effect('', { command: '> token', locations: [] })).toBe('deny');
});
