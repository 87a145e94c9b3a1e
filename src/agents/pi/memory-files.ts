import type { MemoryFiles } from '../../ports/memory-files.ts';
import { textAt } from '../shape.ts';

/** The folder is named by a directory, which may have any characters but the one that parts names. */
const pattern = /^--[^/\0]*--\/[A-Za-z0-9._-]+$/;

/**
 * `sessions/<directory>/<time>_<session>.jsonl`. pi finds a session by the id in the first line, in any
 * folder there, and works in the directory that this line names.
 */
export function piMemoryFiles({ env }: { env: { readonly [name: string]: string } }): MemoryFiles {
  return {
    told: false,
    env,
    folder: ({ PI_CODING_AGENT_DIR: own, HOME: home }) => {
      if (own !== undefined && own !== '') return `${own}/sessions`;
      return home === undefined || home === '' ? null : `${home}/.pi/agent/sessions`;
    },
    placeOf: ({ nativeId }, file) => (isOf(file, nativeId) ? `${file}.jsonl` : null),
    fileAt: (path, nativeId) => {
      const file = path.endsWith('.jsonl') ? path.slice(0, -'.jsonl'.length) : '';
      return isOf(file, nativeId) ? file : null;
    },
    mayHold: (path) => !path.includes('/'),
    nameOf: (line) => {
      const { cwd: _, ...rest } = line;
      return JSON.stringify(textAt(line, 'type') === 'session' ? rest : line);
    },
    placed: (line, cwd) => {
      if (textAt(line, 'type') !== 'session') return null;
      return textAt(line, 'cwd') === cwd ? null : JSON.stringify({ ...line, cwd });
    },
    beside: () => null,
  };
}

function isOf(file: string, nativeId: string): boolean {
  return pattern.test(file) && file.endsWith(`_${nativeId}`);
}
