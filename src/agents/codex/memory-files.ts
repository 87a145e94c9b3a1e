import type { MemoryFiles } from '../../ports/memory-files.ts';
import type { CodexOptions } from './program.ts';

const pattern = /^(?:\d{4}\/\d{2}\/\d{2}\/)?rollout-[A-Za-z0-9:.-]+$/;

/**
 * `sessions/<year>/<month>/<day>/rollout-<time>-<thread>.jsonl`. Codex finds a thread by the end of the name,
 * in any folder there; its own index, where it has one, names the path, so a file keeps its own.
 */
export function codexMemoryFiles({ env }: Pick<CodexOptions, 'env'>): MemoryFiles {
  return {
    told: false,
    env,
    folder: ({ CODEX_HOME: own, HOME: home }) => {
      if (own !== undefined && own !== '') return `${own}/sessions`;
      return home === undefined || home === '' ? null : `${home}/.codex/sessions`;
    },
    placeOf: ({ nativeId }, file) => {
      return pattern.test(file) && file.endsWith(`-${nativeId}`) ? `${file}.jsonl` : null;
    },
    fileAt: (path, nativeId) => {
      const file = path.endsWith(`-${nativeId}.jsonl`) ? path.slice(0, -'.jsonl'.length) : '';
      return pattern.test(file) ? file : null;
    },
    mayHold: (path) => /^\d{4}(?:\/\d{2}){0,2}$/.test(path),
    // No line has a name, and no two are the same: each has its number.
    nameOf: (line) => JSON.stringify(line),
    placed: () => null,
    beside: () => null,
  };
}
