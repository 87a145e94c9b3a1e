import type { InputOf, OperationName } from '../protocol/operations.ts';
import { newId } from './new-id.ts';

/** Operations that only read: trying again changes nothing. All others must be made repeatable by an id. */
const reads: ReadonlySet<OperationName> = new Set([
  'agents.list',
  'agents.probe',
  'approvals.list',
  'blobs.get',
  'budgets.get',
  'hooks.list',
  'logins.list',
  'moves.list',
  'policy.get',
  'policy.test',
  'prices.get',
  'runs.get',
  'runs.list',
  'runs.raw',
  'server.check',
  'server.health',
  'server.info',
  'sessions.get',
  'sessions.history',
  'sessions.list',
  'sessions.resolve',
  'snapshots.diff',
  'snapshots.get',
  'snapshots.list',
  'tokens.list',
  'usage.summary',
]);

/** Done again they come to the same: a question has the id of who asks it, a session that moves is named. */
const again: ReadonlySet<OperationName> = new Set([
  'approvals.request',
  'moves.activate',
  'moves.offer',
  'moves.withdraw',
]);

/** What is sent, and whether it may be sent again when no answer came. */
export interface Sending {
  input: object;
  repeatable: boolean;
}

/** Gives a command the id that makes it repeatable where the caller gave none. */
export function prepare(operation: OperationName, input: object): Sending {
  if (reads.has(operation) || again.has(operation)) return { input, repeatable: true };
  if (operation === 'sessions.send') {
    const sent = input as InputOf<'sessions.send'>;
    return { input: { ...sent, id: sent.id ?? newId() }, repeatable: true };
  }
  if (operation === 'sessions.create') {
    const made = input as InputOf<'sessions.create'>;
    const name = made.key === undefined ? { id: made.id ?? newId() } : {};
    const prompt = made.prompt === undefined ? {} : { promptId: made.promptId ?? newId() };
    return { input: { ...made, ...name, ...prompt }, repeatable: true };
  }
  if (operation === 'sessions.abort') {
    return { input, repeatable: (input as InputOf<'sessions.abort'>).run !== undefined };
  }
  return { input, repeatable: false };
}
