import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { CommitProcess } from '../hooks/commit-process.ts';
import { DirectoryHooks } from '../hooks/commit-hooks.ts';
import { type HooksConfig, readHooks } from '../hooks/config.ts';
import { Notifier } from '../hooks/notifier.ts';
import type { Clock } from '../ports/clock.ts';
import type { CommitHooks, HookOps } from '../ports/hooks.ts';
import type { Store } from '../ports/store.ts';
import { agentEnvironment } from './environment.ts';
import { version } from './version.ts';

/** The hooks of a daemon, as its file names them at the start. */
export interface Hooks {
  ops: HookOps;
  /** For the engine; what there is none of is left out. */
  engine: { commitHooks?: CommitHooks; happened?: () => void };
  /** Ends programs and deliveries; what was not delivered is left to the next daemon. */
  close(): Promise<void>;
}

/** A file as it was read, so that the one that reads it can see that it is another by now. */
export interface ReadHooks {
  file: string;
  config: HooksConfig;
  digest: string | null;
}

/** Rejects where an entry could pass a before-commit hook unseen: then the daemon does not start. */
export async function readHooksFile(file: string): Promise<ReadHooks> {
  const digest = await digestOf(file);
  return { file, config: await readHooks(file), digest };
}

export async function openHooks(
  { file, config, digest }: ReadHooks,
  ports: { store: Store; clock: Clock; log: (event: string, data: object) => void },
): Promise<Hooks> {
  const { store, clock, log } = ports;
  const env = agentEnvironment(process.env, {});
  const { problem, notify, beforeCommit } = config;
  if (problem !== null) log('hooks.off', { message: problem });
  const agent = `turnkeep/${version}`;
  const random = (): number => Math.random();
  const notifier = new Notifier({ rules: notify, store, clock, random, env, agent, log });
  // Where the file is broken, each hook is to go on where it was once it is mended.
  if (problem === null) await notifier.begin();
  const processes = beforeCommit.map((rule) => new CommitProcess({ ...rule, env, clock, log }));
  return {
    ops: {
      view: async () => ({
        file,
        problem,
        changed: (await digestOf(file)) !== digest,
        notify: notifier.views,
        beforeCommit: processes.map(({ view }) => view),
      }),
      test: (name) => notifier.test(name),
    },
    engine: {
      ...(processes.length === 0 ? {} : { commitHooks: new DirectoryHooks(processes) }),
      ...(notify.length === 0 ? {} : { happened: () => notifier.wake() }),
    },
    async close() {
      for (const each of processes) each.close();
      await notifier.close();
    },
  };
}

/** Null where there is none. */
async function digestOf(file: string): Promise<string | null> {
  try {
    return createHash('sha256')
      .update(await readFile(file))
      .digest('hex');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
