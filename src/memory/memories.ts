import { realpath } from 'node:fs/promises';
import type { AgentDriver } from '../ports/agent.ts';
import type { Memories, MemoryLine, NativeSession, Restored } from '../ports/memories.ts';
import { captured } from './capture.ts';
import { restoreFiles } from './restore.ts';
import type { Whereabouts } from './whereabouts.ts';

export interface MemoriesOptions {
  drivers: readonly AgentDriver[];
  /** What agents get of the daemon's own environment. */
  environment: { readonly [name: string]: string };
}

/** A native id names files: nothing else than what agents give their sessions as names. */
const nativePattern = /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/;

/** The files in which the agents of this machine keep conversations. */
export function fileMemories(options: MemoriesOptions): Memories {
  // One at a time for each native session: two calls at once would write the same drafts.
  const busy = new Map<string, Promise<unknown>>();
  return {
    restore: async (session, lines) => {
      const at = await whereabouts(options, session);
      if (typeof at === 'string') return { restored: false, reason: at };
      const key = `${at.folder}/${at.nativeId}`;
      const before = busy.get(key) ?? Promise.resolve();
      const mine = before.catch(() => undefined).then(() => restoreFiles(at, lines));
      busy.set(key, mine);
      try {
        return await mine;
      } catch (error) {
        return failed(error);
      } finally {
        if (busy.get(key) === mine) busy.delete(key);
      }
    },
    async *capture(session, known): AsyncGenerator<MemoryLine> {
      const at = await whereabouts(options, session);
      if (typeof at !== 'string') yield* captured(at, known);
    },
  };
}

/** A disk that is full or a folder that is closed keeps nobody from going on: the agent is told what was. */
function failed(error: unknown): Restored {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === undefined) throw error;
  return { restored: false, reason: `its files could not be written (${code})` };
}

async function whereabouts(
  { drivers, environment }: MemoriesOptions,
  { agent, nativeId, cwd, env }: NativeSession,
): Promise<Whereabouts | string> {
  const driver = drivers.find(({ profile }) => profile.name === agent);
  const title = driver?.profile.title ?? agent;
  const files = driver?.memoryFiles;
  if (files === undefined) return `what ${title} remembers cannot be put on another machine`;
  if (!nativePattern.test(nativeId)) return `${title} gave its session a name that is no file's`;
  const folder = files.folder({ ...environment, ...files.env, ...env });
  if (folder === null) return `where ${title} keeps its files is not known here`;
  // One that is gone keeps its name.
  const real = await realpath(cwd).catch(() => cwd);
  return { files, folder, nativeId, cwd: real };
}
