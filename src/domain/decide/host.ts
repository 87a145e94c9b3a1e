import type { Draft } from '../draft.ts';
import type { Proof, RunFailure } from '../entry.ts';
import { limits } from '../limits.ts';
import type { OpenHost } from '../session-state.ts';
import { endRun, launchHost, takeNext, withdrawApprovals } from './run.ts';

/** How a host came to its end, as the supervisor found it. */
export interface HostEnd {
  exitCode: number | null;
  signal: string | null;
  /** Nobody saw it end: another boot, or everything was killed with it. */
  lost: boolean;
  /** It is proven that the agent was never started. */
  neverStarted: boolean;
  /** Why it could not be started, or what broke. */
  error?: RunFailure;
  proof?: Proof;
  /** The disk was full, and the last line of its spool is torn. */
  noSpace?: boolean;
  /** The last lines of its stderr. */
  stderr: string;
}

/** Decides the end of the session's host: settles the run that worked in it, or starts the host again. */
export function decideHostEnd(draft: Draft, host: string, end: HostEnd): void {
  const { state } = draft;
  if (state.host?.id !== host) return;
  const { phase } = state.host;
  const cause = end.error ?? state.host.error;
  const ended = exitOf(end);
  draft.write('host', {
    host,
    state: 'ended',
    ...ended,
    ...(cause === undefined ? {} : { error: cause }),
    ...(end.proof === undefined ? {} : { proof: end.proof }),
  });
  // What it asked nobody can answer any more, least of all the next host.
  withdrawApprovals(draft, 'the host ended');
  const { run } = draft;
  if (run === null) return takeNext(draft);
  if (cause === undefined && mayStartAgain(draft, end)) return launchHost(draft);
  const stopping = run.state === 'stopping';
  const error = stopping ? cause : (cause ?? failureOf(end, phase));
  endRun(draft, {
    said: null,
    ...ended,
    ...(error === undefined ? {} : { error }),
    killed: stopping && phase === 'ending',
    lost: end.lost,
    ...(end.proof === undefined ? {} : { proof: end.proof }),
  });
}

/** Nothing of the run was sent, and the host was not launched for it or is proven never to have started. */
function mayStartAgain(draft: Draft, end: HostEnd): boolean {
  const { run } = draft;
  if (run === null || run.state !== 'starting') return false;
  if (
    run.launches >= limits.launchTries ||
    run.prompts.some((prompt) => prompt.state !== 'waiting')
  )
    return false;
  return end.neverStarted || run.launches === 0;
}

function exitOf(end: HostEnd): { exitCode?: number; signal?: string } {
  return {
    ...(end.exitCode === null ? {} : { exitCode: end.exitCode }),
    ...(end.signal === null ? {} : { signal: end.signal }),
  };
}

function failureOf(end: HostEnd, phase: OpenHost['phase']): RunFailure {
  const how =
    end.signal !== null
      ? `was ended by ${end.signal}`
      : end.exitCode === null
        ? 'is gone'
        : `exited with code ${end.exitCode}`;
  const why = end.stderr.trim() === '' ? '' : `: ${end.stderr.trim().slice(-600)}`;
  if (end.noSpace === true) {
    const message = `The disk was full: what the agent wrote last is torn, and it ${how}.`;
    return { category: 'storage', message };
  }
  if (end.lost) {
    return {
      category: 'unknown',
      message: 'The agent was gone with the machine or was killed from outside.',
    };
  }
  return phase !== 'launched'
    ? { category: 'protocol', message: `The agent ${how} before it ended its turn${why}` }
    : { category: 'launch', message: `The agent ${how} before it was ready${why}` };
}
