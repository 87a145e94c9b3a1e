import type { Answer, Applied, Sent } from '../domain/command.ts';
import type { By, NewEntry } from '../domain/entry.ts';
import { isEvent } from '../domain/event.ts';
import { canonicalKey } from '../domain/key.ts';
import { refuse, RefusalError } from '../domain/refusal.ts';
import { arrivingRow, rowOf, type SessionRow } from '../domain/row.ts';
import { type SessionState, settingsInForce } from '../domain/session-state.ts';
import type { Prices } from '../ports/budgets.ts';
import { priceOf } from '../domain/price.ts';
import type { Policies } from '../ports/policies.ts';
import type { SessionActor } from './actor.ts';
import { Archivist } from './archivist.ts';
import { Agents } from './agents.ts';
import { Arrivals } from './arrivals.ts';
import { Approvals } from './approvals.ts';
import { Branches } from './branches.ts';
import { Budgets } from './budgets.ts';
import { Creation } from './creation.ts';
import type {
  AbortAnswer,
  AbortInput,
  CreateAnswer,
  CreateInput,
  Engine,
  FeedOptions,
  ListFilter,
  OpenedFeed,
  OpenedList,
  SendAnswer,
  SendInput,
  SessionView,
  ShutRun,
  StartReport,
} from './engine.ts';
import type { EngineOptions } from './engine-options.ts';
import { Expiries } from './expiries.ts';
import { FileHistory } from './file-history.ts';
import type { FeedSink } from './frames.ts';
import { Life } from './life.ts';
import { ListHub } from './list-hub.ts';
import { Logs } from './logs.ts';
import { Owners } from './owners.ts';
import { promptFate } from './prompt-fate.ts';
import { Queue } from './queue.ts';
import { rawPage } from './raw.ts';
import type { RawPage, RawQuery } from './raw-page.ts';
import { recoverAll, type Recovery } from './recovery.ts';
import { rebuild, Registry } from './registry.ts';
import { Rests } from './rests.ts';
import type {
  ArrivalOps,
  BranchOps,
  BudgetOps,
  LifeOps,
  LogOps,
  OwnerOps,
  PatchInput,
  QueueOps,
  SnapshotOps,
} from './session-ops.ts';
import { detached, stopSession, terminalOf, withHosts } from './shutdown.ts';
import { type SpaceState, SpaceWatch } from './space-watch.ts';
import { Stalls } from './stalls.ts';
import { promptContent } from './stored-content.ts';
import { Supervisor } from './supervisor.ts';
import { Timeouts } from './timeouts.ts';
import { within } from './within.ts';

const abortWaitMs = 60_000;
/** A shutdown waits so long for a recovery that is under way. */
const recoveryMs = 10_000;
/** After a stop it waits so long for the archives of the hosts; the next start makes those that are left. */
const archiveMs = 5000;

const leaving = { code: 'unavailable', message: 'The daemon is shutting down.' } as const;

/** Starts the engine: finds what became of the hosts of an earlier daemon, and serves. */
export function createEngine(options: EngineOptions): SessionEngine {
  return new SessionEngine(options);
}

export class SessionEngine implements Engine {
  readonly agents: Agents;
  readonly #options: EngineOptions;
  readonly #registry: Registry;
  readonly #supervisor: Supervisor;
  readonly #lists: ListHub;
  readonly #timeouts: Timeouts;
  readonly #stalls: Stalls;
  readonly #rests: Rests;
  readonly #space: SpaceWatch;
  readonly #archivist: Archivist;
  readonly #creation: Creation;
  readonly #expiries: Expiries;
  readonly approvals: Approvals;
  readonly budgets: BudgetOps;
  readonly queue: QueueOps;
  readonly branches: BranchOps;
  readonly logs: LogOps;
  readonly owners: OwnerOps;
  readonly #arrivals: Arrivals;
  readonly #life: Life;
  readonly #files: FileHistory;
  readonly #recovery: Recovery;
  readonly #filesRecovered: Promise<void>;
  readonly #budgets: Budgets;

  constructor(options: EngineOptions) {
    const { store, hosts, clock, environment, decodeLarge, log } = options;
    this.#options = options;
    this.agents = new Agents(options);
    this.#lists = new ListHub(clock, (state) => this.#rowOf(state));
    this.#archivist = new Archivist({ store, hosts, clock, log });
    this.#timeouts = new Timeouts(clock, log);
    this.#stalls = new Stalls({ clock, stallMs: options.stallMs, log });
    const shortOfSpace = (): Promise<boolean> => this.#space.short();
    this.#supervisor = new Supervisor({
      hosts,
      store,
      clock,
      environment,
      checkDirectory: (path) => options.checkDirectory(path),
      shortOfSpace,
      log,
    });
    const actors = (): readonly SessionActor[] => this.#registry.present;
    const budgets = new Budgets({
      clock,
      store,
      actors,
      rebuild: (session) => rebuild(session, store),
      log,
    });
    this.#budgets = budgets;
    this.budgets = {
      global: () => budgets.global,
      set: (budget) => budgets.setGlobal(budget),
      ofSession: async (session) => budgets.ofSession((await this.#registry.get(session)).state),
    };
    const arrivals = new Arrivals({
      store,
      clock,
      agents: this.agents,
      registry: () => this.#registry,
      checkDirectory: (path) => options.checkDirectory(path),
      server: options.server,
    });
    this.#arrivals = arrivals;
    this.#registry = new Registry({
      store,
      clock,
      supervisor: this.#supervisor,
      driver: (agent) => this.agents.driver(agent),
      decodeLarge,
      policies: options.policies,
      commitHooks: options.commitHooks ?? null,
      keepsEvents: options.happened !== undefined,
      price: (model, tokens) => priceOf(options.prices?.table ?? [], model, tokens),
      budgets,
      arrivals,
      committed: (actor, entries, { before, imported }) => {
        budgets.committed(actor, entries, before);
        const made = entries.filter(({ id }) => !imported.has(id));
        if (made.some(isHere)) arrivals.arrived(actor.id);
        this.#lists.changed(actor.state, entries, before);
        if (entries.some((entry, at) => isEvent(entry, before.lastSeq + at === 0)))
          options.happened?.();
        // What is over in a log that comes in is told by the log, or settled at its end.
        if (imported.size === 0) this.#look(actor);
        this.approvals.committed(actor.id, entries);
        // What is in files no before-commit hook has seen.
        if (!actor.withholds) this.#files.committed(actor, made);
        if (entries.some((entry) => entry.kind === 'tool_call')) this.#supervisor.sample(actor);
        for (const entry of entries) {
          if (entry.kind === 'host' && entry.data.state === 'ended') {
            options.hostEnded?.(entry.data.host);
            this.#archivist.add(entry.data.host);
          }
        }
      },
      heard: (actor) => this.#stalls.heard(actor),
      log,
    });
    this.#space = new SpaceWatch({ space: options.space, clock, log, actors });
    this.#creation = new Creation({
      options,
      agents: this.agents,
      registry: this.#registry,
      find: (name) => this.find(name),
      send: (session, input, by) => this.send(session, input, by),
    });
    const common = { registry: this.#registry, store, clock };
    this.approvals = new Approvals({ ...common, policies: options.policies });
    this.#expiries = new Expiries({ ...common, log });
    this.queue = new Queue(common);
    this.branches = new Branches({ ...common, creation: this.#creation });
    this.logs = new Logs({
      ...common,
      commitHooks: options.commitHooks ?? null,
      readLarge: options.readLarge,
      arriving: (session) => arrivals.arriving(session),
      server: options.server,
      look: (actor) => this.#look(actor),
    });
    const supervisor = this.#supervisor;
    const { memories, server } = options;
    this.owners = new Owners({
      ...common,
      supervisor,
      memories,
      server,
      arrived: (session) => arrivals.arrived(session),
      checkDirectory: (path) => options.checkDirectory(path),
    });
    const rest = (actor: SessionActor): Promise<boolean> => supervisor.rest(actor, 'idle');
    this.#rests = new Rests({ clock, idleMs: options.idleMs, rest, log });
    this.#life = new Life({ ...common, supervisor, hosts, log });
    this.#files = new FileHistory({ ...common, files: options.snapshots, log });
    void this.#expiries.begin();
    this.#recovery = recoverAll({
      store,
      hosts,
      registry: this.#registry,
      archivist: this.#archivist,
      look: (actor) => this.#look(actor),
      clock,
      log,
    });
    this.#filesRecovered = this.#recovery.done.then(() => this.#files.recover());
  }

  get arrivals(): ArrivalOps {
    return this.#arrivals;
  }

  get snapshots(): SnapshotOps {
    return this.#files;
  }

  /** Resolves when of every call that has ended by now the files were looked at. */
  async snapshotsTaken(): Promise<void> {
    await this.#filesRecovered;
    await this.#files.idle();
  }

  /** Resolves when every session with a host has been found again. */
  get recovered(): Promise<void> {
    return this.#recovery.done;
  }

  get prices(): Prices | null {
    return this.#options.prices ?? null;
  }

  get policies(): Policies {
    return this.#options.policies;
  }

  get life(): LifeOps {
    return this.#life;
  }

  /** Resolves when of every host that has ended by now is kept what is to be kept. */
  async archived(): Promise<void> {
    await this.recovered;
    await this.#archivist.idle();
  }

  get started(): StartReport {
    return this.#recovery.report;
  }

  /** Free space of the state directory, as the last look found it. */
  get space(): { state: SpaceState; free: number | null } {
    return this.#space.found;
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
    if (input.prompt !== undefined) this.#space.demandRoom();
    return this.#creation.create(input, by);
  }

  async send(session: string, input: SendInput, by: By): Promise<SendAnswer> {
    this.#space.demandRoom();
    const { id, content, ...rest } = input;
    const { stored, whole, blobs } = await promptContent(content, this.#options);
    const command = {
      type: 'send' as const,
      id: id ?? this.#options.clock.newId(),
      content: stored,
      ...rest,
    };
    // Only now: between this and the post it cannot be unloaded.
    const actor = await this.#registry.get(session);
    const outcome = await actor.post({
      command,
      by,
      ownId: id !== undefined,
      whole,
      blobs,
    });
    const { answer, state } = outcome;
    const entry = { id: command.id, seq: outcome.seqOf(command.id) };
    const known = { key: state.key, entry, queued: state.queue.length };
    if (answer.type === 'duplicate') {
      return {
        ...known,
        duplicate: true,
        ...(await promptFate(state, entry, this.#options.store)),
      };
    }
    const { type: _type, entry: _entry, ...sent } = answer as Sent;
    return { ...known, duplicate: false, ...sent };
  }

  async patch(
    session: string,
    input: PatchInput,
    by: By,
  ): Promise<{ row: SessionRow; applied: Applied }> {
    const { secrets = {}, changes, ...rest } = input;
    const { state: before } = await this.#registry.get(session);
    const checked = await this.#creation.checkChanges(changes, before);
    const command = { type: 'patch' as const, changes: checked, ...rest };
    // Only now: between this and the post it cannot be unloaded.
    const actor = await this.#registry.get(session);
    const { answer, state } = await actor.post({ command, by, ownId: false, secrets });
    const { applied } = answer as Extract<Answer, { type: 'patched' }>;
    return { row: this.#rowOf(state), applied };
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
    const ended =
      over || state.run?.id !== run ? await terminalOf(session, run, this.#options.store) : null;
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

  async get(session: string): Promise<SessionView> {
    const { state, grip } = await this.#registry.get(session);
    const { id, phase } = state.host ?? {};
    const pid = grip?.host?.pid ?? null;
    const host = id === undefined || phase === undefined ? null : { id, phase, pid };
    const { onLost, policy, boundary, nativeBoundary } = state;
    const settings = settingsInForce(state);
    return { row: this.#rowOf(state), host, settings, onLost, policy, boundary, nativeBoundary };
  }

  async raw(session: string, query: RawQuery): Promise<RawPage> {
    const page = await rawPage(this.#options, session, query);
    if (this.#options.commitHooks === undefined) return page;
    // Its host may be older than the hook.
    const actor = await this.#registry.get(session);
    if ((await actor.hook()) === null) return page;
    return { lines: [], next: null, source: 'withheld' };
  }

  async openFeed(session: string, options: FeedOptions, sink: FeedSink): Promise<OpenedFeed> {
    const actor = await this.#registry.get(session);
    const opened = await actor.context.hub.open(actor, options, sink);
    const row = this.#shown(opened.snapshot.row);
    return { ...opened, snapshot: { ...opened.snapshot, row } };
  }

  #rowOf(state: SessionState): SessionRow {
    return this.#shown(rowOf(state));
  }

  #shown(row: SessionRow): SessionRow {
    return this.#arrivals.arriving(row.id) === null ? row : arrivingRow(row);
  }

  openList(filter: ListFilter, sink: FeedSink): OpenedList {
    return this.#lists.open(filter, sink);
  }

  async shutdown(mode: 'stop' | 'detach'): Promise<readonly ShutRun[]> {
    await within(this.#recovery.done, recoveryMs, this.#options.clock);
    await this.#space.stop();
    this.#life.stop();
    this.#expiries.stop();
    this.#budgets.stop();
    this.#registry.refuseNew(leaving);
    const loaded = await this.#registry.loaded();
    for (const actor of loaded) actor.leave(leaving);
    const actors = await withHosts(loaded, this.#options.clock);
    const runs = await Promise.all(
      actors.map(async (actor) =>
        mode === 'stop' ? stopSession(actor, this.#supervisor, this.#options) : detached(actor),
      ),
    );
    this.approvals.stop();
    await this.#files.close();
    await this.#registry.close(leaving);
    for (const timers of [this.#timeouts, this.#stalls, this.#rests]) timers.stop();
    for (const actor of actors) actor.grip?.host?.release();
    await this.#archivist.close(mode === 'stop' ? archiveMs : 0);
    return runs;
  }

  /** What has to be timed about a session now. */
  #look(actor: SessionActor): void {
    this.#timeouts.look(actor);
    this.#expiries.look(actor);
    this.#stalls.look(actor);
    this.#rests.look(actor);
  }
}

/** It was on its way here, and goes on here from now on. */
function isHere(entry: NewEntry): boolean {
  return entry.kind === 'owner' && entry.data.state === 'host';
}

function keyOrNull(name: string): string | null {
  try {
    return canonicalKey(name).key;
  } catch (error) {
    if (error instanceof RefusalError) return null;
    throw error;
  }
}
