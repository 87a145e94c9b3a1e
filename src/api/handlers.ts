import type { Handlers } from './handler.ts';
import { agentsList } from './handlers/agents-list.ts';
import { agentsProbe } from './handlers/agents-probe.ts';
import { approvalsDecide } from './handlers/approvals-decide.ts';
import { approvalsList } from './handlers/approvals-list.ts';
import { blobsGet } from './handlers/blobs-get.ts';
import { runsGet } from './handlers/runs-get.ts';
import { runsList } from './handlers/runs-list.ts';
import { runsRaw } from './handlers/runs-raw.ts';
import { serverCheck } from './handlers/server-check.ts';
import { serverHealth } from './handlers/server-health.ts';
import { serverInfo } from './handlers/server-info.ts';
import { serverShutdown } from './handlers/server-shutdown.ts';
import { sessionsAbort } from './handlers/sessions-abort.ts';
import { sessionsCreate } from './handlers/sessions-create.ts';
import { sessionsGet } from './handlers/sessions-get.ts';
import { sessionsHistory } from './handlers/sessions-history.ts';
import { sessionsList } from './handlers/sessions-list.ts';
import { sessionsResolve } from './handlers/sessions-resolve.ts';
import { sessionsSend } from './handlers/sessions-send.ts';
import { tokensCreate } from './handlers/tokens-create.ts';
import { tokensList } from './handlers/tokens-list.ts';
import { tokensRevoke } from './handlers/tokens-revoke.ts';

export const handlers: Handlers = {
  'agents.list': agentsList,
  'agents.probe': agentsProbe,
  'approvals.decide': approvalsDecide,
  'approvals.list': approvalsList,
  'blobs.get': blobsGet,
  'runs.get': runsGet,
  'runs.list': runsList,
  'runs.raw': runsRaw,
  'server.check': serverCheck,
  'server.health': serverHealth,
  'server.info': serverInfo,
  'server.shutdown': serverShutdown,
  'sessions.abort': sessionsAbort,
  'sessions.create': sessionsCreate,
  'sessions.get': sessionsGet,
  'sessions.history': sessionsHistory,
  'sessions.list': sessionsList,
  'sessions.resolve': sessionsResolve,
  'sessions.send': sessionsSend,
  'tokens.create': tokensCreate,
  'tokens.list': tokensList,
  'tokens.revoke': tokensRevoke,
};
