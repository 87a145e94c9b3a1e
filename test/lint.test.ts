import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

const root = path.join(import.meta.dirname, '..');

const planted = `type Kind = 'a' | 'b';
import { Kept } from './kept.ts';
async function work(): Promise<void> {
  await Promise.resolve();
}
export function plant(kind: Kind, given: any): Kept | undefined {
  work();
  [1].forEach(async () => {
    await work();
  });
  switch (kind) {
    case 'a':
      return undefined;
  }
  try {
    plant(kind, given);
  } catch {}
  if (given == 3) process.exit();
  return undefined;
}
`;

test('every rule that the code relies on fires on a planted violation', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'turnkeep-lint-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const file of ['.oxlintrc.json', 'tsconfig.json', 'package.json']) {
    copyFileSync(path.join(root, file), path.join(folder, file));
  }
  symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
  mkdirSync(path.join(folder, 'src', 'engine'), { recursive: true });
  writeFileSync(path.join(folder, 'src', 'engine', 'planted.ts'), planted);
  writeFileSync(path.join(folder, 'src', 'engine', 'kept.ts'), 'export interface Kept {}\n');

  const launcher = path.join(root, 'scripts', 'launch.mjs');
  const { status, stdout } = spawnSync(
    process.execPath,
    [launcher, 'oxlint', '--format', 'json', 'src/engine/planted.ts'],
    { cwd: folder, encoding: 'utf8' },
  );

  expect(status).toBe(1);
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: { code: string }[] };
  expect(diagnostics.map(({ code }) => code).toSorted()).toEqual([
    'eslint(eqeqeq)',
    'eslint(no-empty)',
    'eslint(no-restricted-globals)',
    'typescript(consistent-type-imports)',
    'typescript(no-explicit-any)',
    'typescript(no-floating-promises)',
    'typescript(no-misused-promises)',
    'typescript(switch-exhaustiveness-check)',
  ]);
});
