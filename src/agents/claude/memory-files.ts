import type { JsonObject } from '../../domain/json.ts';
import type { MemoryFiles, PlacedSession } from '../../ports/memory-files.ts';
import { textAt } from '../shape.ts';
import { isUuid } from './ids.ts';
import type { ClaudeOptions } from './program.ts';

/**
 * `projects/<directory>/<session>.jsonl`, and `projects/<directory>/<session>/subagents/…` of what belongs
 * to it. Claude Code finds a session in any folder there, that of the directory it works in first.
 */
export function claudeMemoryFiles({ env }: Pick<ClaudeOptions, 'env'>): MemoryFiles {
  return {
    told: true,
    env,
    folder: ({ CLAUDE_CONFIG_DIR: config, HOME: home }) => {
      if (config !== undefined && config !== '') return `${config}/projects`;
      return home === undefined || home === '' ? null : `${home}/.claude/projects`;
    },
    placeOf,
    fileAt,
    mayHold: (path, nativeId) => {
      const [, session] = path.split('/');
      return session === undefined || session === nativeId;
    },
    nameOf: (line) => textAt(line, 'uuid') ?? null,
    placed: () => null,
    beside,
  };
}

function placeOf({ nativeId, cwd }: PlacedSession, file: string): string | null {
  if (!isUuid(nativeId)) return null;
  const session = `${folderOf(cwd)}/${nativeId}`;
  if (file === '') return `${session}.jsonl`;
  return isPlain(file) ? `${session}/${file}.jsonl` : null;
}

function fileAt(path: string, nativeId: string): string | null {
  const [, session = '', ...rest] = path.split('/');
  if (rest.length === 0) return session === `${nativeId}.jsonl` ? '' : null;
  const inner = rest.join('/');
  if (session !== nativeId || !inner.endsWith('.jsonl')) return null;
  const file = inner.slice(0, -'.jsonl'.length);
  return isPlain(file) ? file : null;
}

/** Names as Claude Code gives them, and none that leads out of the session's folder. */
function isPlain(file: string): boolean {
  return /^subagents(?:\/[A-Za-z0-9_-]+){1,4}$/.test(file);
}

const longestName = 200;

/** The folder of a directory, as Claude Code names it; a long name is cut and told apart by a hash. */
export function folderOf(cwd: string): string {
  const name = cwd.replaceAll(/[^A-Za-z0-9]/g, '-');
  if (name.length <= longestName) return name;
  let hash = 0;
  for (let at = 0; at < cwd.length; at += 1) hash = ((hash << 5) - hash + cwd.charCodeAt(at)) | 0;
  return `${name.slice(0, longestName)}-${Math.abs(hash).toString(36)}`;
}

/** What a sub-agent is, which is told as a line and kept as a file. */
function beside(line: JsonObject): { suffix: string; text: string } | null {
  if (textAt(line, 'type') !== 'agent_metadata') return null;
  const { type: _, ...members } = line;
  return { suffix: '.meta.json', text: JSON.stringify(members) };
}
