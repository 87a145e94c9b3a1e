/** What the scenarios know of the wire: by documentation, not by the source. */

export type Fields = { readonly [name: string]: unknown };

export interface Entry {
  seq: number;
  id: string;
  parentId?: string | null;
  runId?: string;
  at: string;
  kind: string;
  by: { type: 'client' | 'agent' | 'server'; token?: string; user?: string; client?: string };
  about?: string;
  data: Fields & {
    content?: readonly { type: string; text?: string; blob?: { digest: string; size: number } }[];
    changes?: Fields;
  };
  digest: string;
}

export interface Row {
  id: string;
  key: string | null;
  agent: string;
  cwd: string;
  title: string | null;
  label: string | null;
  meta: { readonly [name: string]: string };
  model: string | null;
  mode: string | null;
  effort: string | null;
  status: string;
  activeRun: { id: string; state: string } | null;
  lastRun: { id: string; outcome: string; error?: { category: string; message: string } } | null;
  openApprovals: number;
  queued: number;
  held: boolean;
  nativeId: string | null;
  parent: string | null;
  forkedFrom: { session: string; entry: string | null; seq: number } | null;
  archived: boolean;
  deletedAt: string | null;
  writer: { state: string; epoch: number; to: Fields | null };
  lastMessage: string | null;
  lastActivityAt: string;
  head: string | null;
  lastSeq: number;
}

export interface Sent {
  session: string;
  key: string | null;
  entry: { id: string; seq: number };
  duplicate: boolean;
  state: 'starting' | 'queued' | 'steering' | 'delivered' | 'withdrawn' | 'indeterminate';
  run?: string;
  position?: number;
  queued: number;
  interrupted?: string;
}

export interface Run {
  session: string;
  id: string;
  state: 'open' | 'ended';
  outcome: string | null;
  stopReason?: string;
  error?: { category: string; message: string };
  answer?: { entry: string; text: string };
  turns?: number;
  startedSeq: number;
  endedSeq: number | null;
}

export interface Proof {
  ended: readonly { pid: number; name: string; how: string }[];
  gone: boolean;
}

export interface Aborted {
  session: string;
  run?: string;
  status: 'aborted' | 'stopping' | 'no-active-run';
  outcome?: string;
  queued: number;
  proof?: Proof;
}

export interface Item {
  prompt: string;
  position: number;
  content: readonly { type: string; text?: string }[];
  edited: boolean;
}

type Begun = { id: string; seq: number; state: 'starting' | 'queued'; run?: string };
type Agent = { name: string; steer: boolean; resume: boolean; found: Fields | null };

interface Sum {
  tokens: { input: number; output: number };
  cost: readonly { amount: number; currency: string }[];
  runs: number;
}

interface Ruling {
  effect: string;
  level: string | null;
  rule: number | string;
  directory?: string;
}

interface PolicyRow {
  directory: string | null;
  rules: readonly Fields[];
  revision: number;
  changedBy: string;
}

/** What each operation answers, as far as the scenarios look at it. */
export interface Answers {
  'agents.list': { default: string; agents: readonly Agent[] };
  'agents.probe': { default: string; agents: readonly Agent[] };
  'approvals.decide': {
    decision: { id: string; seq: number };
    outcome: string;
    option?: string;
    remembered?: { level: string; rules: readonly Fields[] };
  };
  'approvals.list': { approvals: readonly { session: string; entry: Entry; rules?: unknown }[] };
  'approvals.request': {
    approval: { id: string; seq: number };
    duplicate: boolean;
    decision: { outcome: string; option?: string; message?: string; ruling?: Ruling } | null;
  };
  'blobs.get': { base64: string; size: number; next: number | null };
  'blobs.put': { digest: string; size: number };
  'budgets.get': Standing;
  'budgets.set': Standing;
  'feeds.close': { closed: boolean };
  'feeds.open': {
    asOf?: string;
    session: string;
    lastSeq: number;
    row: Row;
    openApprovals: readonly Entry[];
    partials: readonly { entryId: string; offset: number; text: string }[];
  };
  'files.find': { files: readonly { path: string; type: string }[]; complete: boolean };
  'logins.create': { code: string; expiresAt: string; origin: string | null };
  'logins.list': { logins: readonly { id: string; name: string; own: boolean; usedAt: string }[] };
  'hooks.list': {
    problem: string | null;
    changed: boolean;
    notify: readonly {
      name: string;
      delivered: number;
      last: readonly { event: string; outcome: string }[];
    }[];
    beforeCommit: readonly { directory: string; running: boolean; kept: number }[];
  };
  'moves.activate': { session: Row; memory: string | null; reason: string | null };
  'moves.begin': { move: Move };
  'moves.cancel': { move: Move };
  'moves.list': {
    moves: readonly Move[];
    arrivals: readonly { session: string; from: string; withdrawn: boolean }[];
  };
  'moves.offer': { server: string; ticket: string; lastSeq: number; digest: string | null };
  'moves.withdraw': { session: string };
  'hooks.test': { delivered: boolean; message: string | null };
  'policy.get': {
    session: { rules: readonly Fields[]; bypassUntil: string | null } | null;
    policies: readonly PolicyRow[];
  };
  'policy.set': PolicyRow;
  'policy.test': {
    verdict: Ruling;
    parts: readonly { found: string; text: string; verdict: Ruling }[];
    rules: readonly Fields[];
  };
  'prices.get': {
    prices: readonly { model: string; input: number; output: number }[];
    file: string | null;
    problem: string | null;
  };
  'queue.edit': { item: Item };
  'queue.list': { held: boolean; items: readonly Item[] };
  'queue.move': { item: Item };
  'queue.release': { run: string | null; queued: number };
  'queue.withdraw': { queued: number };
  'runs.get': { run: Run };
  'runs.list': { runs: readonly Run[]; next: string | null };
  'runs.raw': {
    lines: readonly { direction: string; text: string; entries: readonly { seq: number }[] }[];
    next: string | null;
    source: string;
  };
  'runs.stopAll': {
    runs: readonly { session: string; run: string; outcome: string | null; proof?: Proof }[];
  };
  'server.check': { faults: readonly string[]; more: number };
  'server.health': { ok: boolean };
  'server.info': {
    version: string;
    pid: number;
    operations: readonly string[];
    limits: { readonly [name: string]: number };
    start: { continued: number; ended: number; lost: number; setAside: readonly Fields[] };
  };
  'server.shutdown': {
    mode: string;
    runs: readonly { session: string; run: string | null; outcome: string | null }[];
  };
  'sessions.abort': Aborted;
  'sessions.append': {
    entries: readonly { id: string; seq: number; duplicate: boolean }[];
    head: string | null;
    lastSeq: number;
  };
  'sessions.compact': { compacted: boolean; kept: number; reason?: string };
  'sessions.create': {
    session: Row;
    created: boolean;
    resolved: { agent: string; model: string | null };
    prompt?: Begun;
  };
  'sessions.delete': { deletedAt: string | null; purgeAt: string | null; purged: boolean };
  'sessions.fork': { session: Row; created: boolean; fidelity: string; prompt?: Begun };
  'sessions.get': { session: Row; children: number; settings: Fields; host: Fields | null };
  'sessions.history': {
    entries: readonly (Entry & { inherited?: string })[];
    next: number | null;
    ended: string;
    inherited: { session: string; before: number } | null;
    head: string | null;
    lastSeq: number;
  };
  'sessions.list': {
    sessions: readonly Row[];
    children: { readonly [id: string]: number };
    next: string | null;
  };
  'sessions.patch': { session: Row; applied: { readonly [name: string]: string } };
  'sessions.preview': {
    previews: readonly {
      session: string;
      id?: string;
      status: string;
      items: readonly { seq: number; kind: string; from: string; text: string }[];
    }[];
  };
  'sessions.reset': { session: Row };
  'sessions.resolve': { session: Row };
  'sessions.restore': { session: Row };
  'sessions.send': Sent;
  'sessions.steer': Sent;
  'sessions.takeOver': { session: Row; memory: string | null; reason: string | null };
  'snapshots.diff': {
    files: readonly { path: string; change: string; diff: string | null }[];
    next: string | null;
  };
  'snapshots.get': { snapshot: Entry; before: string | null; after: string | null };
  'snapshots.list': { snapshots: readonly Entry[]; next: string | null };
  'snapshots.restore': {
    restore: { id: string; seq: number } | null;
    files: readonly { path: string; outcome: string }[];
  };
  'tokens.create': { id: string; secret: string; expiresAt: string | null };
  'tokens.list': {
    tokens: readonly {
      id: string;
      name: string;
      scopes: readonly string[];
      usedAt?: string;
      revokedAt: string | null;
    }[];
  };
  'tokens.revoke': { revoked: boolean };
  'usage.summary': {
    rows: readonly (Sum & { session?: string; agent?: string; model?: string | null })[];
    total: Sum;
    next: string | null;
  };
}
interface Move {
  session: string;
  to: { server: string; url: string };
  phase: string;
  entries: { sent: number; total: number };
  error: { code: string; message: string } | null;
  memory: string | null;
  stays: { secrets: readonly string[] };
  endedAt: string | null;
}
interface Standing {
  session: string | null;
  budget: Fields | null;
  spent: { tokens: number; cost: readonly Fields[]; runs: number; wallMs: number };
}
export type Operation = keyof Answers;

/** A refusal as every face tells it. */
export class Refused extends Error {
  readonly code: string;
  readonly field: string | undefined;
  readonly data: Fields | undefined;

  constructor(told: { code: string; message: string; field?: string; data?: Fields }) {
    super(told.message);
    this.code = told.code;
    this.field = told.field;
    this.data = told.data;
  }
}

/** Whoever asks for operations, by whatever face. */
export interface Asker {
  call<Name extends Operation>(name: Name, input?: object): Promise<Answers[Name]>;
}

export type Told<Name extends Operation = Operation> =
  | { name: Name; input: Fields; answer: Answers[Name] }
  | { name: Name; input: Fields; refused: Refused };

/** The answer or the refusal; any other failure is thrown. */
export async function told<Name extends Operation>(
  asker: Asker,
  name: Name,
  input: Fields = {},
): Promise<Told<Name>> {
  try {
    return { name, input, answer: await asker.call(name, input) };
  } catch (error) {
    if (error instanceof Refused) return { name, input, refused: error };
    throw error;
  }
}

/** The refusal that a call has to end in. */
export async function refusal(call: Promise<unknown>): Promise<Refused> {
  const answer = await call.catch((error: unknown) => {
    if (error instanceof Refused) return error;
    throw error;
  });
  if (answer instanceof Refused) return answer;
  throw new Error(`It was not refused: ${JSON.stringify(answer).slice(0, 500)}`);
}
