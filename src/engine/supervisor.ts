import type { Log } from './log.ts';
import type { HostEnd } from '../domain/decide/host.ts';
import type { Command } from '../domain/command.ts';
import type { Effect } from '../domain/draft.ts';
import type { HostEndReason, Proof, RunFailure } from '../domain/entry.ts';
import { limits } from '../domain/limits.ts';
import { RefusalError } from '../domain/refusal.ts';
import { secretName, type Secrets } from '../domain/settings.ts';
import type { AgentDriver, OpenSpec } from '../ports/agent.ts';
import type { Clock } from '../ports/clock.ts';
import { type Host, type HostExit, type Hosts, LaunchError } from '../ports/hosts.ts';
import type { Store } from '../ports/store.ts';
import type { SessionActor } from './actor.ts';
import type { HostGrip } from './host-grip.ts';
import { endHost } from './ladder.ts';
import { within } from './within.ts';

export interface SupervisorContext {
  hosts: Hosts;
  store: Store;
  clock: Clock;
  /** The whole environment of an agent's process, asked for once, when the host's row is stored. */
  environment: (
    driver: AgentDriver,
    spec: OpenSpec,
    /** The session's own variables. */
    variables: { readonly [name: string]: string },
  ) => Promise<{ readonly [name: string]: string }>;
  /** Rejects with a refusal where no agent may work there. */
  checkDirectory: (path: string) => Promise<unknown>;
  /** Whether the disk is so full that the spool may be torn. */
  shortOfSpace: () => Promise<boolean>;
  log: Log;
}

/** How a recovered host was found. */
export type Found = 'continued' | 'lost' | 'never-started';

const stderrBytes = 4096;
const sampleMs = 250;
const retryMs = 1000;

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
        return this.#sweepAfter(actor, effect);
      case 'stop_host':
        return this.stopHost(actor, 'failed');
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
    try {
      await this.#checkDirectory(grip.spec.cwd);
      const secrets = await this.#context.store.secrets(grip.spec.session);
      const variables = variablesOf(grip.spec.env, secrets);
      const env = await this.#context.environment(grip.driver, grip.spec, variables);
      const files = grip.driver.files?.(grip.spec, secrets) ?? [];
      const spec = { host: grip.id, program, args, files, cwd: grip.spec.cwd, env };
      this.#attach(actor, grip, await this.#context.hosts.launch(spec));
    } catch (error) {
      const message = launchMessage(error, grip.driver.profile.install);
      if (!(error instanceof LaunchError))
        this.#context.log('host.launch', { host: grip.id, message });
      this.#over(actor, grip, {
        ...nothingKnown,
        neverStarted: true,
        error: { category: 'launch', message },
      });
    }
  }

  /** It was looked at when the session was made, but not that of an imported one, and it may have gone. */
  async #checkDirectory(cwd: string): Promise<void> {
    await this.#context.checkDirectory(cwd).catch((error: unknown) => {
      throw error instanceof RefusalError ? new LaunchError('missing-cwd', error.message) : error;
    });
  }

  /** Takes a working or ended host into the actor's grip. */
  #attach(actor: SessionActor, grip: HostGrip, host: Host): void {
    grip.host = host;
    this.#offerInputs(grip, host);
    host.onChange(() => actor.wake());
    const ended = (exit: HostExit): void => {
      grip.exit = exit;
      actor.wake();
    };
    host.ended.then(ended).catch((error: unknown) => this.#failed('host.ended', grip, error));
    this.#expectOpen(actor, grip);
    actor.wake();
  }

  /** Everything that the store has for this host's input and its file does not; again until it is written. */
  #offerInputs(grip: HostGrip, host: Host): void {
    const page = 1024 * 1024;
    const offer = async (): Promise<void> => {
      let offset = await host.inputSize();
      for (;;) {
        // Before the last look: what is committed from here on is written by itself, after this.
        grip.offered();
        const bytes = await this.#context.store.hostInputs(grip.id, offset, page);
        if (bytes.length === 0) return;
        await host.write(offset, bytes);
        offset += bytes.length;
      }
    };
    grip.queueWrite(offer, (message) => this.inputFailed(grip, message));
  }

  /** The file could not be written, on a full disk perhaps: everything is offered again after a while. */
  inputFailed(grip: HostGrip, message: string): void {
    const { host } = grip;
    this.#context.log('host.write', { host: grip.id, message });
    if (host === null || grip.exit !== null) return;
    this.#context.clock.after(retryMs, () => this.#offerInputs(grip, host));
  }

  /** A host that never says that it is open has failed. */
  #expectOpen(actor: SessionActor, grip: HostGrip): void {
    const opening = (): boolean => actor.grip === grip && actor.state.host?.phase === 'launched';
    if (!opening()) return;
    this.#context.clock.after(limits.openMs, () => {
      if (!opening() || grip.exit !== null) return;
      const message = `The agent was not ready within ${limits.openMs / 1000} s.`;
      this.#inBackground(
        grip,
        this.#end(actor, grip, { reason: 'failed', error: { category: 'launch', message } }),
      );
    });
  }

  /**
   * The agent has ended and its spool is drained: what it leaves in mid-run, or was to be ended with, goes;
   * then the actor decides the end.
   */
  conclude(actor: SessionActor): void {
    const { grip } = actor;
    if (grip === null || grip.exit === null || grip.concluding || grip.end !== null) return;
    grip.concluding = true;
    this.#inBackground(grip, this.#conclude(actor, grip, grip.exit));
  }

  async #conclude(actor: SessionActor, grip: HostGrip, exit: HostExit): Promise<void> {
    const { host } = grip;
    const condemned = actor.state.host?.phase === 'ending';
    const end: HostEnd = {
      ...nothingKnown,
      exitCode: exit.exitCode,
      signal: exit.signal,
      lost: !exit.witnessed && !condemned,
    };
    try {
      if (host !== null && (actor.state.run !== null || condemned)) end.proof = await host.sweep();
      end.stderr = (await host?.stderrTail(stderrBytes)) ?? '';
      end.noSpace = grip.torn && (await this.#context.shortOfSpace());
    } catch (error) {
      // The end is told all the same, without what could not be found out.
      this.#failed('host.conclude', grip, error);
    }
    this.#over(actor, grip, end);
  }

  #over(actor: SessionActor, grip: HostGrip, end: HostEnd): void {
    grip.exit ??= { exitCode: end.exitCode, signal: end.signal, witnessed: false };
    grip.end = end;
    actor.wake();
  }

  /** The ladder: the agent was asked with the intent; when that does not help, its host is ended. */
  async #climb(actor: SessionActor, run: string, force: boolean): Promise<void> {
    const { grip } = actor;
    if (grip === null) return;
    await this.#launching.get(grip);
    const { clock } = this.#context;
    if (!force && (await within(actor.runEnded(run), limits.cancelMs, clock))) return;
    await this.#end(actor, grip, { reason: 'ladder', terminate: !force });
  }

  /** Ends what a cancelled run left running, while its host lives on; says what it ended. */
  async #sweepAfter(
    actor: SessionActor,
    effect: Extract<Effect, { type: 'sweep' }>,
  ): Promise<void> {
    const { grip } = actor;
    if (grip === null || grip.host === null || grip.exit !== null) return;
    const startedAfter = Date.parse(effect.since);
    const startedBefore = Date.parse(effect.until);
    const proof = await grip.host.sweep({ startedAfter, startedBefore });
    if (proof.ended.length === 0) return;
    const names = proof.ended.map((item) => `${item.name} (${item.pid})`).join(', ');
    const text = `Ended after the abort: ${names}.`;
    await this.#post(actor, { type: 'note', code: 'swept', text, data: asJson(proof) });
  }

  /** Ends the session's host, whatever it does. */
  async stopHost(actor: SessionActor, reason: 'stop' | 'failed'): Promise<void> {
    const { grip } = actor;
    if (grip === null) return;
    await this.#launching.get(grip);
    await this.#end(actor, grip, { reason });
  }

  /** The intent into the log, then the steps; where it cannot be written (a full disk) the host ends all the same. */
  async #end(actor: SessionActor, grip: HostGrip, how: Ending): Promise<void> {
    const { host } = grip;
    const { reason, error, terminate } = how;
    if (host === null || grip.exit !== null || (grip.condemned && terminate === true)) return;
    grip.condemned = true;
    const cause = error === undefined ? {} : { error };
    try {
      await this.#post(actor, { type: 'condemn', host: grip.id, reason, ...cause });
    } catch (refused) {
      this.#failed('host.condemn', grip, refused);
    }
    if ((reason === 'recycle' || reason === 'idle') && actor.state.host?.phase !== 'ending') {
      grip.condemned = false;
      return;
    }
    const { clock, log } = this.#context;
    const left = await endHost(host, { terminate: terminate ?? false, clock, log });
    if (left !== null && grip.exit === null)
      this.#over(actor, grip, { ...nothingKnown, proof: left });
  }

  async #post(actor: SessionActor, command: Command): Promise<void> {
    await actor.post({ command, by: { type: 'server' }, ownId: false });
  }

  /**
   * Looks at a host's processes while a tool call changes: one that later leaves its session and drops its
   * environment is then known as a descendant, and a sweep finds it.
   */
  sample(actor: SessionActor): void {
    const { grip } = actor;
    if (grip === null || grip.host === null || grip.exit !== null) return;
    const now = this.#context.clock.monotonic();
    if (now - grip.sampledAt < sampleMs) return;
    grip.sampledAt = now;
    this.#inBackground(grip, grip.host.members());
  }

  /**
   * A spool lives as long as its host, so it has a limit: above the first a host is started anew while
   * nothing goes on in it, above the second its run ends.
   */
  limitSpool(actor: SessionActor): void {
    const { grip } = actor;
    if (grip === null || grip.condemned || grip.position < limits.spoolSoftBytes) return;
    if (grip.position > limits.spoolHardBytes) {
      const message = `The agent wrote more than ${limits.spoolHardBytes / 1024 ** 3} GiB.`;
      const error = { category: 'limit', message } as const;
      this.#inBackground(grip, this.#end(actor, grip, { reason: 'limit', error }));
    } else if (actor.state.run === null) {
      this.#inBackground(grip, this.rest(actor, 'recycle'));
    }
  }

  /**
   * Stops a host that is idle, and tells whether it did: one in which something that the agent started still
   * works is not.
   */
  async rest(actor: SessionActor, reason: 'recycle' | 'idle'): Promise<boolean> {
    const { grip } = actor;
    if (grip === null || grip.host === null || grip.exit !== null || grip.condemned) return true;
    const members = await grip.host.members();
    const opened = await this.#openedAt(actor, grip.id);
    const works = members.some(
      ({ role, startedAt }) => role === 'descendant' && startedAt > opened,
    );
    if (works || actor.state.run !== null) return false;
    await this.#end(actor, grip, { reason, terminate: true });
    return true;
  }

  /**
   * When the agent was ready: what it had started by then it needs itself, such as the agent behind an
   * adapter. Before all time where that is not known.
   */
  async #openedAt({ id: session }: SessionActor, host: string): Promise<number> {
    const query = { session, before: Number.MAX_SAFE_INTEGER, kinds: ['host'] } as const;
    const page = await this.#context.store.history({ ...query, limit: 10, maxBytes: 64 * 1024 });
    // The first of them: one that begins a new conversation later has started nothing by that.
    const opened = page.entries.findLast(
      ({ kind, data }) =>
        kind === 'host' &&
        data.host === host &&
        data.state === 'opened' &&
        data.nativeId !== undefined,
    );
    return opened === undefined ? 0 : Date.parse(opened.at);
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
        this.#resumeLadder(actor, grip);
        return 'continued';
      case 'lost': {
        grip.host = recovered.host;
        const stderr = await recovered.host.stderrTail(stderrBytes);
        const { proof } = recovered;
        this.#over(actor, grip, { ...nothingKnown, lost: true, proof, stderr });
        return 'lost';
      }
    }
  }

  /** An end that was under way goes on: an abort from its first step, a condemned host from its last. */
  #resumeLadder(actor: SessionActor, grip: HostGrip): void {
    const { run, host } = actor.state;
    if (host?.phase === 'ending') {
      this.#inBackground(grip, this.#end(actor, grip, { reason: 'ladder' }));
    } else if (run?.state === 'stopping') {
      this.#inBackground(grip, this.#climb(actor, run.id, run.abort?.force ?? false));
    }
  }

  /** Work that nobody waits for: its failure is logged. */
  #inBackground(grip: HostGrip, work: Promise<unknown>): void {
    work.catch((error: unknown) => this.#failed('host', grip, error));
  }

  #failed(event: string, grip: HostGrip, error: unknown): void {
    this.#context.log(event, { host: grip.id, message: String(error) });
  }
}

/** What a person reads of an agent that could not be started, with what there is to do. */
function launchMessage(error: unknown, install: string): string {
  if (!(error instanceof Error)) return 'The agent could not be started.';
  const isMissing = error instanceof LaunchError && error.reason === 'missing-program';
  return isMissing ? `${error.message}; to install it: ${install}` : error.message;
}

interface Ending {
  reason: HostEndReason;
  /** By which its run fails. */
  error?: RunFailure;
  /** SIGTERM first. */
  terminate?: boolean;
}

/** The session's own variables, as far as their values are here. */
export function variablesOf(
  names: readonly string[],
  secrets: Secrets,
): { [name: string]: string } {
  const known = names.flatMap((name) => {
    const value = secrets[secretName(name)];
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(known);
}

const nothingKnown: HostEnd = {
  exitCode: null,
  signal: null,
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
