// Compiles src/ into dist/ for the published package.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import path from 'node:path';

const root = path.join(import.meta.dirname, '..');
rmSync(path.join(root, 'dist'), { recursive: true, force: true });
const launcher = path.join(import.meta.dirname, 'launch.mjs');
const compile = [launcher, 'tsc', '-p', 'tsconfig.build.json'];
const { status } = spawnSync(process.execPath, compile, { cwd: root, stdio: 'inherit' });
process.exitCode = status ?? 1;
