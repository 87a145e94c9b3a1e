import type { Verdict } from '../ports/store.ts';
import { RefusalError } from '../domain/refusal.ts';
import { writeApproval } from './approvals.ts';
import { writeBlobRefs } from './blob-refs.ts';
import { addBranch } from './branches.ts';
import type { Connection } from './connection.ts';
import { entryById, sameContent, writeEntry } from './entries.ts';
import { childrenOf, lineage } from './family.ts';
import { failureOf, messageOf } from './failure.ts';
import { blockSize } from './history.ts';
import { writeEvent } from './hook-events.ts';
import { hostFacts, writeHost } from './hosts.ts';
import { sameInput, writeInput } from './inputs.ts';
import { removeArrival } from './moves.ts';
import { joinRules } from './policies.ts';
import { isPurged } from './purged.ts';
import { runFacts, writeRun } from './runs.ts';
import { writeSecrets } from './secrets.ts';
import { createSession, keyOwner, readLog, writeLog, writeState } from './session-row.ts';
import { writeSpan } from './spans.ts';
import { openRestore, writeSnapshot } from './snapshots.ts';
import { writeUsage } from './usage.ts';
import { decide, type Facts } from './verdict.ts';
import type { WireBatch } from './wire.ts';
import type { SessionLog } from './writer-memory.ts';

/** What the verdict asks, answered from the database. */
function factsOf(connection: Connection, batch: WireBatch, log: SessionLog | undefined): Facts {
  return {
    log: () => log,
    known(entry) {
      const row = log && entryById(connection, log.num, entry.id);
      return row && { seq: row.seq, same: sameContent(row, entry) };
    },
    exists: (id) =>
      log !== undefined && (id === log.head || entryById(connection, log.num, id) !== undefined),
    run: (run) => log && runFacts(connection, log.num, run),
    keyOwner(key) {
      const owner = keyOwner(connection, key);
      return owner === batch.session ? undefined : owner;
    },
    depth: (session) => lineage(connection, session).length - 1,
    children: (session) => childrenOf(connection, session),
    purged: (session) => isPurged(connection, session),
    host: (host) => hostFacts(connection, host),
    sameInput: (input) => sameInput(connection, input),
  };
}

function insert(connection: Connection, batch: WireBatch, log: SessionLog, known: number): Verdict {
  const { num } = log;
  const firstSeq = log.lastSeq + 1;
  let { head, lastSeq } = log;
  for (const entry of known === 0 ? batch.entries : batch.entries.slice(known)) {
    lastSeq += 1;
    writeEntry(connection, num, lastSeq, entry);
    if (entry.node) {
      if (entry.parent !== head) addBranch(connection, num, lastSeq, entry.parent);
      head = entry.id;
    }
    writeBlobRefs(connection, num, lastSeq, entry.data);
    writeRun(connection, num, lastSeq, entry);
    writeApproval(connection, num, lastSeq, entry);
    writeUsage(connection, num, entry);
    if (batch.events.includes(entry.id)) writeEvent(connection, batch.session, lastSeq);
    writeSnapshot(connection, num, lastSeq, entry);
    if (entry.id === batch.restoration) openRestore(connection, num, entry.id);
    const block = Math.floor(lastSeq / blockSize);
    if (connection.memory.mark(`${num} ${entry.kind} ${block}`)) {
      connection.run(
        'INSERT OR IGNORE INTO kind_blocks (session, kind, block) VALUES (?, ?, ?)',
        num,
        entry.kind,
        block,
      );
    }
  }
  const epoch = batch.raiseEpoch ?? log.epoch;
  if (lastSeq !== log.lastSeq || epoch !== log.epoch) {
    writeLog(connection, batch.session, num, { epoch, lastSeq, head });
    connection.memory.setLog(batch.session, { num, epoch, lastSeq, head });
  }
  if (batch.state !== null) writeState(connection, num, batch.state);
  for (const change of batch.hosts) writeHost(connection, num, change);
  for (const input of batch.inputs) writeInput(connection, input);
  for (const change of batch.spans) writeSpan(connection, num, change);
  if (batch.secrets !== null) writeSecrets(connection, num, batch.secrets);
  if (batch.arrived) removeArrival(connection, batch.session);
  for (const change of batch.rules) joinRules(connection, change, batch.entries[0]?.at ?? '');
  return { status: 'stored', firstSeq, lastSeq, head, known };
}

/** One batch inside the open transaction: all reads, the verdict, then writes that cannot fail. */
function applyBatch(connection: Connection, batch: WireBatch): Verdict {
  const log = connection.memory.log(batch.session) ?? readLog(connection, batch.session);
  const decision = decide(batch, factsOf(connection, batch, log));
  if (!decision.write) return decision.verdict;
  return insert(connection, batch, log ?? createSession(connection, batch), decision.known);
}

/** A write that failed by the operating system: nobody may be answered, the process has to end. */
export class FatalStoreError extends Error {
  constructor(cause: unknown) {
    super(`The disk failed a write or fsync: ${messageOf(cause)}`, { cause });
    this.name = 'FatalStoreError';
  }
}

function refusalOf(error: unknown): Verdict {
  if (error instanceof RefusalError) return { status: 'refused', refusal: error.refusal };
  if (failureOf(error) === 'full') {
    const message = 'The disk is full: nothing was stored. Free space and try again.';
    return { status: 'refused', refusal: { code: 'unavailable', message } };
  }
  const message = `The batch could not be stored: ${messageOf(error)}.`;
  return { status: 'refused', refusal: { code: 'internal', message } };
}

function inSessionOrder(batches: readonly WireBatch[]): number[] {
  const order = batches.map((_, index) => index);
  const session = (index: number): string => batches[index]?.session ?? '';
  return order.sort((a, b) => (session(a) < session(b) ? -1 : session(a) > session(b) ? 1 : a - b));
}

function commitTogether(connection: Connection, batches: readonly WireBatch[]): Verdict[] {
  return connection.transaction(() => {
    const verdicts: Verdict[] = [];
    for (const index of inSessionOrder(batches)) {
      const batch = batches[index];
      if (batch !== undefined) verdicts[index] = applyBatch(connection, batch);
    }
    return verdicts;
  });
}

/**
 * Commits a group in one transaction and answers a verdict per batch, in order. When the transaction
 * itself fails it was rolled back: on a full disk every batch is refused, on anything else (a damaged
 * page of one session) each batch gets a transaction of its own, so that only the bad one is refused.
 */
export function commitGroup(connection: Connection, batches: readonly WireBatch[]): Verdict[] {
  try {
    return commitTogether(connection, batches);
  } catch (error) {
    const failure = failureOf(error);
    if (failure === 'fatal') throw new FatalStoreError(error);
    if (failure === 'full' || batches.length === 1) return batches.map(() => refusalOf(error));
    return batches.flatMap((batch) => commitGroup(connection, [batch]));
  }
}
