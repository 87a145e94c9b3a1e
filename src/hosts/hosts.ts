import { mkdir, readdir, rm } from 'node:fs/promises';
import { idPattern } from '../domain/entry.ts';
import { limits } from '../domain/limits.ts';
import type { Host, Hosts, Recovered } from '../ports/hosts.ts';
import { Archives, directoryFiles } from './archive/archives.ts';
import { type Claim, readClaim, readExit, takeClaim } from './directory/claim.ts';
import { type HostPaths, hostPaths } from './directory/layout.ts';
import { AttachedHost, type Warn } from './host.ts';
import type { WrapperClaim } from './launch/abandon.ts';
import { launch, type LaunchContext } from './launch/launch.ts';
import { platformProcesses } from './platform/platform.ts';
import { DirectoryWatch } from './watch/directory-watch.ts';

export interface HostsOptions {
  /** Where the hosts' directories are: `<state>/hosts`. Made if it is not there. */
  readonly directory: string;
  /** Where the archives of ended hosts are: `<state>/archive`. Made if it is not there. */
  readonly archive: string;
  /** Told what went wrong where nobody waits for an answer. */
  readonly warn: Warn;
}

/**
 * Agents in process groups of this machine that outlive the daemon. A host id is unique on the machine, also
 * beyond this directory: a process is a host's if it carries its id.
 */
export async function openHosts(options: HostsOptions): Promise<Hosts> {
  const { directory, warn } = options;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const archives = await Archives.open(options.archive);
  const processes = platformProcesses();
  const context: LaunchContext = { directory, warn, processes, launchMs: limits.launchMs };
  return {
    launch: (spec) => launch(context, spec),
    recover: (host) => recover(context, host),
    remove: async (host) => {
      await rm(hostPaths(directory, host).directory, {
        recursive: true,
        force: true,
        maxRetries: 3,
      });
    },
    strays: async (known) =>
      (await readdir(directory)).filter((name) => idPattern.test(name) && !known.has(name)),
    raw: async (host) => directoryFiles(hostPaths(directory, host)),
    archive: async (host, marks, signal) => {
      const files = await directoryFiles(hostPaths(directory, host));
      try {
        return await archives.make(host, files, marks, signal);
      } finally {
        await files?.close();
      }
    },
    archived: async (host) => archives.find(host),
    archives: () => archives.list(),
    removeArchive: (host) => archives.remove(host),
  };
}

/**
 * What became of a host. In this order, each step final:
 *
 *   no claim      we claim it: from now on no wrapper can          never-started
 *   our claim     an earlier recovery did                          never-started
 *   exit file     the agent ended, whoever saw it                  found
 *   other boot    its processes ended with the machine             lost (rebooted)
 *   wrapper lives its pid has the start time that it claimed       found
 *   otherwise     it was killed: what is left of it is ended       lost (swept)
 */
async function recover(context: LaunchContext, host: string): Promise<Recovered> {
  const paths = hostPaths(context.directory, host);
  const claim = await claimOf(paths);
  if (claim.by === 'daemon') return { state: 'never-started' };
  const bootId = await context.processes.bootId();
  const claimed: WrapperClaim =
    claim.by === 'wrapper'
      ? claim
      : { by: 'wrapper', process: { pid: 0, startTime: 0 }, bootId: '' };
  const otherBoot = claimed.bootId !== bootId;
  const wrapper = claimed.process;
  const lives = (await context.processes.startTime(wrapper.pid)) === wrapper.startTime;
  // Read after the look at the wrapper, which writes it before it ends.
  const exit = await readExit(paths);
  const attached = await attach(context, host, claimed, otherBoot);
  const exited = exit !== undefined;
  if (exited || (lives && !otherBoot)) return { state: 'found', host: attached, exited };
  return { state: 'lost', host: attached, proof: await attached.sweep() };
}

async function claimOf(paths: HostPaths): Promise<Claim> {
  const claim = await readClaim(paths);
  if (claim !== undefined) return claim;
  if (await takeClaim(paths)) return { by: 'daemon' };
  // A wrapper was first, in between.
  return (await readClaim(paths)) ?? { by: 'unknown' };
}

async function attach(
  context: LaunchContext,
  host: string,
  claim: WrapperClaim,
  otherBoot: boolean,
): Promise<Host> {
  const paths = hostPaths(context.directory, host);
  const { process: wrapper, bootId } = claim;
  const { processes, warn } = context;
  const watch = new DirectoryWatch(paths.directory, warn);
  const attached = new AttachedHost(
    { id: host, paths, wrapper, bootId, otherBoot, processes, warn },
    watch,
  );
  try {
    return await attached.attach();
  } catch (error) {
    attached.release();
    throw error;
  }
}
