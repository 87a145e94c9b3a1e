import type { AgentDriver, Probe } from '../ports/agent.ts';
import type { Prices } from '../ports/budgets.ts';
import type { Clock } from '../ports/clock.ts';
import type { Files } from '../ports/files.ts';
import type { CommitHooks } from '../ports/hooks.ts';
import type { Hosts } from '../ports/hosts.ts';
import type { Memories } from '../ports/memories.ts';
import type { Policies } from '../ports/policies.ts';
import type { Space } from '../ports/space.ts';
import type { Store } from '../ports/store.ts';
import type { DecodeLarge } from './decode.ts';
import type { Log } from './log.ts';
import type { ReadLarge } from './read-line.ts';
import type { SupervisorContext } from './supervisor.ts';

/** What an engine is made of, and how long it waits for agents. */
export interface EngineOptions {
  store: Store;
  hosts: Hosts;
  clock: Clock;
  drivers: readonly AgentDriver[];
  defaultAgent: string;
  /** Directory of sessions that name none; null refuses them. */
  defaultCwd: string | null;
  /** Resolves to the real path of an existing directory that may be used; rejects with a refusal. */
  checkDirectory(path: string, make?: boolean): Promise<string>;
  environment: SupervisorContext['environment'];
  decodeLarge: DecodeLarge;
  readLarge: ReadLarge;
  /** What agents may do unasked. */
  policies: Policies;
  /** By what is estimated what agents do not tell; without it nothing is. */
  prices?: Prices;
  /** Hooks that see entries before they are stored; without it there are none. */
  commitHooks?: CommitHooks;
  /** Told when something was stored of which hooks are notified; without it the store keeps no events for them. */
  happened?: () => void;
  /** Asks agents about themselves; without it what they offer is not known. */
  probe?: Probe;
  /** Of the state directory. */
  space: Space;
  /** A working agent that says nothing for this long is reported, in milliseconds. */
  stallMs: number;
  /** An idle host is stopped after this long, in milliseconds; 0 for never. */
  idleMs: number;
  /** Files of sessions' directories, and how much of one is kept; 0 for nothing. Default: no snapshots. */
  snapshots?: { files: Files; maxBytes: number };
  /** What agents keep of conversations on this machine. */
  memories: Memories;
  /** Id of the state directory: other daemons know this one by it. */
  server: string;
  /** Told of each host whose end was stored. */
  hostEnded?: (host: string) => void;
  log: Log;
}
