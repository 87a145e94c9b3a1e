// Real agents, pinned, each in a folder of its own that is kept between runs.
import { execFile } from 'node:child_process';
import { access, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const root = path.join(import.meta.dirname, '../..');

export interface Pinned {
  /** The package in the registry. */
  name: string;
  version: string;
  /** The command that it brings. */
  command: string;
  /** What it needs beside it, each as `package@version`. */
  beside?: readonly string[];
}

/** Path of the program; the first run installs it from the registry that npm is set to. */
export async function installed({ name, version, command, beside = [] }: Pinned): Promise<string> {
  const cache = path.join(root, 'node_modules/.cache/turnkeep-agents');
  const folder = path.join(cache, `${command}-${version}`);
  const program = path.join(folder, 'node_modules/.bin', command);
  if (await isThere(program)) return program;
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'package.json'), '{"private":true}\n');
  const options = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts=false'];
  const wanted = [`${name}@${version}`, ...beside];
  await promisify(execFile)('npm', ['install', ...options, ...wanted], { cwd: folder });
  return program;
}

async function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
