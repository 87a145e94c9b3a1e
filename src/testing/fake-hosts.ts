import type { Proof } from '../domain/entry.ts';
import {
  type Host,
  type HostExit,
  type Hosts,
  LaunchError,
  type LaunchSpec,
  type Member,
  type Recovered,
  type StartWindow,
} from '../ports/hosts.ts';
import type { ArchiveFile, ArchiveReader, RawReader, SentMark } from '../ports/raw.ts';
import { type FakeAgent, FakeProcess } from './fake-process.ts';

const bootId = 'fake-boot';

/** What a daemon does with a host, as `FakeHosts.before` sees it. */
export interface HostCall {
  name: 'read' | 'write' | 'signal' | 'sweep' | 'stderrTail';
  process: FakeProcess;
  /** Of a sweep that has bounds. */
  window?: StartWindow;
  /** Of a write. */
  offset?: number;
  bytes?: Uint8Array;
}

/**
 * Hosts in memory, honest about what outlives a daemon: input, spool, exit and agent stay when the engine
 * that launched them is dropped, and the next engine finds them through the same object.
 */
export class FakeHosts implements Hosts {
  /** Every agent that was started and not removed, by host. */
  readonly processes = new Map<string, FakeProcess>();
  /** What is kept of hosts that have ended, by host. */
  readonly kept = new Map<string, { files: RawFiles; marks: readonly SentMark[]; at: number }>();
  /** Hosts that were launched, in order. */
  readonly launched: string[] = [];
  /** Called before each call: it may note it, hold it back, or throw, and then the call fails. */
  before: (call: HostCall) => void | Promise<void> = () => undefined;
  readonly #claimed = new Set<string>();
  readonly #agentOf: (spec: LaunchSpec) => FakeAgent;
  #pids = 1000;

  /** `agentOf` may throw a `LaunchError`: then nothing starts. */
  constructor(agentOf: (spec: LaunchSpec) => FakeAgent) {
    this.#agentOf = agentOf;
  }

  async launch(spec: LaunchSpec): Promise<Host> {
    if (this.#claimed.has(spec.host))
      throw new LaunchError('other', 'The host is claimed already.');
    const agent = this.#agentOf(spec);
    const process = new FakeProcess(spec, (this.#pids += 1));
    this.#claimed.add(spec.host);
    this.processes.set(spec.host, process);
    this.launched.push(spec.host);
    process.start(agent);
    return this.#grip(process);
  }

  async recover(host: string): Promise<Recovered> {
    const process = this.processes.get(host);
    if (process === undefined) {
      this.#claimed.add(host);
      return { state: 'never-started' };
    }
    const { ended } = process;
    if (ended?.witnessed !== false) {
      return { state: 'found', host: this.#grip(process), exited: ended !== null };
    }
    const proof: Proof = { method: 'rebooted', ended: [], gone: true };
    return { state: 'lost', host: this.#grip(process), proof };
  }

  #grip(process: FakeProcess): FakeHost {
    return new FakeHost(process, async (call) => this.before({ ...call, process }));
  }

  async remove(host: string): Promise<void> {
    this.processes.delete(host);
  }

  async strays(known: ReadonlySet<string>): Promise<readonly string[]> {
    return [...this.processes.keys()].filter((host) => !known.has(host));
  }

  async raw(host: string): Promise<RawReader | undefined> {
    const process = this.processes.get(host);
    return process && reader(() => ({ out: process.spool, in: process.input }));
  }

  async archive(host: string, marks: readonly SentMark[]): Promise<'archived' | 'nothing'> {
    if (this.kept.has(host)) return 'archived';
    const { spool, input } = this.processes.get(host) ?? {};
    if (spool === undefined || input === undefined) return 'nothing';
    if (spool.length === 0 && input.length === 0) return 'nothing';
    const sent = marks.filter((mark) => mark.offset < input.length);
    this.kept.set(host, { files: { out: spool, in: input }, marks: sent, at: keptAt });
    return 'archived';
  }

  async archived(host: string): Promise<ArchiveReader | undefined> {
    const kept = this.kept.get(host);
    if (kept === undefined) return undefined;
    return {
      ...reader(() => kept.files),
      marks: async (offset, limit) => {
        const from = kept.marks.findLastIndex((mark) => mark.offset <= offset);
        return kept.marks.slice(Math.max(0, from), Math.max(0, from) + limit);
      },
    };
  }

  async archives(): Promise<readonly ArchiveFile[]> {
    return [...this.kept].map(([host, { files, at }]) => ({
      host,
      bytes: files.out.length + files.in.length,
      at,
    }));
  }

  async removeArchive(host: string): Promise<void> {
    this.kept.delete(host);
  }

  /** The machine restarts: every agent is gone and nobody saw it end. */
  reboot(): void {
    for (const process of this.processes.values()) process.exit(null, null, false);
  }

  get alive(): readonly FakeProcess[] {
    return [...this.processes.values()].filter((process) => process.alive);
  }
}

/** Nothing is old, unless a test says so. */
const keptAt = Date.UTC(2100, 0, 1);

interface RawFiles {
  out: Uint8Array;
  in: Uint8Array;
}

function reader(files: () => RawFiles): RawReader {
  return {
    size: async (direction) => files()[direction].length,
    read: async (direction, offset, maxBytes) =>
      files()[direction].slice(offset, offset + maxBytes),
    close: async () => undefined,
  };
}

/** One daemon's grip on a process. */
class FakeHost implements Host {
  readonly id: string;
  readonly pid: number;
  readonly startTime = 1;
  readonly bootId = bootId;
  readonly ended: Promise<HostExit>;
  readonly #process: FakeProcess;
  readonly #before: (call: Omit<HostCall, 'process'>) => Promise<void>;
  readonly #stops: (() => void)[] = [];

  constructor(process: FakeProcess, before: (call: Omit<HostCall, 'process'>) => Promise<void>) {
    this.#process = process;
    this.#before = before;
    this.id = process.spec.host;
    this.pid = process.pid;
    this.ended = new Promise((resolve) => {
      const look = (): void => {
        if (process.ended !== null) resolve(process.ended);
      };
      look();
      this.#stops.push(process.listen(look));
    });
  }

  async size(): Promise<number> {
    return this.#process.spool.length;
  }

  async read(offset: number, maxBytes: number): Promise<Uint8Array> {
    await this.#before({ name: 'read' });
    return this.#process.spool.slice(offset, offset + maxBytes);
  }

  onChange(listener: () => void): () => void {
    const stop = this.#process.listen(listener);
    this.#stops.push(stop);
    return stop;
  }

  async write(offset: number, bytes: Uint8Array): Promise<void> {
    await this.#before({ name: 'write', offset, bytes });
    this.#process.receive(offset, bytes);
  }

  async inputSize(): Promise<number> {
    return this.#process.input.length;
  }

  async members(): Promise<readonly Member[]> {
    const { pid, alive, children } = this.#process;
    const agent = { pid, startTime: 1, name: 'agent', role: 'agent' as const, startedAt: 0 };
    const started = children.map((child) => ({ ...child, role: 'descendant' as const }));
    return alive ? [agent, ...started] : started;
  }

  async signal(signal: 'SIGTERM' | 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): Promise<void> {
    await this.#before({ name: 'signal' });
    if (signal === 'SIGSTOP' || signal === 'SIGCONT') this.#process.stopped = signal === 'SIGSTOP';
    if (signal === 'SIGKILL' || (signal === 'SIGTERM' && !this.#process.ignoresTerm)) {
      this.#process.exit(null, signal);
    }
  }

  async sweep(window?: StartWindow): Promise<Proof> {
    await this.#before({ name: 'sweep', ...(window === undefined ? {} : { window }) });
    const { alive, pid } = this.#process;
    const children = this.#process.endChildren(window).map((child) => ({
      pid: child.pid,
      startTime: child.startTime,
      name: child.name,
      how: 'killed' as const,
    }));
    const bounded = window?.startedAfter !== undefined || window?.startedBefore !== undefined;
    if (bounded || !alive) return { method: 'swept', ended: children, gone: true };
    this.#process.exit(null, 'SIGKILL');
    const agent = { pid, startTime: 1, name: 'agent', how: 'killed' as const };
    return { method: 'swept', ended: [agent, ...children], gone: true };
  }

  async stderrTail(maxBytes: number): Promise<string> {
    await this.#before({ name: 'stderrTail' });
    return this.#process.stderr.slice(-maxBytes);
  }

  release(): void {
    for (const stop of this.#stops) stop();
  }
}
