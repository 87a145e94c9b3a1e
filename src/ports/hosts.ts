import type { Proof } from '../domain/entry.ts';
import type { AgentFile } from './agent-program.ts';
import type { ArchiveFile, ArchiveReader, RawReader, SentMark } from './raw.ts';

/**
 * Hosts: operating-system process groups in which agents work. A host outlives the daemon; a handle is
 * this daemon's grip on one. Nothing here knows sessions, runs or protocols: bytes in, bytes out.
 */
export interface Hosts {
  /**
   * Starts a host whose intent row is committed: makes its directory, spawns the wrapper and resolves when
   * the wrapper has claimed it. Rejects with `LaunchError` when it did not start (missing program, vanished
   * directory, no space); then nothing of it is left running.
   */
  launch(spec: LaunchSpec): Promise<Host>;
  /**
   * After a restart: finds out what became of a host. Decided by the exclusive claim file, pid, start time
   * and boot id, never by a timeout. `never-started` proves that it can never start any more.
   */
  recover(host: string): Promise<Recovered>;
  /** Removes a host's directory after its end has been stored. */
  remove(host: string): Promise<void>;
  /** Directories that no given host owns (left by a crash), for the sweep at start. */
  strays(known: ReadonlySet<string>): Promise<readonly string[]>;

  /** The files in the directory of a host, whether it works or has ended; undefined where that is gone. */
  raw(host: string): Promise<RawReader | undefined>;
  /**
   * Makes a compressed archive of an ended host's files, whole and on the disk when it resolves; `nothing`
   * where nothing was written or sent. One that is whole already is left as it is. The directory stays.
   */
  archive(
    host: string,
    marks: readonly SentMark[],
    signal: AbortSignal,
  ): Promise<'archived' | 'nothing'>;
  /** Undefined where there is none; rejects with `ArchiveDamaged` where it cannot be read. */
  archived(host: string): Promise<ArchiveReader | undefined>;
  archives(): Promise<readonly ArchiveFile[]>;
  removeArchive(host: string): Promise<void>;
}

export interface LaunchSpec {
  host: string;
  program: string;
  args: readonly string[];
  /** Written into the host's directory before the start; their options come after `args`. */
  files?: readonly AgentFile[];
  cwd: string;
  /** The whole environment of the child, already allow-listed; the adapter adds only `TURNKEEP_HOST`. */
  env: { readonly [name: string]: string };
}

export class LaunchError extends Error {
  /** A short code of the cause. */
  readonly reason: 'missing-program' | 'missing-cwd' | 'no-space' | 'other';
  constructor(reason: LaunchError['reason'], message: string) {
    super(message);
    this.name = 'LaunchError';
    this.reason = reason;
  }
}

export type Recovered =
  | { state: 'never-started' }
  /**
   * The agent works, or has ended while no daemon was there (`exited`; it may also end at any moment after
   * this look): read its spool to the end, then `ended`.
   */
  | { state: 'found'; host: Host; exited: boolean }
  /** Another boot, or its processes vanished without an exit file. Drain the spool, the outcome is `lost`. */
  | { state: 'lost'; host: Host; proof: Proof };

export interface Host {
  readonly id: string;
  readonly pid: number;
  readonly startTime: number;
  readonly bootId: string;
  /** Bytes in the spool now. */
  size(): Promise<number>;
  /** Bytes of the spool from `offset`, at most `maxBytes`; empty at the present end. */
  read(offset: number, maxBytes: number): Promise<Uint8Array>;
  /** Called (coalesced) whenever the spool may have grown or the agent may have ended. Returns the end of it. */
  onChange(listener: () => void): () => void;
  /**
   * Makes the input file hold `bytes` at `offset`: writes exactly what is missing. Calls are in order of
   * offset; after a restart the caller offers everything from `inputSize` on.
   */
  write(offset: number, bytes: Uint8Array): Promise<void>;
  inputSize(): Promise<number>;
  /** Resolves once, when the agent itself has ended (not when a grandchild lets go of its stdout). */
  readonly ended: Promise<HostExit>;
  /** Present members of the host: agent, and what it started, by group, session and environment marker. */
  members(): Promise<readonly Member[]>;
  /** SIGTERM, SIGKILL, SIGSTOP or SIGCONT to the agent's process group (never to the relay or the wrapper). */
  signal(signal: 'SIGTERM' | 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): Promise<void>;
  /**
   * Ends every member (agent, group, session, marked; rescanned until empty twice) and proves it.
   * With a bound, only processes that the agent started after the one and surely before the other are
   * ended, however long that takes, and the agent, relay and wrapper live on.
   */
  sweep(window?: StartWindow): Promise<Proof>;
  /** The last part of what the agent wrote to stderr, for messages; at most `maxBytes`. */
  stderrTail(maxBytes: number): Promise<string>;
  /** Lets go of the host without touching its processes (detach). */
  release(): void;
}

/** Bounds of the time at which processes were started, in milliseconds since the epoch. */
export interface StartWindow {
  startedAfter?: number;
  /** Without it, a sweep that takes its time also ends what the next run has started meanwhile. */
  startedBefore?: number;
}

export interface HostExit {
  exitCode: number | null;
  signal: string | null;
  /** False when the wrapper wrote no exit file: killed with everything, or the machine restarted. */
  witnessed: boolean;
}

export interface Member {
  pid: number;
  /** Start time in clock ticks since boot (field 22 of /proc/pid/stat). */
  startTime: number;
  name: string;
  role: 'wrapper' | 'relay' | 'agent' | 'descendant';
  /** Milliseconds since the epoch. */
  startedAt: number;
}
