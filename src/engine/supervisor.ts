import type { Log } from './log.ts';
import type { HostEnd } from '../domain/decide/host.ts';
import type { Effect } from '../domain/draft.ts';
import type { Proof } from '../domain/entry.ts';
import { limits } from '../domain/limits.ts';
import type { AgentDriver, OpenSpec } from '../ports/agent.ts';
import type { Clock } from '../ports/clock.ts';
import { type Host, type HostExit, type Hosts, LaunchError } from '../ports/hosts.ts';
import type { Store } from '../ports/store.ts';
import type { SessionActor } from './actor.ts';
import type { HostGrip } from './host-grip.ts';
import { climb } from './ladder.ts';

export interface SupervisorContext {
  hosts: Hosts;
  store: Store;
  clock: Clock;
  /** The whole environment of an agent's process. */
  environment: (driver: AgentDriver, spec: OpenSpec) => { readonly [name: string]: string };
  log: Log;
}

/** How a recovered host was found. */
export type Found = 'continued' | 'ended' | 'lost' | 'never-started';

const stderrBytes = 4096;
const sampleMs = 250;

/**
 * Acts on hosts for actors: launches and attaches, ends them, finds them again after a restart. Launch
 * and re-attach are one path from `#attach` on.
 */
export class Supervisor {
  readonly #context: SupervisorContext;
  readonly #launching = new Map<HostGrip, Promise<void>>();

  constructor(context: SupervisorContext) {
    this.#context = context;
  }

  /** Carries out what a committed batch asks for. */
  perform(actor: SessionActor, effect: Effect): Promise<void> {
    switch (effect.type) {
      case 'launch':
        return this.#launch(actor, effect.host);
      case 'climb':
        return this.#climb(actor, effect.run, effect.force);
      case 'sweep':
        return this.#sweepAfter(actor, effect.since);
      case 'stop_host':
        return this.stopHost(actor);
    }
  }

  async #launch(actor: SessionActor, id: string): Promise<void> {
    const { grip } = actor;
    if (grip === null || grip.id !== id) return;
    const launched = this.#start(actor, grip);
    this.#launching.set(grip, launched);
    await launched.finally(() => this.#launching.delete(grip));
  }

  async #start(actor: SessionActor, grip: HostGrip): Promise<void> {
    const { program, args } = grip.driver.program(grip.spec);
    const env = this.#context.environment(grip.driver, grip.spec);
    try {
      const spec = { host: grip.id, program, args, cwd: grip.spec.cwd, env };
      this.#attach(actor, grip, await this.#context.hosts.launch(spec));
    } catch (error) {
      const message = error instanceof Error ? error.message : 'The agent could not be started.';
      if (!(error instanceof LaunchError))
        this.#context.log('host.launch', { host: grip.id, message });
      this.#over(actor, grip, {
        ...nothingKnown,
        neverStarted: true,
        error: { category: 'launch', message },
      });
    }
  }

  /** Takes a working or ended host into the actor's grip. */
  #attach(actor: SessionActor, grip: HostGrip, host: Host): void {
    grip.host = host;
    grip.queueWrite(
      () => this.#offerInputs(grip, host),
      (message) => this.#context.log('host.write', { host: grip.id, message }),
    );
    host.onChange(() => actor.wake());
    host.ended.then(
      (exit) => this.#ended(actor, grip, exit),
      (error: unknown) =>
        this.#context.log('host.ended', { host: grip.id, message: String(error) }),
    );
    this.#expectOpen(actor, grip);
    actor.wake();
  }

  /** Everything that the store has for this host's input and its file does not. */
  async #offerInputs(grip: HostGrip, host: Host): Promise<void> {
    const page = 1024 * 1024;
    let offset = await host.inputSize();
    for (;;) {
      const bytes = await this.#context.store.hostInputs(grip.id, offset, page);
      if (bytes.length === 0) return;
      await host.write(offset, bytes);
      offset += bytes.length;
    }
  }

  /** A host that never says that it is open has failed. */
  #expectOpen(actor: SessionActor, grip: HostGrip): void {
    const opening = (): boolean => actor.grip === grip && actor.state.host?.phase === 'launched';
    if (!opening()) return;
    this.#context.clock.after(limits.openMs, () => {
      if (!opening() || grip.end !== null) return;
      const seconds = limits.openMs / 1000;
      grip.error = { category: 'launch', message: `The agent was not ready within ${seconds} s.` };
      this.#end(grip);
    });
  }

  async #ended(actor: SessionActor, grip: HostGrip, exit: HostExit): Promise<void> {
    const host = grip.host!;
    const busy = actor.state.run !== null || grip.killed;
    const proof = busy ? await host.sweep() : undefined;
    this.#over(actor, grip, {
      exitCode: exit.exitCode,
      signal: exit.signal,
      killed: grip.killed,
      lost: !exit.witnessed && !grip.killed,
      neverStarted: false,
      stderr: await host.stderrTail(stderrBytes),
      ...(grip.error === null ? {} : { error: grip.error }),
      ...(proof === undefined ? {} : { proof }),
    });
  }

  #over(actor: SessionActor, grip: HostGrip, end: HostEnd): void {
    grip.end = end;
    actor.wake();
  }

  async #climb(actor: SessionActor, run: string, force: boolean): Promise<void> {
    const { grip } = actor;
    if (grip === null) return;
    await this.#launching.get(grip);
    const { host } = grip;
    if (host === null || grip.end !== null) return;
    const ended = actor.runEnded(run);
    await climb(host, {
      force,
      ended,
      clock: this.#context.clock,
      onKill: () => (grip.killed = true),
    });
  }

  /** Ends what a cancelled run left running, while its host lives on; says what it ended. */
  async #sweepAfter(actor: SessionActor, since: string): Promise<void> {
    const host = actor.grip?.host;
    if (host === undefined || host === null || actor.grip?.end !== null) return;
    const proof = await host.sweep({ startedAfter: Date.parse(since) });
    if (proof.ended.length === 0) return;
    const names = proof.ended.map((item) => `${item.name} (${item.pid})`).join(', ');
    await actor.post({
      command: {
        type: 'note',
        code: 'swept',
        text: `Ended after the abort: ${names}.`,
        data: asJson(proof),
      },
      by: { type: 'server' },
      ownId: false,
    });
  }

  /** Ends the session's host, whatever it does; resolves when its end is stored. */
  async stopHost(actor: SessionActor): Promise<void> {
    const { grip } = actor;
    if (grip === null) return;
    await this.#launching.get(grip);
    this.#end(grip);
  }

  #end(grip: HostGrip): void {
    grip.host?.sweep().catch((error: unknown) => {
      this.#context.log('host.sweep', { host: grip.id, message: String(error) });
    });
  }

  /**
   * Looks at a host's processes while a tool call changes: one that later leaves its session and drops its
   * environment is then known as a descendant, and a sweep finds it.
   */
  sample(actor: SessionActor): void {
    const { grip } = actor;
    if (grip === null || grip.host === null || grip.end !== null) return;
    const now = this.#context.clock.monotonic();
    if (now - grip.sampledAt < sampleMs) return;
    grip.sampledAt = now;
    grip.host.members().catch((error: unknown) => {
      this.#context.log('host.members', { host: grip.id, message: String(error) });
    });
  }

  /**
   * A spool lives as long as its host, so it has a limit: above the first a host is started anew while
   * nothing goes on in it, above the second its run ends.
   */
  limitSpool(actor: SessionActor): void {
    const { grip } = actor;
    if (grip === null || grip.error !== null || grip.position < limits.spoolSoftBytes) return;
    if (grip.position > limits.spoolHardBytes) {
      const gib = limits.spoolHardBytes / 1024 ** 3;
      grip.error = { category: 'limit', message: `The agent wrote more than ${gib} GiB.` };
      this.#end(grip);
    } else if (actor.state.run === null) {
      this.#recycle(actor, grip);
    }
  }

  /** Commands wait from here on until the host has ended, so that no prompt goes to one that dies. */
  #recycle(actor: SessionActor, grip: HostGrip): void {
    const { host } = grip;
    if (host === null || grip.end !== null || grip.retiring) return;
    grip.retiring = true;
    const recycle = async (): Promise<void> => {
      try {
        const members = await host.members();
        if (members.some((member) => member.role === 'descendant')) grip.retiring = false;
        else await host.sweep();
      } catch (error) {
        grip.retiring = false;
        throw error;
      } finally {
        actor.wake();
      }
    };
    recycle().catch((error: unknown) => {
      this.#context.log('host.recycle', { host: grip.id, message: String(error) });
    });
  }

  /** Finds out after a restart what became of the actor's host, and goes on from there. */
  async recover(actor: SessionActor, grip: HostGrip): Promise<Found> {
    const recovered = await this.#context.hosts.recover(grip.id);
    switch (recovered.state) {
      case 'never-started':
        this.#over(actor, grip, { ...nothingKnown, neverStarted: true });
        return 'never-started';
      case 'found':
        this.#attach(actor, grip, recovered.host);
        this.#resumeLadder(actor);
        return 'continued';
      case 'lost':
        grip.host = recovered.host;
        this.#over(actor, grip, {
          ...nothingKnown,
          lost: true,
          proof: recovered.proof,
          stderr: await recovered.host.stderrTail(stderrBytes),
        });
        return 'lost';
    }
  }

  /** An abort that was under way is climbed again from its first step. */
  #resumeLadder(actor: SessionActor): void {
    const { run } = actor.state;
    if (run?.state !== 'stopping') return;
    this.#climb(actor, run.id, run.abort?.force ?? false).catch((error: unknown) => {
      this.#context.log('host.climb', { session: actor.id, message: String(error) });
    });
  }
}

const nothingKnown: HostEnd = {
  exitCode: null,
  signal: null,
  killed: false,
  lost: false,
  neverStarted: false,
  stderr: '',
};

function asJson(proof: Proof): {
  method: string;
  ended: { pid: number; name: string; how: string }[];
} {
  return {
    method: proof.method,
    ended: proof.ended.map(({ pid, name, how }) => ({ pid, name, how })),
  };
}
