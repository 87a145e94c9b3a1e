import type { Log } from './log.ts';
import type { Answer, Sent } from '../domain/decide/command.ts';
import type { ContentBlock } from '../domain/content.ts';
import type { By, Entry, RunEnded } from '../domain/entry.ts';
import { smallBlocks } from '../domain/externalise.ts';
import { canonicalKey } from '../domain/key.ts';
import { refuse, RefusalError } from '../domain/refusal.ts';
import { rowOf } from '../domain/row.ts';
import type { SessionState } from '../domain/session-state.ts';
import type { AgentDriver, AgentProfile, OpenSpec } from '../ports/agent.ts';
import type { Clock } from '../ports/clock.ts';
import type { Hosts } from '../ports/hosts.ts';
import type { Store } from '../ports/store.ts';
import type { SessionActor } from './actor.ts';
import { blobCollector, type DecodeLarge } from './decode.ts';
import type {
  AbortAnswer,
  AbortInput,
  AgentView,
  CreateAnswer,
  CreateInput,
  DecideAnswer,
  DecideInput,
  Engine,
  FeedOptions,
  HostView,
  ListFilter,
  OpenedFeed,
  OpenedList,
  SendAnswer,
  SendInput,
  ShutRun,
  StartReport,
} from './engine.ts';
import type { FeedSink } from './frames.ts';
import { within } from './ladder.ts';
import { ListHub } from './list-hub.ts';
import { recoverAll, type Recovery } from './recovery.ts';
import { Registry } from './registry.ts';
import { Supervisor } from './supervisor.ts';
import { Timeouts } from './timeouts.ts';

export interface EngineOptions {
  store: Store;
  hosts: Hosts;
  clock: Clock;
  drivers: readonly AgentDriver[];
  defaultAgent: string;
  /** Directory of sessions that name none; null refuses them. */
  defaultCwd: string | null;
  /** Resolves to the real path of an existing directory that may be used; rejects with a refusal. */
  checkDirectory(path: string): Promise<string>;
  environment: (driver: AgentDriver, spec: OpenSpec) => { readonly [name: string]: string };
  decodeLarge: DecodeLarge;
  log: Log;
}

const abortWaitMs = 60_000;
const stopMs = 15_000;

/** Starts the engine: finds what became of the hosts of an earlier daemon, and serves. */
export function createEngine(options: EngineOptions): SessionEngine {
  return new SessionEngine(options);
}

export class SessionEngine implements Engine {
  readonly #options: EngineOptions;
  readonly #registry: Registry;
  readonly #supervisor: Supervisor;
  readonly #lists: ListHub;
  readonly #timeouts: Timeouts;
  readonly #recovery: Recovery;

  constructor(options: EngineOptions) {
    const { store, hosts, clock, environment, decodeLarge, log } = options;
    this.#options = options;
    this.#lists = new ListHub(clock);
    this.#timeouts = new Timeouts(clock, log);
    this.#supervisor = new Supervisor({ hosts, store, clock, environment, log });
    this.#registry = new Registry({
      store,
      clock,
      supervisor: this.#supervisor,
      driver: (agent) => this.#driver(agent),
      decodeLarge,
      committed: (actor, entries) => {
        this.#lists.changed(actor.state, entries);
        this.#timeouts.look(actor);
        if (entries.some((entry) => entry.kind === 'tool_call')) this.#supervisor.sample(actor);
        for (const entry of entries) {
          if (entry.kind === 'host' && entry.data.state === 'ended')
            this.#removeHost(entry.data.host);
        }
      },
      log,
    });
    this.#recovery = recoverAll({
      store,
      hosts,
      registry: this.#registry,
      timeouts: this.#timeouts,
      log,
    });
  }

  /** Resolves when every session with a host has been found again. */
  get recovered(): Promise<void> {
    return this.#recovery.done;
  }

  get started(): StartReport {
    return this.#recovery.report;
  }

  get agents(): { default: string; list: readonly AgentView[] } {
    const list = this.#options.drivers.map(({ profile }) => agentView(profile));
    return { default: this.#options.defaultAgent, list };
  }

  async find(name: string): Promise<string> {
    if (this.#registry.has(name)) return name;
    const rows = await this.#options.store.resolve(name);
    const key = name.includes(':') ? keyOrNull(name) : null;
    for (const { session, row } of rows) {
      if (session === name) return session;
      if (key !== null && (JSON.parse(row) as { key: string | null }).key === key) return session;
    }
    if (key !== null && key !== name) return this.find(key);
    throw refuse('not_found', 'No session has that id or key.', { field: 'session' });
  }

  async create(input: CreateInput, by: By): Promise<CreateAnswer> {
    const { clock } = this.#options;
    const changes = await this.#settings(input.changes);
    const session = input.id ?? clock.newId();
    const actor = await this.#registry.create(session, changes.agent!);
    if (actor === null) return this.#existing(session, input, by);
    try {
      const small = input.prompt && (await this.#smaller(input.prompt.content));
      const prompt = small && {
        type: 'send' as const,
        id: input.prompt?.id ?? clock.newId(),
        content: small,
        delivery: 'queue' as const,
        allowInterrupt: false,
      };
      const outcome = await actor.post({
        command: { type: 'create', changes, ...(prompt === undefined ? {} : { prompt }) },
        by,
        ownId: false,
        ...(input.prompt === undefined ? {} : { whole: input.prompt.content }),
      });
      const answer = outcome.answer as Extract<Answer, { type: 'created' }>;
      const sent = answer.sent && createdPrompt(answer.sent, outcome.seqOf(answer.sent.entry));
      return {
        row: rowOf(outcome.state),
        created: true,
        ...(sent === undefined ? {} : { prompt: sent }),
      };
    } catch (error) {
      this.#registry.discard(actor);
      const taken =
        changes.key !== undefined && isConflict(error) ? await this.#keyed(changes.key) : null;
      if (taken !== null) return this.#existing(taken, input, by);
      throw error;
    }
  }

  async send(session: string, input: SendInput, by: By): Promise<SendAnswer> {
    const actor = await this.#registry.get(session);
    const { id, content, ...rest } = input;
    const command = {
      type: 'send' as const,
      id: id ?? this.#options.clock.newId(),
      content: await this.#smaller(content),
      ...rest,
    };
    const outcome = await actor.post({ command, by, ownId: id !== undefined, whole: content });
    const { answer, state } = outcome;
    const entry = { id: command.id, seq: outcome.seqOf(command.id) };
    const known = { key: state.key, entry, queued: state.queue.length };
    if (answer.type === 'duplicate') {
      return { ...known, duplicate: true, ...(await this.#fate(state, entry)) };
    }
    const { type: _type, entry: _entry, ...sent } = answer as Sent;
    return { ...known, duplicate: false, ...sent };
  }

  async abort(session: string, input: AbortInput, by: By): Promise<AbortAnswer> {
    const actor = await this.#registry.get(session);
    const { wait, ...asked } = input;
    const command = { type: 'abort' as const, reason: 'asked' as const, ...asked };
    const { answer, state } = await actor.post({ command, by, ownId: false });
    const { run, queued } = answer as Extract<Answer, { type: 'aborting' }>;
    const { key } = state;
    if (run === null) return { key, status: 'no-active-run', queued };
    const waits = wait || input.force;
    const over = waits && (await within(actor.runEnded(run), abortWaitMs, this.#options.clock));
    const ended = over || state.run?.id !== run ? await this.#terminal(session, run) : null;
    if (ended === null) return { key, run, status: 'stopping', queued };
    const proof = ended.proof === undefined ? {} : { proof: ended.proof };
    return {
      key,
      run,
      status: 'aborted',
      outcome: ended.outcome,
      queued: actor.state.queue.length,
      ...proof,
    };
  }

  async decide(session: string, input: DecideInput, by: By): Promise<DecideAnswer> {
    const actor = await this.#registry.get(session);
    const command = { type: 'decide' as const, ...input };
    const outcome = await actor
      .post({ command, by, ownId: false })
      .catch(async (error: unknown) => {
        throw await this.#decidedBefore(session, input.approval, error);
      });
    const { decision, type: _, ...rest } = outcome.answer as Extract<Answer, { type: 'decided' }>;
    return {
      key: outcome.state.key,
      decision: { id: decision, seq: outcome.seqOf(decision) },
      ...rest,
    };
  }

  async get(session: string): Promise<{ row: ReturnType<typeof rowOf>; host: HostView | null }> {
    const { state, grip } = await this.#registry.get(session);
    const host = state.host && { ...state.host, pid: grip?.host?.pid ?? null };
    return { row: rowOf(state), host };
  }

  async openFeed(session: string, options: FeedOptions, sink: FeedSink): Promise<OpenedFeed> {
    const actor = await this.#registry.get(session);
    return this.#registry.hub(actor).open(actor, options, sink);
  }

  openList(filter: ListFilter, sink: FeedSink): OpenedList {
    return this.#lists.open(filter, sink);
  }

  async shutdown(mode: 'stop' | 'detach'): Promise<readonly ShutRun[]> {
    await this.#recovery.done;
    this.#registry.refuseNew({ code: 'unavailable', message: 'The daemon is shutting down.' });
    const actors = (await this.#registry.loaded()).filter((actor) => actor.grip !== null);
    const runs = await Promise.all(
      actors.map(async (actor) => (mode === 'stop' ? this.#stop(actor) : detached(actor))),
    );
    await this.#registry.close({ code: 'unavailable', message: 'The daemon is shutting down.' });
    for (const actor of actors) actor.grip?.host?.release();
    return runs;
  }

  async #stop(actor: SessionActor): Promise<ShutRun> {
    const { clock } = this.#options;
    const run = actor.state.run?.id ?? null;
    if (run !== null) {
      const command = { type: 'abort', force: false, reason: 'stop', queue: 'keep' } as const;
      await actor.post({ command, by: { type: 'server' }, ownId: false });
      await within(actor.runEnded(run), stopMs, clock);
    }
    const ended = actor.grip?.host?.ended;
    await this.#supervisor.stopHost(actor);
    if (ended !== undefined) await within(ended, stopMs, clock);
    await within(actor.hostGone(), stopMs, clock);
    const terminal = run === null ? null : await this.#terminal(actor.id, run);
    return { session: actor.id, run, outcome: terminal?.outcome ?? null };
  }

  #driver(agent: string): AgentDriver {
    const driver = this.#options.drivers.find((candidate) => candidate.profile.name === agent);
    if (driver === undefined) {
      const names = this.#options.drivers.map((candidate) => candidate.profile.name).join(', ');
      throw refuse('invalid', `There is no agent ${agent}: choose one of ${names}.`, {
        field: 'agent',
      });
    }
    return driver;
  }

  /** Settings of a new session with their defaults, checked. */
  async #settings(given: CreateInput['changes']): Promise<CreateInput['changes']> {
    const keyed = given.key === undefined ? null : canonicalKey(given.key);
    const agent = given.agent ?? keyed?.agent ?? this.#options.defaultAgent;
    this.#driver(agent);
    if (keyed !== null && keyed.agent !== agent) {
      throw refuse('invalid', `The key names the agent ${keyed.agent}, the call ${agent}.`, {
        field: 'key',
      });
    }
    const parent =
      given.parent === undefined || given.parent === null
        ? null
        : await this.#registry.get(await this.find(given.parent));
    const cwd = given.cwd ?? parent?.state.cwd ?? this.#options.defaultCwd;
    if (cwd === null || cwd === undefined) {
      throw refuse('invalid', 'Name the directory in which the agent works.', { field: 'cwd' });
    }
    return {
      ...given,
      agent,
      cwd: await this.#options.checkDirectory(cwd),
      ...(keyed === null ? {} : { key: keyed.key }),
      ...(parent === null ? {} : { parent: parent.id }),
    };
  }

  /** `create` of what is there: the same session, if it is meant, and the prompt goes to it. */
  async #existing(session: string, input: CreateInput, by: By): Promise<CreateAnswer> {
    const { state } = await this.#registry.get(session);
    const { agent, cwd } = input.changes;
    const other =
      (agent !== undefined && agent !== state.agent) || (cwd !== undefined && cwd !== state.cwd);
    if (other) {
      throw refuse('conflict', 'That session exists with another agent or directory.', {
        field: input.id === undefined ? 'key' : 'id',
        data: { session: state.id, agent: state.agent, cwd: state.cwd },
      });
    }
    if (input.prompt === undefined) return { row: rowOf(state), created: false };
    const prompt = { ...input.prompt, delivery: 'queue' as const, allowInterrupt: false };
    const sent = await this.send(session, prompt, by);
    const actor = await this.#registry.get(session);
    const run = sent.run === undefined ? {} : { run: sent.run };
    const state_ = sent.state === 'starting' ? 'starting' : 'queued';
    return {
      row: rowOf(actor.state),
      created: false,
      prompt: { ...sent.entry, state: state_, ...run },
    };
  }

  async #keyed(key: string): Promise<string | null> {
    const rows = await this.#options.store.resolve(key);
    const row = rows.find((item) => (JSON.parse(item.row) as { key: string | null }).key === key);
    return row?.session ?? null;
  }

  /** Content as entries keep it; what is large is stored as blobs first. */
  async #smaller(content: readonly ContentBlock[]): Promise<readonly ContentBlock[]> {
    const blobs: Parameters<typeof blobCollector>[0] = [];
    const { clock, store } = this.#options;
    const small = smallBlocks(
      content,
      blobCollector(blobs, (bytes) => clock.sha256(bytes)),
    );
    for (const blob of blobs) await store.putBlob(blob.bytes);
    return small;
  }

  /** What became of a prompt that was sent before. */
  async #fate(
    state: SessionState,
    entry: { id: string; seq: number },
  ): Promise<Pick<SendAnswer, 'state' | 'run' | 'position'>> {
    const position = state.queue.findIndex((item) => item.id === entry.id) + 1;
    if (position > 0) return { state: 'queued', position };
    const prompt = state.run?.prompts.find((item) => item.id === entry.id);
    if (state.run !== null && prompt !== undefined) {
      const under = prompt.steered === true ? 'steering' : 'starting';
      return { state: prompt.state === 'taken' ? 'delivered' : under, run: state.run.id };
    }
    for await (const later of this.#after(state.id, entry.seq)) {
      if (later.about !== entry.id) continue;
      if (later.kind === 'delivery') return delivered(later.runId);
      if (
        later.kind === 'queue' &&
        later.data.change !== 'requeued' &&
        later.data.change !== 'released'
      ) {
        return { state: later.data.change };
      }
    }
    return { state: 'queued' };
  }

  async *#after(session: string, seq: number): AsyncGenerator<Entry> {
    for (let after: number | null = seq; after !== null;) {
      const kinds = ['delivery', 'queue'] as const;
      const page = await this.#options.store.history({
        session,
        after,
        kinds,
        limit: 200,
        maxBytes: 262_144,
      });
      yield* page.entries;
      after = page.next;
    }
  }

  async #terminal(session: string, run: string): Promise<RunEnded | null> {
    const row = await this.#options.store.run(session, run);
    const ended = row?.ended ?? null;
    return ended === null ? null : (JSON.parse(ended) as RunEnded);
  }

  /** A decision about something that is no longer remembered as open or decided. */
  async #decidedBefore(session: string, approval: string, error: unknown): Promise<unknown> {
    if (!(error instanceof RefusalError) || error.refusal.code !== 'not_found') return error;
    const entry = await this.#options.store.entry(session, approval);
    if (entry?.kind !== 'approval' && entry?.kind !== 'question') return error;
    return refuse('already_decided', 'It was decided before.', { field: 'approval' });
  }

  #removeHost(host: string): void {
    this.#options.hosts.remove(host).catch((error: unknown) => {
      this.#options.log('host.remove', { host, message: String(error) });
    });
  }
}

function delivered(run: string | undefined): { state: 'delivered'; run?: string } {
  return run === undefined ? { state: 'delivered' } : { state: 'delivered', run };
}

function detached(actor: SessionActor): ShutRun {
  return { session: actor.id, run: actor.state.run?.id ?? null, outcome: null };
}

function createdPrompt(sent: Sent, seq: number): NonNullable<CreateAnswer['prompt']> {
  const run = sent.run === undefined ? {} : { run: sent.run };
  const state = sent.state === 'starting' ? 'starting' : 'queued';
  return { id: sent.entry, seq, state, ...run };
}

function isConflict(error: unknown): boolean {
  return error instanceof RefusalError && error.refusal.code === 'conflict';
}

function keyOrNull(name: string): string | null {
  try {
    return canonicalKey(name).key;
  } catch (error) {
    if (error instanceof RefusalError) return null;
    throw error;
  }
}

function agentView(profile: AgentProfile): AgentView {
  const { name, title, protocol, steer, resume, images, install } = profile;
  return { name, title, protocol, steer, resume, images, install };
}
