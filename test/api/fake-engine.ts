import type { By, RunOutcome } from '../../src/domain/entry.ts';
import { refuse } from '../../src/domain/refusal.ts';
import type { SessionRow } from '../../src/domain/row.ts';
import type {
  AbortAnswer,
  CreateInput,
  Engine,
  FeedOptions,
  ListFilter,
  OpenedFeed,
  OpenedList,
} from '../../src/engine/engine.ts';
import type { FeedSink, Frame } from '../../src/engine/frames.ts';
import type { RawPage, RawQuery } from '../../src/engine/raw-page.ts';
import { noPolicy } from '../../src/domain/policy.ts';
import { type AgentSettings, noSettings } from '../../src/domain/settings.ts';
import { nothingSpent } from '../../src/domain/budget.ts';
import { noTokens } from '../../src/domain/usage.ts';

const at = '2026-01-01T00:00:00.000Z';
const unruled = { effect: 'ask', level: null, rule: 'none', why: 'no rule is about it' } as const;

export function rowNamed(id: string, more: Partial<SessionRow> = {}): SessionRow {
  return {
    id,
    key: `agent:scripted:${id}`,
    agent: 'scripted',
    cwd: '/work',
    title: null,
    label: null,
    meta: {},
    model: null,
    modelInForce: null,
    mode: null,
    effort: null,
    status: 'idle',
    activeRun: null,
    lastRun: null,
    openApprovals: 0,
    queued: 0,
    held: false,
    nativeId: null,
    writer: { state: 'host', epoch: 1, to: null },
    originCwd: null,
    parent: null,
    forkedFrom: null,
    context: { used: 0, size: 0, known: false },
    usage: noTokens,
    cost: null,
    createdAt: at,
    updatedAt: at,
    lastActivityAt: at,
    archived: false,
    policy: { autoAcceptEdits: false, bypassUntil: null },
    deletedAt: null,
    lastMessage: null,
    head: null,
    lastSeq: 0,
    ...more,
  };
}

interface OpenFeed {
  session: string | null;
  options: FeedOptions | ListFilter;
  sink: FeedSink;
  closed: boolean;
}

/**
 * An engine of which the test plays the part: it records what was asked and has its feeds driven by
 * hand.
 */
export class FakeEngine implements Engine {
  rows = new Map<string, SessionRow>();
  asked: { what: string; input: unknown; by?: By }[] = [];
  feeds: OpenFeed[] = [];
  /** Thrown by the next command. */
  failure: Error | undefined;
  /** Resolved before the next feed is opened. */
  opening: Promise<void> = Promise.resolve();
  /** Sent into a feed while it is being opened. */
  early: readonly Frame[] = [];
  agents: Engine['agents'] = {
    default: 'scripted',
    probe: async () => this.agents.list,
    list: [
      {
        name: 'scripted',
        title: 'Scripted',
        protocol: 'acp',
        steer: false,
        resume: true,
        images: true,
        editsInput: true,
        hearsDenials: true,
        install: 'nothing',
        tested: null,
        found: null,
      },
    ],
  };
  approvals: Engine['approvals'] = {
    decide: async (session, input, by) => {
      this.#note('decide', input, by);
      return { key: this.#row(session).key, decision: { id: 'd1', seq: 2 }, outcome: 'allowed' };
    },
    request: async (session, input, by) => {
      this.#note('request', input, by);
      const approval = { id: input.id, seq: 2 };
      return { key: this.#row(session).key, approval, duplicate: false, decision: null };
    },
    rulesFor: async () => [],
    policyOf: async (session) => ({ row: this.#row(session), policy: noPolicy, policies: [] }),
  };
  policies: Engine['policies'] = {
    rule: async () => unruled,
    explain: async () => ({ verdict: unruled, parts: [] }),
    suggest: async () => [],
    check: () => undefined,
    list: async () => [],
    set: async (change) => {
      this.#note('policy.set', change);
      const { directory, rules, by } = change;
      return { directory, rules, revision: 1, changedAt: at, changedBy: by };
    },
    changed: () => undefined,
  };
  prices: Engine['prices'] = null;
  budgets: Engine['budgets'] = {
    global: () => ({ budget: null, spent: nothingSpent }),
    set: async (budget) => this.#note('budgets.set', budget),
    ofSession: async () => ({ budget: null, spent: nothingSpent }),
  };
  snapshots: Engine['snapshots'] = {
    restore: async (session, input, by) => {
      this.#note('restore', input, by);
      return { key: this.#row(session).key, restore: { id: 'r1', seq: 2 }, files: [] };
    },
  };
  queue: Engine['queue'] = {
    list: async (session) => ({ held: this.#row(session).held, items: [] }),
    edit: async (session, prompt, content, by) => {
      this.#note('queue.edit', { session, prompt }, by);
      return { prompt, position: 1, content, edited: true };
    },
    move: async (session, prompt, to, by) => {
      this.#note('queue.move', { session, prompt, to }, by);
      return { prompt, position: to, content: [], edited: false };
    },
    withdraw: async (session, prompt, by) => this.#note('queue.withdraw', { session, prompt }, by),
    release: async (session, by) => {
      this.#note('queue.release', { session }, by);
      return { run: null, queued: 0 };
    },
  };
  life: Engine['life'] = {
    reset: async (session, reason, by) => {
      this.#note('reset', { session, reason }, by);
      return this.#row(session);
    },
    remove: async (session, by) => {
      this.#note('delete', { session }, by);
      return { deletedAt: at, purgeAt: at };
    },
    restore: async (session, by) => {
      this.#note('restore', { session }, by);
      return this.#row(session);
    },
    purge: async (session, by) => this.#note('purge', { session }, by),
    stopAll: async (sessions, by) => {
      this.#note('stopAll', { sessions }, by);
      return [];
    },
  };
  branches: Engine['branches'] = {
    compact: async (session, input, by) => {
      this.#note('compact', { session, ...input }, by);
      return { compacted: true, kept: input.keep };
    },
    fork: async (session, input, by) => {
      this.#note('fork', { session, ...input }, by);
      return { row: rowNamed(input.id ?? 'forked'), created: true, fidelity: 'none' };
    },
  };
  logs: Engine['logs'] = {
    holdsBlobs: false,
    append: async (session, input, by) => {
      this.#note('append', { session, ...input }, by);
      const { key, head, lastSeq } = this.#row(session);
      return { key, entries: [], head, lastSeq };
    },
    appendLines: async (session, input, by) => {
      this.#note('appendLines', { session, ...input }, by);
      const { key, head, lastSeq } = this.#row(session);
      return { key, lines: [], head, lastSeq, epoch: 1, created: false };
    },
    openImport: async (header, by) => {
      this.#note('import', header, by);
      const end = async () => ({ row: rowNamed(header.session), created: true, added: 0 });
      return { add: async () => undefined, end, cancel: () => undefined };
    },
  };
  readonly owners: Engine['owners'] = {
    takeOver: async (session, input, by) => {
      this.#note('takeOver', { session, ...input }, by);
      return { row: this.#row(session), memory: null, reason: null };
    },
    give: async (session, to, by) => {
      this.#note('give', { session, to }, by);
      return this.#row(session);
    },
    moved: async () => {
      throw refuse('unsupported', 'Nothing is moved here.');
    },
    keep: async (session, by) => {
      this.#note('keep', { session }, by);
      return this.#row(session);
    },
    arrive: async (session, input, by) => {
      this.#note('arrive', { session, ...input }, by);
      return { row: this.#row(session), memory: null, reason: null };
    },
  };
  readonly arrivals: Engine['arrivals'] = {
    list: [],
    expect: async (session, input) => {
      this.#note('expect', { session, ...input });
      return { lastSeq: 0, id: null, digest: null };
    },
    withdraw: async (session) => this.#note('withdraw', { session }),
  };
  /** Of every session. */
  tools: AgentSettings['tools'] = null;
  space: Engine['space'] = { state: 'plenty', free: null };
  started = {
    continued: 1,
    ended: 2,
    lost: 0,
    setAside: [{ session: 'other', reason: 'torn' }],
  };

  constructor(...ids: string[]) {
    for (const id of ids) this.rows.set(id, rowNamed(id));
  }

  async find(name: string): Promise<string> {
    for (const { id, key } of this.rows.values()) if (id === name || key === name) return id;
    throw refuse('not_found', `nothing named ${name}`);
  }

  async create(input: CreateInput, by: By) {
    this.#note('create', input, by);
    const row = rowNamed(input.id ?? 'made');
    this.rows.set(row.id, row);
    return { row, created: true };
  }

  async send(session: string, input: unknown, by: By) {
    this.#note('send', input, by);
    const entry = { id: 'p1', seq: 1 };
    const state = 'starting' as const;
    return { key: this.#row(session).key, entry, duplicate: false, state, run: 'r1', queued: 0 };
  }

  async patch(session: string, input: unknown, by: By) {
    this.#note('patch', input, by);
    return { row: this.#row(session), applied: {} };
  }

  async abort(session: string, input: unknown, by: By): Promise<AbortAnswer> {
    this.#note('abort', input, by);
    return { key: this.#row(session).key, status: 'no-active-run', queued: 0 };
  }

  async get(session: string) {
    const row = this.#row(session);
    const { model, mode, effort } = row;
    const settings = { ...noSettings, model, mode, effort, tools: this.tools };
    return {
      row,
      host: null,
      settings,
      onLost: 'stop' as const,
      policy: noPolicy,
      boundary: null,
      nativeBoundary: null,
    };
  }

  async raw(session: string, _query: RawQuery): Promise<RawPage> {
    this.#row(session);
    const place = { host: 'h1', from: 0, to: 3, at, entries: [] };
    return { lines: [{ direction: 'out', text: '{}', ...place }], next: null, source: 'here' };
  }

  async openFeed(session: string, options: FeedOptions, sink: FeedSink): Promise<OpenedFeed> {
    const feed = this.#place(session, options, sink);
    for (const frame of this.early) sink.send(frame);
    await this.opening;
    if (this.failure !== undefined) throw this.failure;
    const row = this.#row(session);
    const { lastSeq, head, key } = row;
    return {
      snapshot: { key, lastSeq, head, row, openApprovals: [], partials: [] },
      close: () => (feed.closed = true),
    };
  }

  openList(filter: ListFilter, sink: FeedSink): OpenedList {
    const feed = this.#place(null, filter, sink);
    return { asOf: '2026-01-01T00:00:00.000Z', close: () => (feed.closed = true) };
  }

  async shutdown(mode: 'stop' | 'detach') {
    this.#note('shutdown', mode);
    const outcome: RunOutcome = 'cancelled';
    return [{ session: 's1', run: 'r1', outcome }];
  }

  /** What was asked last. */
  get last() {
    return this.asked.at(-1);
  }

  /** Feeds that nobody has closed. */
  get open(): OpenFeed[] {
    return this.feeds.filter(({ closed }) => !closed);
  }

  /** Sends a frame into every open feed of a session, or of the list. */
  publish(session: string | null, frame: Frame): void {
    for (const feed of this.open) if (feed.session === session) feed.sink.send(frame);
  }

  #place(session: string | null, options: FeedOptions | ListFilter, sink: FeedSink): OpenFeed {
    const feed = { session, options, sink, closed: false };
    this.feeds.push(feed);
    return feed;
  }

  #row(session: string): SessionRow {
    const row = this.rows.get(session);
    if (row === undefined) throw refuse('not_found', 'no such session');
    return row;
  }

  #note(what: string, input: unknown, by?: By): void {
    this.asked.push({ what, input, ...(by === undefined ? {} : { by }) });
    const { failure } = this;
    this.failure = undefined;
    if (failure !== undefined) throw failure;
  }
}

export function entryFrame(session: string, seq: number, text = ''): Frame {
  const entry = { seq, id: `e${seq}`, kind: 'notice', data: { code: 'test', text } };
  return { event: 'entry', seq, params: JSON.stringify({ session, entry }) };
}

export function partialFrame(session: string, text: string): Frame {
  const params = JSON.stringify({ session, entryId: 'm1', part: 'text', offset: 0, text });
  return { event: 'partial', seq: null, params };
}
