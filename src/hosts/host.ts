import type { Proof } from '../domain/entry.ts';
import type { Host, HostExit, Member, StartWindow } from '../ports/hosts.ts';
import { type ProcessId, readExit, readGroup } from './directory/claim.ts';
import { exitOfStatus } from './directory/exit-status.ts';
import type { HostPaths } from './directory/layout.ts';
import { Input } from './input/input.ts';
import type { Processes } from './platform/processes.ts';
import { Spool } from './spool/spool.ts';
import { Crew, type Roots } from './sweep/crew.ts';
import { type HostSignal, inUse, send } from './sweep/signal.ts';
import { key, startedWithin, sweep, type Toll } from './sweep/sweep.ts';
import type { DirectoryWatch } from './watch/directory-watch.ts';

/** A report of what went wrong where nobody waits for an answer. */
export type Warn = (what: string, error: unknown) => void;

export interface HostContext {
  readonly id: string;
  readonly paths: HostPaths;
  readonly wrapper: ProcessId;
  readonly bootId: string;
  /** Its processes were those of another boot: their numbers are other processes now. */
  readonly otherBoot: boolean;
  readonly processes: Processes;
  readonly warn: Warn;
}

const unwitnessed: HostExit = { exitCode: null, signal: null, witnessed: false };

/**
 * One daemon's grip on one host. It keeps nothing that could not be found out again: what the processes and
 * the files of the host say is what is true.
 */
export class AttachedHost implements Host {
  readonly id: string;
  readonly pid: number;
  readonly startTime: number;
  readonly bootId: string;
  readonly ended: Promise<HostExit>;
  readonly #context: HostContext;
  readonly #spool: Spool;
  readonly #errors: Spool;
  readonly #input: Input;
  readonly #crew: Crew;
  readonly #toll: Toll = new Map();
  readonly #watch: DirectoryWatch;
  readonly #listeners = new Set<() => void>();
  readonly #settle: (exit: HostExit) => void;
  #looking = false;
  #lookAgain = false;
  #settled = false;
  #lastSize = 0;
  #released = false;

  constructor(context: HostContext, watch: DirectoryWatch) {
    const { id, paths, wrapper, bootId, processes } = context;
    this.id = id;
    this.pid = wrapper.pid;
    this.startTime = wrapper.startTime;
    this.bootId = bootId;
    this.#context = context;
    this.#spool = new Spool(paths.spool);
    this.#errors = new Spool(paths.errors);
    this.#input = new Input(paths.input);
    this.#crew = new Crew(processes, { host: id, wrapper });
    const { promise, resolve } = Promise.withResolvers<HostExit>();
    this.ended = promise;
    this.#settle = resolve;
    this.#watch = watch;
    watch.listen({ changed: (names) => this.#changed(names), poll: (how) => this.#poll(how) });
  }

  /** Learns who the agent is, and whether it has ended already. */
  async attach(): Promise<this> {
    await this.#learnGroup();
    await this.#checkEnd();
    return this;
  }

  size(): Promise<number> {
    return this.#spool.size();
  }

  read(offset: number, maxBytes: number): Promise<Uint8Array> {
    return this.#spool.read(offset, maxBytes);
  }

  onChange(listener: () => void): () => void {
    // A function of its own: the same listener given twice is two listeners.
    const entry = (): void => listener();
    this.#listeners.add(entry);
    return () => this.#listeners.delete(entry);
  }

  write(offset: number, bytes: Uint8Array): Promise<void> {
    return this.#input.write(offset, bytes);
  }

  inputSize(): Promise<number> {
    return this.#input.size();
  }

  async members(): Promise<readonly Member[]> {
    if (this.#context.otherBoot) return [];
    await this.#learnGroup();
    return this.#crew.look();
  }

  async signal(signal: HostSignal): Promise<void> {
    const agent = await this.#signalledGroup();
    if (agent === undefined) return;
    if (signal === 'SIGTERM' || signal === 'SIGKILL') await this.#note(agent, signal);
    send(-agent, signal);
    // A stopped process takes SIGTERM only when it goes on.
    if (signal === 'SIGTERM') send(-agent, 'SIGCONT');
  }

  async sweep(window: StartWindow = {}): Promise<Proof> {
    if (this.#context.otherBoot) return { method: 'rebooted', ended: [], gone: true };
    await this.#learnGroup();
    const { processes } = this.#context;
    const wanted = startedWithin(window, processes.startGrainMs);
    // Only the proof of a whole sweep is that of the host: it names whom earlier steps have ended, too.
    const toll = wanted === undefined ? this.#toll : undefined;
    const proof = await sweep(this.#crew, processes, wanted ?? ((): boolean => true), toll);
    await this.#checkEnd();
    return proof;
  }

  async stderrTail(maxBytes: number): Promise<string> {
    const size = await this.#errors.size();
    const bytes = await this.#errors.read(Math.max(0, size - maxBytes), maxBytes);
    return new TextDecoder().decode(bytes);
  }

  release(): void {
    this.#released = true;
    this.#watch.close();
    this.#listeners.clear();
    for (const file of [this.#spool, this.#errors, this.#input]) {
      file.close().catch((error: unknown) => {
        this.#context.warn(`cannot close the files of host ${this.id}`, error);
      });
    }
  }

  /**
   * The agent's group, made sure not to be another's by now: the agent lives, or some process that is known
   * to be of this host is still in the group.
   */
  async #signalledGroup(): Promise<number | undefined> {
    if (this.#context.otherBoot) return undefined;
    await this.#learnGroup();
    const { agent } = this.#crew.roots;
    if (agent?.startTime === undefined) return undefined;
    const { processes } = this.#context;
    if ((await processes.startTime(agent.pid)) === agent.startTime) return agent.pid;
    const members = new Set((await this.#crew.look()).map((member) => member.pid));
    const samples = await processes.list();
    const left = samples.some(({ pid, group }) => group === agent.pid && members.has(pid));
    return left ? agent.pid : undefined;
  }

  /**
   * Remembers who is about to be ended, for the proof. The look also learns of descendants that nobody
   * could tell to be of this host once their parent is gone.
   */
  async #note(group: number, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const members = new Map((await this.#crew.look()).map((member) => [key(member), member]));
    const how = signal === 'SIGTERM' ? 'terminated' : 'killed';
    for (const sample of await this.#context.processes.list()) {
      const member = members.get(key(sample));
      if (member !== undefined && sample.group === group)
        this.#toll.set(key(member), { member, how });
    }
  }

  /** Pids of a living wrapper's children are theirs until it has seen them end, and then it writes `exit`. */
  async #learnGroup(): Promise<void> {
    if (this.#crew.roots.agent !== undefined) return;
    const { paths, processes, wrapper } = this.#context;
    const group = await readGroup(paths);
    if (group === undefined) return;
    const [agent, relay] = await Promise.all([
      processes.startTime(group.agent),
      processes.startTime(group.relay),
    ]);
    const wrapperLives = (await processes.startTime(wrapper.pid)) === wrapper.startTime;
    const exit = await readExit(paths);
    const sure = wrapperLives && exit === undefined;
    const roots: Roots = { host: this.id, wrapper };
    this.#crew.roots = {
      ...roots,
      agent:
        sure && agent !== undefined ? { pid: group.agent, startTime: agent } : { pid: group.agent },
      ...(sure && relay !== undefined ? { relay: { pid: group.relay, startTime: relay } } : {}),
      ...(exit === undefined ? {} : { endedAt: exit.writtenAt }),
    };
  }

  /** While the wrapper lives: later nobody could tell whose pids they are. */
  #learnGroupSoon(): void {
    this.#learnGroup().catch((error: unknown) => {
      this.#failed(`cannot look for the agent of host ${this.id}`, error);
    });
  }

  #changed(names: ReadonlySet<string>): void {
    if (names.has('exit')) this.#checkEndSoon();
    if (names.has('group')) this.#learnGroupSoon();
    if (names.has('out.ndjson')) this.#tell();
  }

  /**
   * That the wrapper's pid is in use is cheap to know, and nearly always says enough. Not every time: it may
   * be another's by now, or that of a zombie which nobody waits for.
   */
  #poll({ thorough, blind }: { thorough: boolean; blind: boolean }): void {
    if (!this.#settled && (thorough || !inUse(this.pid))) this.#checkEndSoon();
    if (!thorough && !blind) return;
    this.#spool.size().then(
      (size) => {
        if (size !== this.#lastSize) this.#tell();
        this.#lastSize = size;
      },
      (error: unknown) => this.#failed(`cannot look at the spool of host ${this.id}`, error),
    );
  }

  /** A look that was under way when the host was released finds its files closed: that is no news. */
  #failed(what: string, error: unknown): void {
    if (!this.#released) this.#context.warn(what, error);
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }

  #checkEndSoon(): void {
    this.#checkEnd().catch((error: unknown) => {
      this.#failed(`cannot look whether host ${this.id} has ended`, error);
    });
  }

  /** One look at a time; a call during one makes another after it. */
  async #checkEnd(): Promise<void> {
    this.#lookAgain = true;
    if (this.#looking) return;
    this.#looking = true;
    try {
      while (this.#lookAgain && !this.#settled) {
        this.#lookAgain = false;
        const exit = await this.#findEnd();
        if (exit === undefined) continue;
        this.#settled = true;
        this.#settle(exit);
        this.#tell();
      }
    } finally {
      this.#looking = false;
    }
  }

  /**
   * `exit` says it all. Without it the agent has ended only if neither the wrapper nor the agent is left;
   * an agent whose wrapper was killed goes on.
   */
  async #findEnd(): Promise<HostExit | undefined> {
    const { paths, processes, wrapper, otherBoot } = this.#context;
    const written = await this.#readEnd(paths);
    if (written !== undefined) return written;
    if (otherBoot) return unwitnessed;
    if ((await processes.startTime(wrapper.pid)) === wrapper.startTime) return undefined;
    const { agent } = this.#crew.roots;
    const agentNow = agent === undefined ? undefined : await processes.startTime(agent.pid);
    if (agentNow !== undefined && agentNow === agent?.startTime) return undefined;
    return (await this.#readEnd(paths)) ?? unwitnessed;
  }

  async #readEnd(paths: HostPaths): Promise<HostExit | undefined> {
    const exit = await readExit(paths);
    if (exit === undefined) return undefined;
    this.#crew.roots = { ...this.#crew.roots, endedAt: exit.writtenAt };
    return exitOfStatus(exit.status);
  }
}
