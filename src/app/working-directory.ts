import { mkdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, sep } from 'node:path';
import { refuse } from '../domain/refusal.ts';

/**
 * The real path of a session's working directory, made where that is asked for. Refused: what is not absolute, does not exist, is no
 * directory, or lies in the state directory, where an agent could read the token and the log.
 */
export function workingDirectoryCheck(
  stateDirectory: string,
): (path: string, make?: boolean) => Promise<string> {
  return async (path, make = false) => {
    if (!isAbsolute(path) || path.includes('\0')) throw bad(`${path} is no absolute path.`);
    if (make) await makeDirectory(path, stateDirectory);
    const real = await realpath(path).catch(() => null);
    if (real === null) throw bad(`The directory ${path} does not exist.`);
    const found = await stat(real);
    if (!found.isDirectory()) throw bad(`${path} is no directory.`);
    if (real === stateDirectory || real.startsWith(stateDirectory + sep)) {
      throw bad('An agent may not work in the state directory.');
    }
    return real;
  };
}

/** One level at a time, from a real parent: nothing is made through a link into the state directory. */
async function makeDirectory(path: string, stateDirectory: string): Promise<void> {
  const parent = await realpath(dirname(path)).catch(() => null);
  if (parent === null) throw bad(`The directory ${dirname(path)} does not exist: make it first.`);
  if (parent === stateDirectory || parent.startsWith(stateDirectory + sep)) {
    throw bad('An agent may not work in the state directory.');
  }
  await mkdir(join(parent, basename(path))).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw bad(`${path} cannot be made: ${error.code ?? 'unknown'}.`);
  });
}

/** Real paths of directories that agents may trust; sessions name theirs by real path, too. */
export async function trustedDirectories(paths: readonly string[]): Promise<readonly string[]> {
  return Promise.all(
    paths.map(async (path) => {
      const real = isAbsolute(path) ? await realpath(path).catch(() => null) : null;
      if (real !== null && (await stat(real)).isDirectory()) return real;
      throw refuse('invalid', `${path} cannot be trusted: it is no absolute path of a directory.`);
    }),
  );
}

function bad(message: string): Error {
  return refuse('invalid', message, { field: 'cwd' });
}
