import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

// Not the name that Node knows: the workers of the tests would write into the directory when it is gone.
const variable = 'TEST_COMPILE_CACHE';

/** Before all tests: programs that they start compile the sources once and not each anew. */
export default function setup(): () => void {
  const directory = mkdtempSync(path.join(tmpdir(), 'turnkeep-compiled-'));
  process.env[variable] = directory;
  return () => rmSync(directory, { recursive: true, force: true });
}

/** For the environment of a program of ours. */
export function compiled(): { [name: string]: string } {
  const directory = process.env[variable];
  if (directory === undefined) throw new Error(`The setup of the tests has not set ${variable}.`);
  return { NODE_COMPILE_CACHE: directory };
}
