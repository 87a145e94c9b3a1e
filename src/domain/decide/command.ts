import type { Answer, Command } from '../command.ts';
import type { Draft } from '../draft.ts';
import { refuse } from '../refusal.ts';
import { abort } from './abort.ts';
import { append, importEntries, settleImport } from './append.ts';
import { decide } from './approval.ts';
import { askOutside, expire } from './ask.ts';
import { appendLines } from './lines.ts';
import { compact, remove, reset, restore } from './lifecycle.ts';
import { editItem, moveItem, release, withdrawItem } from './queue.ts';
import { arrive, mayAct, own } from './owner.ts';
import { condemnHost } from './run.ts';
import { send } from './send.ts';
import { beginRestore, endRestore, snapshot } from './snapshot.ts';
import { create, patch } from './settings.ts';
import { decideStall } from './stall.ts';
import { watchBudget } from './watch-budget.ts';

/** Decides a command: writes entries into the draft, or throws a `RefusalError` and nothing counts. */
export function decideCommand(draft: Draft, command: Command): Answer {
  if (draft.state.deletedAt !== null && !ofDeleted.has(command.type)) throw deleted();
  if (!mayAct(draft, command)) return { type: 'done' };
  switch (command.type) {
    case 'create':
      return create(draft, command);
    case 'send':
      return send(draft, command);
    case 'abort':
      return abort(draft, command);
    case 'decide':
      return watched(draft, decide(draft, command));
    case 'patch':
      return watched(draft, patch(draft, command));
    case 'queue_edit':
      return editItem(draft, command);
    case 'queue_move':
      return moveItem(draft, command);
    case 'delete':
      return remove(draft, command.purgeAt);
    default:
      change(draft, command);
      return { type: 'done' };
  }
}

/** An answer may say that the run does not go on, and another budget that it must not. */
function watched(draft: Draft, answer: Answer): Answer {
  watchBudget(draft);
  return answer;
}

type Change = Exclude<
  Command,
  {
    type: 'create' | 'send' | 'abort' | 'decide' | 'patch' | 'queue_edit' | 'queue_move' | 'delete';
  }
>;

/** Commands of which there is nothing to tell but that they are done. */
function change(draft: Draft, command: Change): void {
  switch (command.type) {
    case 'ask_outside':
      return askOutside(draft, command);
    case 'expire':
      expire(draft);
      return watchBudget(draft);
    case 'queue_withdraw':
      return withdrawItem(draft, command.prompt);
    case 'release':
      return release(draft, command);
    case 'reset':
      return reset(draft, command.reason);
    case 'compact':
      return compact(draft, command);
    case 'restore':
      return restore(draft, command.key);
    case 'append':
      return append(draft, command);
    case 'append_lines':
      return appendLines(draft, command);
    case 'own':
      return own(draft, command);
    case 'arrive':
      return arrive(draft, command);
    case 'import':
      return importEntries(draft, command);
    case 'settle_import':
      return settleImport(draft);
    case 'condemn':
      return condemn(draft, command);
    case 'sync':
      return;
    case 'watch_budget':
      return watchBudget(draft);
    case 'note':
      return note(draft, command);
    case 'stall':
      return decideStall(draft, command.run, command.silentMs);
    case 'snapshot':
      return snapshot(draft, command);
    case 'begin_restore':
      return beginRestore(draft, command);
    case 'end_restore':
      return endRestore(draft, command);
  }
}

/** What may still be done with a deleted session. */
const ofDeleted: ReadonlySet<Command['type']> = new Set([
  'restore',
  'delete',
  'condemn',
  'sync',
  'expire',
  'watch_budget',
  // Calls of a run that ended with its session, and files that were being put back.
  'snapshot',
  'end_restore',
  // An exported log may tell of a deletion and its restoration.
  'import',
  'settle_import',
]);

function deleted(): Error {
  return refuse('not_found', 'The session was deleted; sessions.restore brings it back.', {
    field: 'session',
  });
}

function condemn(draft: Draft, command: Extract<Command, { type: 'condemn' }>): void {
  const { host, run } = draft.state;
  // Only an idle host gives way for a fresh one or goes to rest.
  const polite = command.reason === 'recycle' || command.reason === 'idle';
  if (host?.id !== command.host || (polite && run !== null)) return;
  condemnHost(draft, command.reason, command.error);
}

function note(draft: Draft, command: Extract<Command, { type: 'note' }>): void {
  const { code, text, data } = command;
  const more = data === undefined ? {} : { data };
  draft.write('notice', { code, text, ...more }, { runId: null });
}
