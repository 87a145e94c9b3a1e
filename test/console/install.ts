import { spawnSync } from 'node:child_process';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import installPackage from '../scenarios/install.ts';

const root = path.join(import.meta.dirname, '..', '..');

/** The installed package, or the sources with a console that was just built. */
export default function install(project: TestProject): (() => void) | undefined {
  if (process.env['CONSOLE'] !== 'sources') return installPackage(project);
  const words = [path.join(root, 'scripts/launch.mjs'), 'vite', 'build', '--logLevel', 'warn'];
  const { status } = spawnSync(process.execPath, [...words, '--config', 'vite.console.config.ts'], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error('The console could not be built.');
  project.provide('turnkeep', path.join(root, 'src/cli/main.ts'));
  return undefined;
}
