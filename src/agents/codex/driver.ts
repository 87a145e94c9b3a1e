import type { Json } from '../../domain/json.ts';
import { limits } from '../../domain/limits.ts';
import type { AgentDriver, AgentProfile } from '../../ports/agent.ts';
import { isDeeper, parsed, textAt } from '../shape.ts';
import {
  readChangeApproval,
  readCommandApproval,
  readPermissions,
  readResolved,
  readToolApproval,
} from './approval.ts';
import { readOutput } from './calls.ts';
import { readChild } from './children.ts';
import { encodeCommand } from './encode.ts';
import { ignoredNotifications, refusedRequests } from './ignored.ts';
import { readItem } from './items.ts';
import { liveSettings, readSet } from './live.ts';
import { mcpFiles } from './mcp.ts';
import { codexMemoryFiles } from './memory-files.ts';
import { invalidLine, messageOf, refusalLine, type Answer, type Message } from './message.ts';
import {
  readConfigWarning,
  readError,
  readName,
  readPlan,
  readRerouted,
  readServer,
  readWarning,
} from './notices.ts';
import {
  openingIds,
  openingLines,
  readInitialized,
  readSettings,
  readSkills,
  readThread,
} from './open.ts';
import { codexProbe } from './probe.ts';
import { codexProgram, trusts, type CodexOptions } from './program.ts';
import type { RequestId } from './protocol.ts';
import { readForm, readQuestions } from './question.ts';
import { initialState, loadedState, Reading, storedState } from './state.ts';
import { readSummaryDelta, readTextDelta, readThoughtDelta } from './texts.ts';
import {
  partsOf,
  readRunning,
  readStarted,
  readSteered,
  readTurnCompleted,
  readTurnStarted,
} from './turn.ts';
import { readUsage } from './usage.ts';
import { asksForTool } from './wants.ts';

const profile: AgentProfile = {
  name: 'codex',
  title: 'Codex',
  protocol: 'app-server',
  steer: true,
  resume: true,
  activityIsEvidence: false,
  deduplicatesPrompts: false,
  editsInput: false,
  hearsDenials: false,
  images: true,
  fork: true,
  settings: ['model', 'mode', 'effort', 'instructions', 'mcpServers', 'env', 'additionalDirs'],
  live: liveSettings,
  mcpSecrets: true,
  install: 'npm install -g @openai/codex',
};

/** Codex by its app-server, as decode and encode. */
export function codexAgent(options: CodexOptions): AgentDriver {
  return {
    profile,
    decoderVersion: 1,
    program: (spec) => codexProgram(options, spec),
    files: mcpFiles,
    initial: (spec) => storedState(initialState(spec, trusts(options, spec))),
    open: openingLines,
    decode: (state, line) => {
      const reading = new Reading(loadedState(state), line);
      readLine(reading);
      return { state: storedState(reading.state), events: reading.events };
    },
    encode: (state, command) => encodeCommand(loadedState(state), command),
    probe: codexProbe(options),
    memoryFiles: codexMemoryFiles(options),
  };
}

function readLine(reading: Reading): void {
  const value = parsed(reading.line.text);
  if (value === undefined) return reading.unrecognized('not JSON');
  const message = messageOf(value);
  if (!isDeeper(value, limits.jsonDepth)) return readMessage(reading, message);
  reading.unrecognized('JSON that is nested too deeply');
  // Unanswered it would be waited for.
  if (message.type === 'request') reading.send(invalidLine(message.id, 'nested too deeply'));
}

function readMessage(reading: Reading, message: Message): void {
  switch (message.type) {
    case 'request':
      return readRequest(reading, message);
    case 'notification':
      return readNotification(reading, message);
    case 'result':
    case 'error':
      return readAnswer(reading, message);
    case 'invalid':
      return reading.unrecognized(message.reason);
  }
}

type Request = (reading: Reading, request: RequestId, params: Json) => void;

const requests: { readonly [method: string]: Request } = {
  'item/commandExecution/requestApproval': readCommandApproval,
  'item/fileChange/requestApproval': readChangeApproval,
  'item/permissions/requestApproval': readPermissions,
  'item/tool/requestUserInput': readQuestions,
  'mcpServer/elicitation/request': (reading, request, params) =>
    (asksForTool(params) ? readToolApproval : readForm)(reading, request, params),
};

function readRequest(reading: Reading, message: Extract<Message, { type: 'request' }>): void {
  const { id, method, params } = message;
  if (Object.hasOwn(requests, method)) return requests[method]!(reading, id, params);
  const refused = Object.hasOwn(refusedRequests, method) ? refusedRequests[method] : undefined;
  if (refused === undefined) reading.unrecognized(`an unknown request: ${method.slice(0, 80)}`);
  const reason = refused === undefined ? '' : ` (${refused})`;
  reading.send(refusalLine(id, `Method not found: ${method}${reason}`));
}

type Notification = (reading: Reading, params: Json) => void;

/** What a thread says of itself. */
const notifications: { readonly [method: string]: Notification } = {
  configWarning: readConfigWarning,
  error: readError,
  guardianWarning: readWarning,
  'item/agentMessage/delta': readTextDelta,
  'item/commandExecution/outputDelta': readOutput,
  'item/completed': (reading, params) => readItem(reading, params, true),
  'item/plan/delta': readTextDelta,
  'item/reasoning/summaryTextDelta': readSummaryDelta,
  'item/reasoning/textDelta': readThoughtDelta,
  'item/started': (reading, params) => readItem(reading, params, false),
  'mcpServer/startupStatus/updated': readServer,
  'model/rerouted': readRerouted,
  'serverRequest/resolved': readResolved,
  'thread/name/updated': readName,
  'thread/settings/updated': readSettings,
  'thread/tokenUsage/updated': readUsage,
  'turn/completed': readTurnCompleted,
  'turn/plan/updated': readPlan,
  'turn/started': readTurnStarted,
  warning: readWarning,
};

function readNotification(
  reading: Reading,
  { method, params }: Extract<Message, { type: 'notification' }>,
): void {
  const thread = textAt(params, 'threadId') ?? null;
  if (thread !== null && reading.state.thread !== null && thread !== reading.state.thread) {
    return readChild(reading, method, params);
  }
  if (Object.hasOwn(ignoredNotifications, method) || method.startsWith('thread/realtime/')) return;
  if (!Object.hasOwn(notifications, method)) {
    return reading.unrecognized(`an unknown notification: ${method.slice(0, 80)}`);
  }
  notifications[method]!(reading, params);
}

/** An answer is known by its id alone, and by whether that answer is still waited for. */
function readAnswer(reading: Reading, answer: Answer): void {
  const { phase } = reading.state;
  const id = typeof answer.id === 'string' ? answer.id : '';
  if (id === openingIds.initialize && phase === 'initialize')
    return readInitialized(reading, answer);
  if (id === openingIds.skills && phase === 'skills') return readSkills(reading, answer);
  if (id === openingIds.thread && phase === 'thread') return readThread(reading, answer);
  if (phase !== 'open') return reading.unrecognized('an answer that nobody waits for');
  switch (partsOf(id).kind) {
    case 'prompt':
      return readStarted(reading, id, answer);
    case 'steer':
      return readSteered(reading, id, answer);
    case 'set':
      return readSet(reading, id, answer);
    case 'running':
      return readRunning(reading, id, answer);
    case 'cancel':
    case 'end':
      // What came of it is seen in the turn and in the command.
      return;
    default:
      reading.unrecognized('an answer that nobody waits for');
  }
}
