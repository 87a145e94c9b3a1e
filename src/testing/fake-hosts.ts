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
import { type FakeAgent, FakeProcess } from './fake-process.ts';

const bootId = 'fake-boot';

/**
 * Hosts in memory, honest about what outlives a daemon: input, spool, exit and agent stay when the engine
 * that launched them is dropped, and the next engine finds them through the same object.
 */
export class FakeHosts implements Hosts {
  /** Every agent that was started and not removed, by host. */
  readonly processes = new Map<string, FakeProcess>();
  /** Hosts that were launched, in order. */
  readonly launched: string[] = [];
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
    return new FakeHost(process);
  }

  async recover(host: string): Promise<Recovered> {
    const process = this.processes.get(host);
    if (process === undefined) {
      this.#claimed.add(host);
      return { state: 'never-started' };
    }
    const { ended } = process;
    if (ended?.witnessed !== false) {
      return { state: 'found', host: new FakeHost(process), exited: ended !== null };
    }
    const proof: Proof = { method: 'rebooted', ended: [], gone: true };
    return { state: 'lost', host: new FakeHost(process), proof };
  }

  async remove(host: string): Promise<void> {
    this.processes.delete(host);
  }

  async strays(known: ReadonlySet<string>): Promise<readonly string[]> {
    return [...this.processes.keys()].filter((host) => !known.has(host));
  }

  /** The machine restarts: every agent is gone and nobody saw it end. */
  reboot(): void {
    for (const process of this.processes.values()) process.exit(null, null, false);
  }

  get alive(): readonly FakeProcess[] {
    return [...this.processes.values()].filter((process) => process.alive);
  }
}

/** One daemon's grip on a process. */
class FakeHost implements Host {
  readonly id: string;
  readonly pid: number;
  readonly startTime = 1;
  readonly bootId = bootId;
  readonly ended: Promise<HostExit>;
  readonly #process: FakeProcess;
  readonly #stops: (() => void)[] = [];

  constructor(process: FakeProcess) {
    this.#process = process;
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
    return this.#process.spool.slice(offset, offset + maxBytes);
  }

  onChange(listener: () => void): () => void {
    const stop = this.#process.listen(listener);
    this.#stops.push(stop);
    return stop;
  }

  async write(offset: number, bytes: Uint8Array): Promise<void> {
    this.#process.receive(offset, bytes);
  }

  async inputSize(): Promise<number> {
    return this.#process.input.length;
  }

  async members(): Promise<readonly Member[]> {
    const { pid, alive } = this.#process;
    return alive ? [{ pid, startTime: 1, name: 'agent', role: 'agent', startedAt: 0 }] : [];
  }

  async signal(signal: 'SIGTERM' | 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): Promise<void> {
    if (signal === 'SIGKILL' || (signal === 'SIGTERM' && !this.#process.ignoresTerm)) {
      this.#process.exit(null, signal);
    }
  }

  async sweep(window?: StartWindow): Promise<Proof> {
    const { alive, pid } = this.#process;
    const bounded = window?.startedAfter !== undefined || window?.startedBefore !== undefined;
    if (bounded || !alive) {
      return { method: 'swept', ended: [], gone: true };
    }
    this.#process.exit(null, 'SIGKILL');
    const ended = [{ pid, startTime: 1, name: 'agent', how: 'killed' as const }];
    return { method: 'swept', ended, gone: true };
  }

  async stderrTail(maxBytes: number): Promise<string> {
    return this.#process.stderr.slice(-maxBytes);
  }

  release(): void {
    for (const stop of this.#stops) stop();
  }
}
