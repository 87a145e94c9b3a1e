import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestProject } from 'vitest/node';

const root = path.join(import.meta.dirname, '..', '..');
/** What npm puts into every package beside its `files`. */
const always = ['package.json', 'README.md', 'LICENSE', 'SPEC.md'];

declare module 'vitest' {
  export interface ProvidedContext {
    /** The `turnkeep` command of the installed package. */
    turnkeep: string;
  }
}

/**
 * Builds the package, packs it, and installs the tarball beside copies of its dependencies into a directory
 * of its own, as npm would: whatever the package does not bring or name is not there.
 */
export default function install(project: TestProject): () => void {
  const place = mkdtempSync(path.join(tmpdir(), 'turnkeep-installed-'));
  try {
    const tarball = pack(path.join(place, 'package'));
    const modules = path.join(place, 'node_modules');
    unpack(tarball, path.join(modules, 'turnkeep'));
    copyDependencies(modules);
    project.provide('turnkeep', linkCommand(modules));
  } catch (error) {
    rmSync(place, { recursive: true, force: true });
    throw error;
  }
  return () => rmSync(place, { recursive: true, force: true });
}

/** In a directory of its own: the build of the working tree may be in use. */
function pack(directory: string): string {
  run(process.execPath, [path.join(root, 'scripts/build.ts'), path.join(directory, 'dist')]);
  for (const file of always) cpSync(path.join(root, file), path.join(directory, file));
  // What the build makes before packing is made already, elsewhere.
  const told = run('npm', ['pack', '--json', '--ignore-scripts', '--offline'], directory);
  const [packed] = JSON.parse(told) as { filename: string }[];
  if (packed === undefined) throw new Error('npm packed nothing.');
  return path.join(directory, packed.filename);
}

function unpack(tarball: string, directory: string): void {
  mkdirSync(directory, { recursive: true });
  run('tar', ['-xzf', tarball, '--strip-components=1', '-C', directory]);
}

/** The packages that the lock file needs at run time, and no other. */
function copyDependencies(modules: string): void {
  const lock = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean }>;
  };
  for (const [name, { dev }] of Object.entries(lock.packages)) {
    if (name === '' || dev === true) continue;
    const to = path.join(modules, path.relative('node_modules', name));
    cpSync(path.join(root, name), to, { recursive: true });
  }
}

/** As npm links it, by what the installed package says. */
function linkCommand(modules: string): string {
  const installed = path.join(modules, 'turnkeep');
  const manifest = JSON.parse(readFileSync(path.join(installed, 'package.json'), 'utf8')) as {
    bin: { turnkeep: string };
  };
  const bin = path.join(modules, '.bin');
  const command = path.join(bin, 'turnkeep');
  mkdirSync(bin);
  writeFileSync(path.join(modules, '..', 'package.json'), '{"private":true}\n');
  chmodSync(path.join(installed, manifest.bin.turnkeep), 0o755);
  symlinkSync(path.join('..', 'turnkeep', manifest.bin.turnkeep), command);
  return command;
}

function run(program: string, words: readonly string[], cwd = root): string {
  const { status, stdout, stderr, error } = spawnSync(program, words, { cwd, encoding: 'utf8' });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${program} ${words.join(' ')}: ${stdout}${stderr}`);
  return stdout;
}
