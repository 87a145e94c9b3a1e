import { policiesOf } from '../engine/policies.ts';
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { builtInAgents, type CustomAgent, customAcpAgent } from '../../src/agents/agents.ts';
import { createApi } from '../../src/api/api.ts';
import { agentEnvironment } from '../../src/app/environment.ts';
import { LargeLines } from '../../src/app/large-lines.ts';
import { rememberOwnToken } from '../../src/app/own-token.ts';
import { openStateDirectory } from '../../src/app/state-directory.ts';
import { systemClock } from '../../src/app/system-clock.ts';
import { workingDirectoryCheck } from '../../src/app/working-directory.ts';
import { noMemories } from '../../src/ports/memories.ts';
import { limits } from '../../src/domain/limits.ts';
import { createEngine } from '../../src/engine/create-engine.ts';
import { openHosts } from '../../src/hosts/hosts.ts';
import { testSpace } from '../../src/testing/index.ts';
import { lockState } from '../../src/store/lock.ts';
import { openStore } from '../../src/store/open.ts';

/** What the tests need of a daemon, however it was put together. */
export interface Served {
  url: string;
  tokenFile: string;
  shutdown(mode: 'stop' | 'detach'): Promise<unknown>;
}

export interface Composition {
  state: string;
  agents: readonly CustomAgent[];
  log: (event: string, data: object) => void;
  /** Told of each line that is decoded off the main thread. */
  largeLine?: (bytes: number) => void;
}

/** A daemon like that of `startDaemon`, which takes no agents of others. */
export async function composeDaemon(how: Composition): Promise<Served> {
  process.umask(0o077);
  const { log } = how;
  const directory = await openStateDirectory(how.state);
  const unlock = lockState(directory.path);
  const store = await openStore({
    dir: directory.path,
    onFatal: (error) => log('store', { message: error.message }),
  });
  const clock = systemClock();
  await rememberOwnToken(directory, store.tokens, clock);
  await mkdir(directory.scripted, { recursive: true, mode: 0o700 });
  const scripted = {
    node: process.execPath,
    program: scriptedProgram,
    store: directory.scripted,
  };
  const large = new LargeLines({ scripted });
  const engine = createEngine({
    store,
    hosts: await openHosts({
      directory: directory.hosts,
      archive: directory.archive,
      warn: (what, error) => log('host', { message: `${what}: ${String(error)}` }),
    }),
    clock,
    drivers: [...builtInAgents({ scripted }), ...how.agents.map(customAcpAgent)],
    defaultAgent: 'scripted',
    defaultCwd: null,
    checkDirectory: workingDirectoryCheck(directory.path),
    environment: async (driver, spec) => agentEnvironment(process.env, driver.program(spec).env),
    policies: policiesOf(store, clock, directory.path),
    space: testSpace(),
    stallMs: limits.stallMs,
    idleMs: limits.idleMs,
    server: 'here',
    memories: noMemories,
    decodeLarge: (agent, state, line) => {
      how.largeLine?.(line.bytes.length);
      return large.decode(agent, state, line);
    },
    readLarge: (line) => large.read(line),
    log,
  });
  const api = createApi({
    engine,
    store,
    clock,
    config: {
      version: 'test',
      server: 'here',
      startedAt: new Date().toISOString(),
      defaultCwd: null,
    },
    shutdown: () => undefined,
    log: ({ event, error, ...data }) => log(event, { ...data, message: String(error) }),
  });
  const listening = await api.listen({ host: '127.0.0.1', port: 0 });
  return {
    url: listening.url,
    tokenFile: directory.tokenFile,
    shutdown: async (mode) => {
      await engine.shutdown(mode);
      await listening.close(2000);
      await large.close();
      await store.close();
      unlock();
    },
  };
}

export const scriptedProgram = fileURLToPath(
  new URL('../../src/agents/scripted/program/main.ts', import.meta.url),
);
