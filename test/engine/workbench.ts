import { policiesOf } from './policies.ts';
import { onTestFinished } from 'vitest';
import type { Entry, EntryKind } from '../../src/domain/entry.ts';
import { type Memories, noMemories } from '../../src/ports/memories.ts';
import { limits } from '../../src/domain/limits.ts';
import { createEngine, type SessionEngine } from '../../src/engine/create-engine.ts';
import { readNative } from '../../src/engine/read-line.ts';
import type { FeedSink, Frame } from '../../src/engine/frames.ts';
import type { Files } from '../../src/ports/files.ts';
import type { PriceTable } from '../../src/domain/price.ts';
import type { AgentDriver } from '../../src/ports/agent.ts';
import type { CommitHooks } from '../../src/ports/hooks.ts';
import type { LaunchSpec } from '../../src/ports/hosts.ts';
import type { Store } from '../../src/ports/store.ts';
import { openStore } from '../../src/store/open.ts';
import {
  type FakeAgent,
  FakeHosts,
  Mortal,
  plainAgent,
  plainDriver,
  type TestClock,
  testClock,
  testSpace,
  type Turn,
} from '../../src/testing/index.ts';

export const by = { type: 'client', token: 't' } as const;

export interface WorkbenchOptions {
  /** Of the host that is launched; the same for all unless it looks at the spec. */
  agent?: (spec: LaunchSpec) => FakeAgent;
  play?: (turn: Turn) => Promise<void> | void;
  driver?: AgentDriver;
  /** Drivers of other agents. */
  others?: readonly AgentDriver[];
  store?: Store;
  seed?: string;
  /** The environment of a host, from the session's own variables. */
  environment?: (variables: { readonly [name: string]: string }) => {
    readonly [name: string]: string;
  };
  /** Default: `/work`. */
  defaultCwd?: null;
  /** Whether an agent may work there; default: anywhere. */
  checkDirectory?: (path: string) => Promise<string>;
  /** Real files of sessions' directories; default: no snapshots. */
  files?: { files: Files; maxBytes: number };
  /** Hooks that see entries before they are stored; default: none. */
  commitHooks?: CommitHooks;
  /** Told of what hooks are notified of. */
  happened?: () => void;
  /** Files of the agents themselves; default: none. They read from the store, where a daemon dies, too. */
  memories?: Memories;
  /** How long a host may be idle; default: for ever. */
  idleMs?: number;
  /** Default: none. */
  prices?: PriceTable;
  /** Told of the bytes of each line that is read beside the main thread. */
  beside?: (bytes: number) => void;
}

/** A machine with a real store and hosts in memory, on which daemons come and go. */
export class Workbench {
  readonly store: Store;
  readonly hosts: FakeHosts;
  readonly clock: TestClock;
  readonly space = testSpace();
  readonly driver: AgentDriver;
  readonly #others: readonly AgentDriver[];
  readonly #options: WorkbenchOptions;
  /** What daemons logged, newest last. */
  readonly logged: { event: string; data: object }[] = [];
  engine!: SessionEngine;
  life!: Mortal;
  /** Hooks of the daemons that boot from now on. */
  hooked: CommitHooks | undefined;

  private constructor(options: WorkbenchOptions & { store: Store }) {
    this.store = options.store;
    this.#options = options;
    this.hooked = options.commitHooks;
    this.clock = testClock(options.seed === undefined ? {} : { seed: options.seed });
    this.driver = options.driver ?? plainDriver();
    this.#others = options.others ?? [];
    const agent = plainAgent(options.play ?? (() => undefined));
    this.hosts = new FakeHosts(options.agent ?? (() => agent));
  }

  static async open(options: WorkbenchOptions = {}): Promise<Workbench> {
    const store = options.store ?? (await ownStore());
    const bench = new Workbench({ ...options, store });
    await bench.boot();
    return bench;
  }

  /** Starts a daemon; the one before it is dead from now on. */
  async boot(
    life: Mortal = new Mortal(),
    ports: { store?: Store; driver?: AgentDriver } = {},
  ): Promise<SessionEngine> {
    this.life?.kill();
    await this.life?.settled();
    this.life = life;
    this.engine = createEngine({
      store: life.port(ports.store ?? this.store),
      hosts: life.port(this.hosts),
      clock: life.clock(this.clock),
      drivers: [ports.driver ?? this.driver, ...this.#others],
      defaultAgent: 'plain',
      defaultCwd: this.#options.defaultCwd === undefined ? '/work' : this.#options.defaultCwd,
      checkDirectory: this.#options.checkDirectory ?? (async (path) => path),
      environment: async (_driver, _spec, variables) =>
        this.#options.environment?.(variables) ?? {},
      policies: policiesOf(this.store, this.clock),
      space: this.space,
      ...this.#hooks(life),
      stallMs: limits.stallMs,
      idleMs: this.#options.idleMs ?? 0,
      server: 'here',
      memories: this.#options.memories ?? noMemories,
      prices: { table: this.#options.prices ?? [], file: '', problem: null },
      ...(this.#options.files === undefined
        ? {}
        : { snapshots: { ...this.#options.files, files: life.port(this.#options.files.files) } }),
      decodeLarge: async () => {
        throw new Error('no worker here');
      },
      readLarge: async (line) => {
        this.#options.beside?.(line.bytes.length);
        const memory = this.#others.find(({ profile }) => profile.name === line.format)?.memory;
        if (memory === undefined) throw new Error(`nothing is known of ${line.format}`);
        return readNative(memory, line, (bytes) => this.clock.sha256(bytes));
      },
      log: (event, data) => this.logged.push({ event, data }),
    });
    return this.engine;
  }

  #hooks(life: Mortal): { commitHooks?: CommitHooks; happened?: () => void } {
    const { happened } = this.#options;
    const hooks = this.hooked;
    const told = happened === undefined ? {} : { happened };
    if (hooks === undefined) return told;
    const of = async (directories: readonly string[]) => {
      const hook = await hooks.of(directories);
      return hook === null ? null : life.port(hook);
    };
    return { ...told, commitHooks: { of } };
  }

  /** A new session, with a prompt if there is a text. */
  async session(text?: string): Promise<string> {
    const prompt = text === undefined ? {} : { prompt: { content: words(text) } };
    const { row } = await this.engine.create({ changes: {}, ...prompt }, by);
    return row.id;
  }

  send(session: string, text: string, more: Partial<Parameters<SessionEngine['send']>[1]> = {}) {
    const input = {
      content: words(text),
      delivery: 'queue',
      allowInterrupt: false,
      ...more,
    } as const;
    return this.engine.send(session, input, by);
  }

  abort(session: string, more: Partial<Parameters<SessionEngine['abort']>[1]> = {}) {
    return this.engine.abort(session, { force: false, wait: false, queue: 'keep', ...more }, by);
  }

  async log(session: string): Promise<readonly Entry[]> {
    const page = await this.store.history({ session, after: 0, limit: 1000, maxBytes: 1e9 });
    return page.entries;
  }

  async of<Kind extends EntryKind>(session: string, kind: Kind) {
    const query = { session, after: 0, kinds: [kind], limit: 1000, maxBytes: 1e9 };
    const { entries } = await this.store.history(query);
    return entries.filter((entry): entry is Extract<Entry, { kind: Kind }> => entry.kind === kind);
  }

  /** Watches a session from an entry on. */
  async watch(session: string, after = 0): Promise<Watch> {
    const watch = new Watch();
    await this.engine.openFeed(session, { after }, watch);
    return watch;
  }
}

export function words(text: string): { type: 'text'; text: string }[] {
  return [{ type: 'text', text }];
}

async function ownStore(): Promise<Store> {
  const store = await memoryStore();
  onTestFinished(() => store.close());
  return store;
}

export function memoryStore(): Promise<Store> {
  return openStore({
    dir: ':memory:',
    onFatal: (error) => {
      throw error;
    },
  });
}

interface Waiter {
  met: () => boolean;
  resolve: () => void;
}

/** A subscriber that keeps what it is sent, and lets tests wait for it. */
export class Watch implements FeedSink {
  readonly frames: Frame[] = [];
  readonly entries: Entry[] = [];
  closed = false;
  #waiters: Waiter[] = [];

  send(frame: Frame): void {
    this.frames.push(frame);
    if (frame.event === 'entry')
      this.entries.push((JSON.parse(frame.params) as { entry: Entry }).entry);
    for (const waiter of this.#waiters) if (waiter.met()) waiter.resolve();
    this.#waiters = this.#waiters.filter((waiter) => !waiter.met());
  }

  buffered(): number {
    return 0;
  }

  drained(): Promise<void> {
    return Promise.resolve();
  }

  /** The nth entry of the kind that passes. */
  async entry<Kind extends EntryKind>(
    kind: Kind,
    passes: (entry: Extract<Entry, { kind: Kind }>) => boolean = () => true,
    nth = 1,
  ): Promise<Extract<Entry, { kind: Kind }>> {
    const find = () =>
      this.entries.filter(
        (entry): entry is Extract<Entry, { kind: Kind }> =>
          entry.kind === kind && passes(entry as Extract<Entry, { kind: Kind }>),
      )[nth - 1];
    await this.until(() => find() !== undefined);
    return find()!;
  }

  until(met: () => boolean): Promise<void> {
    if (met()) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ met, resolve }));
  }
}
