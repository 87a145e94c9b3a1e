import { realpath } from 'node:fs/promises';
import { sep } from 'node:path';
import type { CommitHook, CommitHooks, CommitVerdict } from '../ports/hooks.ts';
import type { CommitProcess } from './commit-process.ts';

/** Which directories have which before-commit hooks. */
export class DirectoryHooks implements CommitHooks {
  readonly #processes: readonly CommitProcess[];

  constructor(processes: readonly CommitProcess[]) {
    this.#processes = processes;
  }

  async of(directories: readonly string[]): Promise<CommitHook | null> {
    const real = await Promise.all(directories.map(realOf));
    // As they are written, too: what is gone, or was replaced, has no other name.
    const places = [...directories, ...real];
    const hooks = this.#processes.filter(({ options }) =>
      places.some((place) => isIn(place, options.directory)),
    );
    const [only] = hooks;
    if (only === undefined) return null;
    return hooks.length === 1 ? only : chainOf(hooks);
  }
}

async function realOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    // It is not there any more, or not to be reached: then it is where its name says.
    return path;
  }
}

function isIn(path: string, directory: string): boolean {
  const around = directory.endsWith(sep) ? directory : directory + sep;
  return path === directory || path.startsWith(around);
}

/** Each sees what the one before it has left. */
function chainOf(hooks: readonly CommitHook[]): CommitHook {
  return {
    async ask(question) {
      let verdict: CommitVerdict = { action: 'keep' };
      let { data } = question;
      for (const hook of hooks) {
        const next = await hook.ask({ ...question, data });
        if (next.action === 'withhold') return next;
        if (next.action === 'redact') {
          verdict = next;
          ({ data } = next);
        }
      }
      return verdict;
    },
  };
}
