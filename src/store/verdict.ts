import { limits } from '../domain/limits.ts';
import type { Refusal, RefusalCode } from '../domain/refusal.ts';
import type { Verdict } from '../ports/store.ts';
import { inputFlaw, type HostFacts } from './input-order.ts';
import type { WireBatch, WireEntry } from './wire.ts';

/** Where a session's log stands. */
export interface LogFacts {
  epoch: number;
  lastSeq: number;
  head: string | null;
}

/** What a verdict needs to know, asked one by one so that a plain append reads almost nothing. */
export interface Facts extends HostFacts {
  log(): LogFacts | undefined;
  /** The stored entry with this id, and whether it says the same as the given one. */
  known(entry: WireEntry): { seq: number; same: boolean } | undefined;
  exists(id: string): boolean;
  run(run: string): { started: boolean; ended: boolean } | undefined;
  /** Another session that has this key. */
  keyOwner(key: string): string | undefined;
  /** From how many sessions this one descends. */
  depth(session: string): number;
  children(session: string): number;
  /** Whether there was such a session, of which nothing is left. */
  purged(session: string): boolean;
}

export type Decision =
  | { write: false; verdict: Verdict }
  | { write: true; log: LogFacts | undefined; known: number };

function refused(
  code: RefusalCode,
  message: string,
  more: { index?: number; field?: string } = {},
): Decision {
  const refusal: Refusal = {
    code,
    message,
    ...(more.field === undefined ? {} : { field: more.field }),
  };
  const index = more.index === undefined ? {} : { index: more.index };
  return { write: false, verdict: { status: 'refused', refusal, ...index } };
}

interface Prefix {
  seqs: number[];
  refusal?: Decision;
}

/** How many entries at the beginning are stored already; known ones elsewhere refuse the batch (L3). */
function knownPrefix(batch: WireBatch, facts: Facts): Prefix {
  const seqs: number[] = [];
  const ids = new Set<string>();
  for (const [index, entry] of batch.entries.entries()) {
    if (ids.has(entry.id)) {
      return {
        seqs,
        refusal: refused('invalid', `The batch has two entries ${entry.id}.`, {
          index,
          field: 'entries',
        }),
      };
    }
    ids.add(entry.id);
    const known = facts.known(entry);
    if (known === undefined) continue;
    if (!known.same) {
      const message = `Entry ${entry.id} exists with other content: a retry repeats it, news needs a new id.`;
      return { seqs, refusal: refused('id_reused', message, { index, field: 'id' }) };
    }
    if (seqs.length !== index) {
      const message = `Entry ${entry.id} is stored already, but not the ones before it in the batch.`;
      return { seqs, refusal: refused('invalid', message, { index }) };
    }
    seqs.push(known.seq);
  }
  return { seqs };
}

/** Duplicate, fenced, conflict, insert, in this order (L4). Pure: reads nothing but `facts`. */
export function decide(batch: WireBatch, facts: Facts): Decision {
  const log = facts.log();
  const prefix = log === undefined ? { seqs: [] } : knownPrefix(batch, facts);
  if (prefix.refusal !== undefined) return prefix.refusal;
  const known = prefix.seqs.length;
  if (log !== undefined && known > 0 && known === batch.entries.length) {
    return { write: false, verdict: { status: 'duplicate', seqs: prefix.seqs, head: log.head } };
  }
  // The state says what all of them lead to, one after another: with some left out it would be another one.
  if (known > 0 && batch.state !== null) {
    const message =
      'Some of these entries are stored already, under a state of the log without them.';
    return refused('id_reused', message, { index: 0, field: 'id' });
  }
  if (log === undefined && batch.create === null) {
    return refused('not_found', `There is no session ${batch.session}.`);
  }
  if (log === undefined && facts.purged(batch.session)) {
    const message = `There was a session ${batch.session}, which was purged: its id is not given again.`;
    return refused('id_reused', message, { field: 'id' });
  }
  if (log !== undefined && log.epoch !== batch.epoch) {
    return { write: false, verdict: { status: 'fenced', epoch: log.epoch } };
  }
  if (isConflict(batch, log, known)) {
    const { head, lastSeq, epoch } = log ?? { head: null, lastSeq: 0, epoch: batch.epoch };
    return { write: false, verdict: { status: 'conflict', head, seq: lastSeq, epoch } };
  }
  return flawOf(batch, known, log, facts) ?? { write: true, log, known };
}

function isConflict(batch: WireBatch, log: LogFacts | undefined, known: number): boolean {
  // Creating a session expects an empty log, unless it repeats what is there.
  if (batch.create !== null && log !== undefined && known === 0) return true;
  if (batch.expect === null) return false;
  if ('seq' in batch.expect) return batch.expect.seq !== (log?.lastSeq ?? 0);
  return batch.expect.head !== (log?.head ?? null);
}

/** Everything else that would make an insert wrong. A batch that passes cannot fail. */
function flawOf(
  batch: WireBatch,
  known: number,
  log: LogFacts | undefined,
  facts: Facts,
): Decision | undefined {
  const { raiseEpoch } = batch;
  if (raiseEpoch !== null && raiseEpoch <= (log?.epoch ?? batch.epoch)) {
    return refused('invalid', `Epoch ${raiseEpoch} is not above the one in force.`, {
      field: 'raiseEpoch',
    });
  }
  for (const key of [batch.create?.key, batch.state?.key]) {
    const owner = key === null || key === undefined ? undefined : facts.keyOwner(key);
    if (owner !== undefined) {
      // By which one is not for everybody to know.
      return refused('conflict', 'The key is taken by another session.', { field: 'key' });
    }
  }
  return parentFlaw(batch, log, facts) ?? entryFlaw(batch, known, facts) ?? hostFlaw(batch, facts);
}

/** Sessions that make sessions come to an end. */
function parentFlaw(
  batch: WireBatch,
  log: LogFacts | undefined,
  facts: Facts,
): Decision | undefined {
  const parent = batch.create?.parent ?? null;
  if (log !== undefined || parent === null) return undefined;
  if (facts.depth(parent) >= limits.sessionDepth) {
    const message = `Session ${parent} descends from ${limits.sessionDepth} others: it has no children.`;
    return refused('limited', message, { field: 'parent' });
  }
  if (facts.children(parent) >= limits.sessionChildren) {
    const message = `Session ${parent} has ${limits.sessionChildren} children that are not archived.`;
    return refused('limited', message, { field: 'parent' });
  }
  return undefined;
}

function entryFlaw(batch: WireBatch, known: number, facts: Facts): Decision | undefined {
  const runs = new Map<string, { started: boolean; ended: boolean }>();
  const ids = new Set(batch.entries.slice(0, known).map((entry) => entry.id));
  for (const [offset, entry] of batch.entries.slice(known).entries()) {
    const index = known + offset;
    if (entry.flaw !== null) return refused('invalid', `${entry.flaw}.`, { index });
    if (entry.parent !== null && !ids.has(entry.parent) && !facts.exists(entry.parent)) {
      return refused('invalid', `There is no parent ${entry.parent}.`, {
        index,
        field: 'parentId',
      });
    }
    ids.add(entry.id);
    if (entry.run === null) continue;
    const run = runs.get(entry.run) ?? facts.run(entry.run) ?? { started: false, ended: false };
    if (run.ended) {
      return refused('invalid', `Run ${entry.run} has its terminal entry.`, {
        index,
        field: 'runId',
      });
    }
    if (entry.kind === 'run_started' && run.started) {
      return refused('invalid', `Run ${entry.run} was started before.`, { index, field: 'runId' });
    }
    runs.set(entry.run, {
      started: run.started || entry.kind === 'run_started',
      ended: entry.kind === 'run_ended',
    });
  }
  return undefined;
}

function hostFlaw(batch: WireBatch, facts: Facts): Decision | undefined {
  const flaw = inputFlaw(batch, facts);
  return flaw === undefined ? undefined : refused('invalid', flaw.message, { field: flaw.field });
}
