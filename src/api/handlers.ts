import type { Handlers, StreamHandlers } from './handler.ts';
import { agentsList } from './handlers/agents-list.ts';
import { agentsProbe } from './handlers/agents-probe.ts';
import { approvalsDecide } from './handlers/approvals-decide.ts';
import { approvalsList } from './handlers/approvals-list.ts';
import { approvalsRequest } from './handlers/approvals-request.ts';
import { blobsGet } from './handlers/blobs-get.ts';
import { blobsPut } from './handlers/blobs-put.ts';
import { loginsCreate } from './handlers/logins-create.ts';
import { loginsList } from './handlers/logins-list.ts';
import { movesActivate } from './handlers/moves-activate.ts';
import { movesBegin } from './handlers/moves-begin.ts';
import { movesCancel } from './handlers/moves-cancel.ts';
import { movesList } from './handlers/moves-list.ts';
import { movesOffer } from './handlers/moves-offer.ts';
import { movesWithdraw } from './handlers/moves-withdraw.ts';
import { policyGet } from './handlers/policy-get.ts';
import { policySet } from './handlers/policy-set.ts';
import { policyTest } from './handlers/policy-test.ts';
import { budgetsGet } from './handlers/budgets-get.ts';
import { budgetsSet } from './handlers/budgets-set.ts';
import { pricesGet } from './handlers/prices-get.ts';
import { filesFind } from './handlers/files-find.ts';
import { hooksList } from './handlers/hooks-list.ts';
import { hooksTest } from './handlers/hooks-test.ts';
import { queueEdit } from './handlers/queue-edit.ts';
import { queueList } from './handlers/queue-list.ts';
import { queueMove } from './handlers/queue-move.ts';
import { queueRelease } from './handlers/queue-release.ts';
import { queueWithdraw } from './handlers/queue-withdraw.ts';
import { runsGet } from './handlers/runs-get.ts';
import { runsList } from './handlers/runs-list.ts';
import { runsRaw } from './handlers/runs-raw.ts';
import { runsStopAll } from './handlers/runs-stop-all.ts';
import { serverCheck } from './handlers/server-check.ts';
import { serverHealth } from './handlers/server-health.ts';
import { serverInfo } from './handlers/server-info.ts';
import { serverShutdown } from './handlers/server-shutdown.ts';
import { sessionsAbort } from './handlers/sessions-abort.ts';
import { sessionsAppend } from './handlers/sessions-append.ts';
import { sessionsCompact } from './handlers/sessions-compact.ts';
import { sessionsCreate } from './handlers/sessions-create.ts';
import { sessionsDelete } from './handlers/sessions-delete.ts';
import { sessionsExport } from './handlers/sessions-export.ts';
import { sessionsFork } from './handlers/sessions-fork.ts';
import { sessionsGet } from './handlers/sessions-get.ts';
import { sessionsHistory } from './handlers/sessions-history.ts';
import { sessionsImport } from './handlers/sessions-import.ts';
import { sessionsList } from './handlers/sessions-list.ts';
import { sessionsPatch } from './handlers/sessions-patch.ts';
import { sessionsPreview } from './handlers/sessions-preview.ts';
import { sessionsReset } from './handlers/sessions-reset.ts';
import { sessionsResolve } from './handlers/sessions-resolve.ts';
import { sessionsRestore } from './handlers/sessions-restore.ts';
import { sessionsSend } from './handlers/sessions-send.ts';
import { sessionsSteer } from './handlers/sessions-steer.ts';
import { sessionsTakeOver } from './handlers/sessions-take-over.ts';
import { snapshotsDiff } from './handlers/snapshots-diff.ts';
import { snapshotsGet } from './handlers/snapshots-get.ts';
import { snapshotsList } from './handlers/snapshots-list.ts';
import { snapshotsRestore } from './handlers/snapshots-restore.ts';
import { tokensCreate } from './handlers/tokens-create.ts';
import { tokensList } from './handlers/tokens-list.ts';
import { tokensRevoke } from './handlers/tokens-revoke.ts';
import { usageSummary } from './handlers/usage-summary.ts';

export const handlers: Handlers = {
  'agents.list': agentsList,
  'agents.probe': agentsProbe,
  'approvals.decide': approvalsDecide,
  'approvals.list': approvalsList,
  'approvals.request': approvalsRequest,
  'blobs.get': blobsGet,
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
  'budgets.get': budgetsGet,
  'budgets.set': budgetsSet,
  'prices.get': pricesGet,
  'files.find': filesFind,
  'hooks.list': hooksList,
  'hooks.test': hooksTest,
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
  'sessions.fork': sessionsFork,
  'sessions.get': sessionsGet,
  'sessions.history': sessionsHistory,
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
};

export const streamHandlers: StreamHandlers = {
  'blobs.put': blobsPut,
  'sessions.export': sessionsExport,
  'sessions.import': sessionsImport,
};
