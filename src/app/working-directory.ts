import { realpath, stat } from 'node:fs/promises';
import { isAbsolute, sep } from 'node:path';
import { refuse } from '../domain/refusal.ts';

/**
 * The real path of a session's working directory. Refused: what is not absolute, does not exist, is no
 * directory, or lies in the state directory, where an agent could read the token and the log.
 */
export function workingDirectoryCheck(stateDirectory: string): (path: string) => Promise<string> {
  return async (path) => {
    if (!isAbsolute(path) || path.includes('\0')) throw bad(`${path} is no absolute path.`);
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
