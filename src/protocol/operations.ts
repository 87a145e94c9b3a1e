import type { z } from 'zod';
import { agentsList } from './operations/agents-list.ts';
import { agentsProbe } from './operations/agents-probe.ts';
import { approvalsDecide } from './operations/approvals-decide.ts';
import { approvalsList } from './operations/approvals-list.ts';
import { approvalsRequest } from './operations/approvals-request.ts';
import { blobsGet } from './operations/blobs-get.ts';
import { blobsPut } from './operations/blobs-put.ts';
import { budgetsGet } from './operations/budgets-get.ts';
import { budgetsSet } from './operations/budgets-set.ts';
import { feedsClose } from './operations/feeds-close.ts';
import { feedsOpen } from './operations/feeds-open.ts';
import { filesFind } from './operations/files-find.ts';
import { hooksList } from './operations/hooks-list.ts';
import { hooksTest } from './operations/hooks-test.ts';
import { loginsCreate } from './operations/logins-create.ts';
import { loginsList } from './operations/logins-list.ts';
import { movesActivate } from './operations/moves-activate.ts';
import { movesBegin } from './operations/moves-begin.ts';
import { movesCancel } from './operations/moves-cancel.ts';
import { movesList } from './operations/moves-list.ts';
import { movesOffer } from './operations/moves-offer.ts';
import { movesWithdraw } from './operations/moves-withdraw.ts';
import { policyGet } from './operations/policy-get.ts';
import { policySet } from './operations/policy-set.ts';
import { policyTest } from './operations/policy-test.ts';
import { pricesGet } from './operations/prices-get.ts';
import { queueEdit } from './operations/queue-edit.ts';
import { queueList } from './operations/queue-list.ts';
import { queueMove } from './operations/queue-move.ts';
import { queueRelease } from './operations/queue-release.ts';
import { queueWithdraw } from './operations/queue-withdraw.ts';
import { runsGet } from './operations/runs-get.ts';
import { runsList } from './operations/runs-list.ts';
import { runsRaw } from './operations/runs-raw.ts';
import { runsStopAll } from './operations/runs-stop-all.ts';
import { serverCheck } from './operations/server-check.ts';
import { serverHealth } from './operations/server-health.ts';
import { serverInfo } from './operations/server-info.ts';
import { serverShutdown } from './operations/server-shutdown.ts';
import { sessionsAbort } from './operations/sessions-abort.ts';
import { sessionsAppend } from './operations/sessions-append.ts';
import { sessionsCompact } from './operations/sessions-compact.ts';
import { sessionsCreate } from './operations/sessions-create.ts';
import { sessionsDelete } from './operations/sessions-delete.ts';
import { sessionsExport } from './operations/sessions-export.ts';
import { sessionsFork } from './operations/sessions-fork.ts';
import { sessionsGet } from './operations/sessions-get.ts';
import { sessionsHistory } from './operations/sessions-history.ts';
import { sessionsImport } from './operations/sessions-import.ts';
import { sessionsList } from './operations/sessions-list.ts';
import { sessionsPatch } from './operations/sessions-patch.ts';
import { sessionsPreview } from './operations/sessions-preview.ts';
import { sessionsReset } from './operations/sessions-reset.ts';
import { sessionsResolve } from './operations/sessions-resolve.ts';
import { sessionsRestore } from './operations/sessions-restore.ts';
import { sessionsSend } from './operations/sessions-send.ts';
import { sessionsSteer } from './operations/sessions-steer.ts';
import { sessionsTakeOver } from './operations/sessions-take-over.ts';
import { snapshotsDiff } from './operations/snapshots-diff.ts';
import { snapshotsGet } from './operations/snapshots-get.ts';
import { snapshotsList } from './operations/snapshots-list.ts';
import { snapshotsRestore } from './operations/snapshots-restore.ts';
import { tokensCreate } from './operations/tokens-create.ts';
import { tokensList } from './operations/tokens-list.ts';
import { tokensRevoke } from './operations/tokens-revoke.ts';
import { usageSummary } from './operations/usage-summary.ts';

/** Every operation, once. Adding one is a file in `operations/` and a line here; a missing handler does not compile. */
export const operations = {
  'agents.list': agentsList,
  'agents.probe': agentsProbe,
  'approvals.decide': approvalsDecide,
  'approvals.list': approvalsList,
  'approvals.request': approvalsRequest,
  'blobs.get': blobsGet,
  'blobs.put': blobsPut,
  'budgets.get': budgetsGet,
  'budgets.set': budgetsSet,
  'feeds.close': feedsClose,
  'feeds.open': feedsOpen,
  'files.find': filesFind,
  'hooks.list': hooksList,
  'hooks.test': hooksTest,
  'logins.create': loginsCreate,
  'logins.list': loginsList,
  'moves.activate': movesActivate,
  'moves.begin': movesBegin,
  'moves.cancel': movesCancel,
  'moves.list': movesList,
  'moves.offer': movesOffer,
  'moves.withdraw': movesWithdraw,
  'policy.get': policyGet,
  'policy.set': policySet,
  'policy.test': policyTest,
  'prices.get': pricesGet,
  'queue.edit': queueEdit,
  'queue.list': queueList,
  'queue.move': queueMove,
  'queue.release': queueRelease,
  'queue.withdraw': queueWithdraw,
  'runs.get': runsGet,
  'runs.list': runsList,
  'runs.raw': runsRaw,
  'runs.stopAll': runsStopAll,
  'server.check': serverCheck,
  'server.health': serverHealth,
  'server.info': serverInfo,
  'server.shutdown': serverShutdown,
  'sessions.abort': sessionsAbort,
  'sessions.append': sessionsAppend,
  'sessions.compact': sessionsCompact,
  'sessions.create': sessionsCreate,
  'sessions.delete': sessionsDelete,
  'sessions.export': sessionsExport,
  'sessions.fork': sessionsFork,
  'sessions.get': sessionsGet,
  'sessions.history': sessionsHistory,
  'sessions.import': sessionsImport,
  'sessions.list': sessionsList,
  'sessions.patch': sessionsPatch,
  'sessions.preview': sessionsPreview,
  'sessions.reset': sessionsReset,
  'sessions.resolve': sessionsResolve,
  'sessions.restore': sessionsRestore,
  'sessions.send': sessionsSend,
  'sessions.steer': sessionsSteer,
  'sessions.takeOver': sessionsTakeOver,
  'snapshots.diff': snapshotsDiff,
  'snapshots.get': snapshotsGet,
  'snapshots.list': snapshotsList,
  'snapshots.restore': snapshotsRestore,
  'tokens.create': tokensCreate,
  'tokens.list': tokensList,
  'tokens.revoke': tokensRevoke,
  'usage.summary': usageSummary,
} as const;

export type Operations = typeof operations;
export type OperationName = keyof Operations;
/** Operations whose answer or body is a stream. */
export type StreamName = 'blobs.put' | 'sessions.export' | 'sessions.import';
/** What a caller gives: fields with defaults may be left out. */
export type InputOf<Name extends OperationName> = z.input<Operations[Name]['input']>;
/** What a handler gets: validated, defaults filled in. */
export type ParsedInputOf<Name extends OperationName> = z.output<Operations[Name]['input']>;
export type OutputOf<Name extends OperationName> = z.output<Operations[Name]['output']>;

export const operationNames = Object.keys(operations) as readonly OperationName[];

export function isOperationName(name: string): name is OperationName {
  return Object.hasOwn(operations, name);
}
