import type {
  HistoryQuery,
  RunQuery,
  SessionQuery,
  SettledFiles,
  SnapshotQuery,
  SnapshotSpanQuery,
  TokenRow,
  UsageQuery,
} from '../ports/store.ts';
import type { GlobalBudget } from '../domain/budget.ts';
import type { Arrival, Departure } from '../ports/moves.ts';
import type { PolicyChangeRow } from '../ports/policies.ts';
import { readDecision, readOpenApprovals } from './approvals.ts';
import { references } from './blob-refs.ts';
import { readBudget, readSpent, readSpentBy, setBudget } from './budgets.ts';
import { checkDatabase } from './check.ts';
import { commitGroup } from './commit.ts';
import type { Connection } from './connection.ts';
import { entryById, entryText } from './entries.ts';
import { countChildren, family, lineage } from './family.ts';
import { readHistory } from './history.ts';
import { marksBetween, type MarksQuery, marksNamed } from './entry-marks.ts';
import { beginEvents, eventsAfter, moveEvents, trimEvents } from './hook-events.ts';
import { readEndedHosts, readOpenHosts, settleHost } from './hosts.ts';
import { readInputs, readMarks } from './inputs.ts';
import {
  depart,
  endArrival,
  endDeparture,
  expectArrival,
  listArrivals,
  listDepartures,
  withdrawArrival,
} from './moves.ts';
import { nodeBack } from './node-back.ts';
import {
  emptyLog,
  endPurge,
  looseBlobs,
  loosenBlobs,
  purgeSlice,
  readPurgeable,
  settleBlobs,
  waitingBlobs,
} from './purge.ts';
import { isPurged } from './purged.ts';
import { listPolicies, readBypassed, setPolicy } from './policies.ts';
import { readRun, readRuns } from './runs.ts';
import { readSecrets } from './secrets.ts';
import { loadSession, readLog } from './session-row.ts';
import { readSessions, resolveName } from './sessions.ts';
import { readOpenRestores, readSnapshots, readSpans as readSnapshotSpans } from './snapshots.ts';
import { readSpans } from './spans.ts';
import { readUsage } from './usage-summary.ts';
import { createToken, listTokens, revokeToken, tokenByDigest, useToken } from './tokens.ts';
import type { WireBatch } from './wire.ts';

function readEntry(connection: Connection, session: string, id: string): string | undefined {
  const log = readLog(connection, session);
  const row = log && entryById(connection, log.num, id);
  return row && entryText(row);
}

/** What a worker can be asked for. Reads run in one snapshot each, writes in a transaction of their own. */
export const operations = {
  append: (on: Connection, batches: readonly WireBatch[]) => commitGroup(on, batches),
  createToken: (on: Connection, token: TokenRow) => createToken(on, token),
  useToken: (on: Connection, id: string, at: string, until: string) => useToken(on, id, at, until),
  revokeToken: (on: Connection, id: string, at: string) => revokeToken(on, id, at),
  listPolicies: (on: Connection) => listPolicies(on),
  setPolicy: (on: Connection, change: PolicyChangeRow, at: string) => setPolicy(on, change, at),
  readBudget: (on: Connection) => readBudget(on),
  setBudget: (on: Connection, budget: GlobalBudget | null) => setBudget(on, budget),
  spent: (on: Connection, day?: string) => on.snapshot(() => readSpent(on, day)),
  spentBy: (on: Connection, sessions: readonly string[]) =>
    on.snapshot(() => readSpentBy(on, sessions)),
  bypassed: (on: Connection) => readBypassed(on),
  load: (on: Connection, session: string) => on.snapshot(() => loadSession(on, session)),
  entry: (on: Connection, session: string, id: string) =>
    on.snapshot(() => readEntry(on, session, id)),
  history: (on: Connection, query: HistoryQuery) => on.snapshot(() => readHistory(on, query)),
  sessions: (on: Connection, query: SessionQuery, now: string) => readSessions(on, query, now),
  lineage: (on: Connection, session: string) => lineage(on, session),
  family: (on: Connection, sessions: readonly string[]) => family(on, sessions),
  children: (on: Connection, sessions: readonly string[]) => countChildren(on, sessions),
  secrets: (on: Connection, session: string) => on.snapshot(() => readSecrets(on, session)),
  nodeBack: (on: Connection, session: string, query: { after: number; back: number }) =>
    on.snapshot(() => nodeBack(on, session, query)),
  purgeable: (on: Connection, at: string) => readPurgeable(on, at),
  purged: (on: Connection, session: string) => isPurged(on, session),
  purgeSlice: (on: Connection, session: string, at: string) => purgeSlice(on, session, at),
  endPurge: (on: Connection, session: string) => endPurge(on, session),
  waitingBlobs: (on: Connection, after: string, limit: number) => waitingBlobs(on, after, limit),
  looseBlobs: (on: Connection, digests: readonly string[]) =>
    on.transaction(() => looseBlobs(on, digests)),
  loosenBlobs: (on: Connection, digests: readonly string[]) => loosenBlobs(on, digests),
  settleBlobs: (on: Connection, digests: readonly string[]) => settleBlobs(on, digests),
  emptyLog: (on: Connection) => emptyLog(on),
  references: (on: Connection, session: string, digest: string) =>
    on.snapshot(() => references(on, session, digest)),
  resolve: (on: Connection, name: string) => on.snapshot(() => resolveName(on, name)),
  runs: (on: Connection, query: RunQuery) => on.snapshot(() => readRuns(on, query)),
  run: (on: Connection, session: string, run: string) =>
    on.snapshot(() => readRun(on, session, run)),
  usage: (on: Connection, query: UsageQuery) => on.snapshot(() => readUsage(on, query)),
  openApprovals: (on: Connection, query: { sessions?: readonly string[]; limit: number }) =>
    on.snapshot(() => readOpenApprovals(on, query)),
  decisionOf: (on: Connection, session: string, approval: string) =>
    on.snapshot(() => readDecision(on, session, approval)),
  snapshots: (on: Connection, query: SnapshotQuery) => on.snapshot(() => readSnapshots(on, query)),
  snapshotSpans: (on: Connection, query: SnapshotSpanQuery) =>
    on.snapshot(() => readSnapshotSpans(on, query)),
  openRestores: (on: Connection) => readOpenRestores(on),
  openHosts: readOpenHosts,
  hostInputs: (on: Connection, host: string, offset: number, maxBytes: number) =>
    on.snapshot(() => readInputs(on, host, offset, maxBytes)),
  endedHosts: (on: Connection) => readEndedHosts(on),
  settleHost: (on: Connection, host: string, files: SettledFiles) => settleHost(on, host, files),
  inputMarks: (on: Connection, host: string, offset: number, limit: number) =>
    on.snapshot(() => readMarks(on, host, offset, limit)),
  runSpans: (on: Connection, session: string, run: string) => readSpans(on, session, run),
  entriesBetween: (on: Connection, query: MarksQuery) => marksBetween(on, query),
  entriesNamed: (on: Connection, session: string, ids: readonly string[]) =>
    marksNamed(on, session, ids),
  eventsAfter: (on: Connection, num: number, limit: number) => eventsAfter(on, num, limit),
  beginEvents: (on: Connection, hooks: readonly string[]) => beginEvents(on, hooks),
  moveEvents: (on: Connection, hook: string, num: number) => moveEvents(on, hook, num),
  trimEvents: (on: Connection, keep: number) => trimEvents(on, keep),
  listDepartures: (on: Connection) => listDepartures(on),
  depart: (on: Connection, departure: Departure) => depart(on, departure),
  endDeparture: (on: Connection, session: string) => endDeparture(on, session),
  listArrivals: (on: Connection) => listArrivals(on),
  expectArrival: (on: Connection, arrival: Arrival) => expectArrival(on, arrival),
  withdrawArrival: (on: Connection, session: string) => withdrawArrival(on, session),
  endArrival: (on: Connection, session: string) => endArrival(on, session),
  tokenByDigest: (on: Connection, digest: string) => tokenByDigest(on, digest),
  listTokens: (on: Connection) => listTokens(on),
  check: (on: Connection, session?: string) => on.snapshot(() => checkDatabase(on, session)),
} satisfies { readonly [name: string]: (on: Connection, ...rest: never[]) => unknown };

export type Operations = typeof operations;
export type OperationName = keyof Operations;
type AfterConnection<Values extends unknown[]> = Values extends [Connection, ...infer Rest]
  ? Rest
  : never;
export type Arguments<Name extends OperationName> = AfterConnection<Parameters<Operations[Name]>>;
export type Result<Name extends OperationName> = ReturnType<Operations[Name]>;
