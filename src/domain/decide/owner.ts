import type { Command } from '../command.ts';
import type { Arriving, Draft } from '../draft.ts';
import type { Entry, Owner } from '../entry.ts';
import { refuse } from '../refusal.ts';
import { checkSeq } from './head.ts';

/** Of the session's writer: the epoch in force, and the one that the caller writes with. */
export interface Epochs {
  inForce: number;
  expected?: number;
}

/** Refuses a writer that another one has replaced (L4). */
export function demandEpoch({ inForce, expected }: Epochs): void {
  if (expected === undefined || expected === inForce) return;
  throw refuse('fenced', `The writer of this session has the epoch ${inForce} by now.`, {
    field: 'epoch',
    data: { epoch: inForce },
  });
}

export function demandExternal(draft: Draft): void {
  if (draft.state.writer.state === 'external') return;
  const message =
    'The agents of this daemon write this session: sessions.takeOver hands it to somebody outside.';
  throw refuse('busy', message, { field: 'session' });
}

/**
 * What may be done with a session depends on who writes it, and is asked here alone. False where there is
 * nothing to do: the server's own care for a session that is only read any more.
 */
export function mayAct({ state, context }: Draft, command: Command): boolean {
  const { writer } = state;
  const { type } = command;
  if (context.arriving !== null) return mayActOnArriving(context.arriving, command);
  if (type === 'import' && command.arriving === true) throw unexpected();
  switch (writer.state) {
    case 'host':
      return true;
    case 'external':
      if (!ofAgents.has(type)) return true;
      throw refuse('busy', 'It is written from outside: sessions.takeOver has it go on here.', {
        field: 'session',
      });
    case 'moving':
    case 'moved':
      if (ofCopies.has(type) || (writer.state === 'moved' && type === 'delete')) return true;
      if (care.has(type)) return false;
      throw gone(writer);
  }
}

/**
 * A copy that comes in says what its source said at that entry: in the middle of it, that agents work here.
 * That is not so before the whole log is here and the source has given the session up.
 */
function mayActOnArriving(arriving: Arriving, command: Command): boolean {
  const { type } = command;
  if (type === 'sync' || type === 'restore' || type === 'arrive') return true;
  if (care.has(type)) return false;
  const expected = arriving === 'expected';
  if (type === 'import' && command.arriving === true && expected) return true;
  if (!expected && (type === 'delete' || type === 'settle_import')) return true;
  const message = expected
    ? 'This session is on its way here from another daemon: wait, or moves.withdraw.'
    : 'This is what came of a move that was broken off: the session is where it came from.';
  throw refuse('busy', message, { field: 'session' });
}

function unexpected(): Error {
  return refuse('fenced', 'This session is not expected here any more.', { field: 'session' });
}

function gone({ state, to }: Draft['state']['writer']): Error {
  if (state === 'host' || state === 'external') {
    const who = state === 'host' ? 'The agents of this daemon write' : 'Somebody outside writes';
    return refuse('conflict', `${who} this session.`, { field: 'session' });
  }
  const url = to?.url ?? 'another daemon';
  const data = to === null ? {} : { to: { ...to } };
  if (state === 'moved') {
    const message = `This session goes on at ${url}; here it is only read.`;
    return refuse('fenced', message, { field: 'session', data });
  }
  const message = `This session is moving to ${url} at this moment: wait, or moves.cancel.`;
  return refuse('busy', message, { field: 'session', data });
}

/** What has an agent of this daemon say something, or writes into its conversation. */
const ofAgents: ReadonlySet<Command['type']> = new Set([
  'send',
  'release',
  'reset',
  'compact',
  'ask_outside',
  'append',
]);

/** What may be done with a copy that is not, or no longer, the session. */
const ofCopies: ReadonlySet<Command['type']> = new Set([
  'own',
  'arrive',
  'import',
  'settle_import',
  'sync',
  'restore',
]);

/** What the server does by itself. */
const care: ReadonlySet<Command['type']> = new Set([
  'expire',
  'watch_budget',
  'note',
  'snapshot',
  'end_restore',
  'stall',
  'condemn',
]);

type Own = Extract<Command, { type: 'own' }>;

/** The writer changes, and with it the epoch. */
export function own(draft: Draft, { to, here, memory, at, cwd, upTo }: Own): void {
  const { writer } = draft.state;
  if (at !== undefined && at !== writer.epoch) {
    throw refuse('conflict', `The writer has changed: its epoch is ${writer.epoch} by now.`, {
      data: { epoch: writer.epoch },
    });
  }
  if (upTo !== undefined) checkSeq(draft, upTo, { field: 'expect', epoch: writer.epoch });
  demandWay(draft, to.state, here);
  demandRest(draft);
  // What moves nowhere stays where it was.
  if (to.state === 'host' && writer.state === 'external') settle(draft, cwd);
  write(draft, { ...to, ...(to.state === 'host' ? memory : undefined) });
}

/** The proof that the session goes on here, as the next entry of its log; from then on it does. */
export function arrive(
  draft: Draft,
  { moved, here, memory, cwd }: Extract<Command, { type: 'arrive' }>,
): void {
  const { seq: _seq, digest: _digest, ...entry } = moved;
  demandProof(draft.state, moved, here);
  draft.place(entry);
  settle(draft, cwd);
  write(draft, { state: 'host', ...memory });
}

/** Refuses an entry that does not make this copy the session. */
export function demandProof(state: Draft['state'], moved: Entry, here: string): void {
  if (proves(state, moved, here)) return;
  const message = 'That does not prove that this copy is the session: its log goes on otherwise.';
  throw refuse('conflict', message, { field: 'moved', data: { seq: state.lastSeq } });
}

/** Whether an entry of the source's log is the next one of this copy, and gives the session up to it. */
function proves({ writer, lastSeq }: Draft['state'], moved: Entry, here: string): boolean {
  return (
    isDormant(writer, here) &&
    isGivenTo(moved, here) &&
    moved.data.epoch === writer.epoch + 1 &&
    moved.seq === lastSeq + 1
  );
}

type OwnerEntry = Extract<Entry, { kind: 'owner' }>;

/** Whether an entry gives its session up to a daemon. */
export function isGivenTo(entry: Entry, server: string): entry is OwnerEntry {
  return entry.kind === 'owner' && entry.data.state === 'moved' && entry.data.to?.server === server;
}

/** Of the whole log of a session that moves here, as long as its source has not given it up. */
export function isDormant({ state, to }: Draft['state']['writer'], here: string): boolean {
  return state === 'moving' && to?.server === here;
}

function write(draft: Draft, owner: Omit<Owner, 'epoch'>): void {
  const epoch = draft.state.writer.epoch + 1;
  draft.write('owner', { ...owner, epoch }, { runId: null });
}

/** The only ways from one writer to another. */
function demandWay({ state }: Draft, to: Owner['state'], here: string): void {
  const { state: from, to: target } = state.writer;
  const free =
    (from === 'host' && to !== 'moved') ||
    (from === 'external' && (to === 'host' || to === 'external')) ||
    // Only the side from which it moves says that it does, or that it does not.
    (from === 'moving' && (to === 'host' || to === 'moved') && target?.server !== here);
  if (from === 'host' && to === 'host') {
    throw refuse('conflict', 'The agents of this daemon write it already.', { field: 'writer' });
  }
  if (!free) throw gone(state.writer);
}

/** Agents of this daemon work in a directory of this machine. */
function settle(draft: Draft, cwd = draft.state.cwd): void {
  if (cwd === '') {
    const message = 'Say in which directory of this machine it goes on.';
    throw refuse('invalid', message, { field: 'cwd' });
  }
  if (cwd !== draft.state.cwd) {
    draft.write('settings', { from: 'client', changes: { cwd } }, { runId: null });
  }
}

function demandRest({ run, state }: Draft): void {
  if (run === null && state.host === null && state.restore === null && state.approvals.length === 0)
    return;
  throw refuse('busy', 'Something is under way in it: wait for its end, or abort it.', {
    field: 'session',
  });
}
