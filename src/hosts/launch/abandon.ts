import { setTimeout as delay } from 'node:timers/promises';
import { type Claim, readClaim } from '../directory/claim.ts';
import type { HostPaths } from '../directory/layout.ts';
import type { AttachedHost, Warn } from '../host.ts';
import { send } from '../sweep/signal.ts';

/** From one try to end what was started to the next: what fails here is mostly a lack of file handles. */
const retryMs = 100;

/** What a launch has started: this much is known from the moment of the spawn. */
export interface Started {
  readonly paths: HostPaths;
  readonly wrapper: { readonly pid: number; readonly exited: Promise<unknown>; hasExited: boolean };
  hostOf(claim: WrapperClaim): AttachedHost;
}

interface Patience {
  readonly launchMs: number;
  readonly warn: Warn;
}

export type WrapperClaim = Extract<Claim, { by: 'wrapper' }>;

/** The claim, if it is that of this wrapper. */
export async function ownClaim(paths: HostPaths, pid: number): Promise<WrapperClaim | undefined> {
  const claim = await readClaim(paths);
  return claim?.by === 'wrapper' && claim.process.pid === pid ? claim : undefined;
}

/**
 * Ends all that a failed launch has started: who is told that nothing started will start another agent. Goes
 * on trying for as long as a launch may take. False: something may be left.
 */
export async function endStarted(context: Patience, started: Started): Promise<boolean> {
  const stop = new AbortController();
  const late = delay(context.launchMs, false, { signal: stop.signal });
  try {
    const gone = await Promise.race([endPersistently(context, started, stop.signal), late]);
    if (!gone) killWrapper(started);
    return gone;
  } finally {
    stop.abort();
  }
}

async function endPersistently(
  context: Patience,
  started: Started,
  stop: AbortSignal,
): Promise<boolean> {
  for (;;) {
    try {
      return await endOnce(started);
    } catch (error) {
      if (stop.aborted) return false;
      context.warn('cannot end what a failed launch has started, trying again', error);
      await delay(retryMs);
    }
  }
}

async function endOnce(started: Started): Promise<boolean> {
  const { paths, wrapper } = started;
  let claim = await ownClaim(paths, wrapper.pid);
  if (claim === undefined) {
    // Without a claim it has no agent, and killed it never gets one. The agent of another's is not ours.
    killWrapper(started);
    await wrapper.exited;
    claim = await ownClaim(paths, wrapper.pid);
    if (claim === undefined) return true;
  }
  return (await started.hostOf(claim).sweep()).gone;
}

/** With its group, in which the agent is not. Needs no file. Its number is its own while it is our child. */
function killWrapper({ wrapper }: Started): void {
  if (!wrapper.hasExited) send(-wrapper.pid, 'SIGKILL');
}
