import { join } from 'node:path';
import { idPattern } from '../../domain/entry.ts';

/**
 * The files of one host. The directory is 0700 and every file 0600.
 *
 *   in.ndjson    everything sent to the agent, appended by the daemon
 *   in           FIFO: the relay copies in.ndjson into it, the agent reads it as its stdin
 *   out.ndjson   the spool: the agent's stdout, appended by the kernel
 *   err.log      the agent's stderr
 *   claim        who began here: `pid startTime bootId` of a wrapper, or `daemon …`
 *   group        pids of relay and agent, written by the agent's process before it becomes the agent
 *   token        secret with which the host may ask the daemon; the daemon puts it there before the launch
 *   files/       texts that the agent gets as files, secrets among them; never archived
 *   exit         the status of the agent as the shell saw it, put in place by a rename
 */
export interface HostPaths {
  readonly directory: string;
  readonly input: string;
  readonly spool: string;
  readonly errors: string;
  readonly claim: string;
  readonly group: string;
  readonly exit: string;
  readonly token: string;
  readonly files: string;
}

/** Ids come from a database, but a directory is removed by them: they are checked where they become paths. */
export function hostPaths(hostsDirectory: string, host: string): HostPaths {
  if (!idPattern.test(host)) throw new RangeError(`not a host id: ${JSON.stringify(host)}`);
  const directory = join(hostsDirectory, host);
  return {
    directory,
    input: join(directory, 'in.ndjson'),
    spool: join(directory, 'out.ndjson'),
    errors: join(directory, 'err.log'),
    claim: join(directory, 'claim'),
    group: join(directory, 'group'),
    exit: join(directory, 'exit'),
    token: join(directory, 'token'),
    files: join(directory, 'files'),
  };
}
