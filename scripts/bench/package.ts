import { spawnSync } from 'node:child_process';
import { copyFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';

const root = path.join(import.meta.dirname, '..', '..');

/** Compiles the package into `dist` of that directory: what is built elsewhere meanwhile does not disturb. */
export function makePackage(directory: string): void {
  const script = path.join(root, 'scripts', 'build.ts');
  const { status } = spawnSync(process.execPath, [script, path.join(directory, 'dist')], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status !== 0) throw new Error('The build failed.');
  copyFileSync(path.join(root, 'package.json'), path.join(directory, 'package.json'));
  symlinkSync(path.join(root, 'node_modules'), path.join(directory, 'node_modules'));
}
