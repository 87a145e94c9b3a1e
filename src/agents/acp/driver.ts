import type { Json } from '../../domain/json.ts';
import { limits } from '../../domain/limits.ts';
import type { AgentDriver, AgentProfile, AgentProgram, OpenSpec } from '../../ports/agent.ts';
import type { MemoryFiles } from '../../ports/memory-files.ts';
import { readElicitation } from './elicitation.ts';
import { encodeCommand } from './encode.ts';
import { ignoredNotifications, refusedRequests } from './ignored.ts';
import { errorCodes, errorLine, messageOf, type Answer, type Message } from './json-rpc.ts';
import { isLive, readLive, wantedBy } from './live.ts';
import {
  isSetting,
  openingIds,
  openingLines,
  readInitialized,
  readOpened,
  readWish,
} from './open.ts';
import { readPermission } from './permission.ts';
import type { AcpQuirks } from './quirks.ts';
import { acpProbe } from './probe.ts';
import { readPromptAnswer } from './result.ts';
import { isDeeper, memberAt, parsed } from '../shape.ts';
import { acpSettings, initialState, loadedState, Reading, storedState } from './state.ts';
import { readUpdate } from './update.ts';

export interface AcpOptions {
  profile: AgentProfile;
  program(spec: OpenSpec): AgentProgram;
  quirks?: AcpQuirks;
  /** What is started to ask the agent about itself; default: what a new session gets. */
  probeProgram?: AgentProgram;
  /** The version with which it was tested, as it tells it at `initialize`; default: none. */
  tested?: string;
  /** Its files, where they are known. */
  memoryFiles?: MemoryFiles;
}

/** What every agent of the protocol can do, and what none is known to do: nothing more is claimed of one. */
export const acpFlags = {
  protocol: 'acp',
  steer: false,
  resume: true,
  activityIsEvidence: true,
  deduplicatesPrompts: false,
  editsInput: false,
  hearsDenials: false,
  images: true,
  fork: false,
  mcpSecrets: false,
} as const satisfies Partial<AgentProfile>;

/** What the protocol has a place for; what one agent then has no place for is told when it opens. */
export const acpAgentSettings: AgentProfile['settings'] = [
  ...acpSettings,
  'mcpServers',
  'env',
  'additionalDirs',
];
export const acpLiveSettings: AgentProfile['live'] = acpSettings;

/** A client of the Agent Client Protocol v1 over a program's standard streams, as decode and encode. */
export function acpDriver(options: AcpOptions): AgentDriver {
  const { profile, quirks = {} } = options;
  return {
    profile,
    decoderVersion: 5,
    program: (spec) => options.program(spec),
    initial: (spec) => storedState(initialState(spec)),
    open: () => openingLines(),
    decode: (state, line) => {
      const reading = new Reading(loadedState(state), line, quirks);
      readLine(reading);
      return { state: storedState(reading.state), events: reading.events };
    },
    encode: (state, command) => encodeCommand(loadedState(state), command),
    probe: acpProbe(
      (spec) => options.probeProgram ?? options.program(spec),
      options.tested ?? null,
    ),
    ...(options.memoryFiles === undefined ? {} : { memoryFiles: options.memoryFiles }),
  };
}

function readLine(reading: Reading): void {
  const value = parsed(reading.line.text);
  if (value === undefined) return reading.unrecognized('not JSON');
  const message = messageOf(value);
  if (!isDeeper(value, limits.jsonDepth)) return readMessage(reading, message);
  reading.unrecognized('JSON that is nested too deeply');
  if (message.type === 'request') {
    reading.send(errorLine(message.id, errorCodes.invalidParams, 'nested too deeply'));
  }
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

function readRequest(reading: Reading, message: Extract<Message, { type: 'request' }>): void {
  const { id, method, params } = message;
  if (method === 'session/request_permission') return readPermission(reading, id, params);
  if (method === 'elicitation/create') return readElicitation(reading, id, params);
  const refused = Object.hasOwn(refusedRequests, method) ? refusedRequests[method] : undefined;
  if (refused === undefined) reading.unrecognized(`an unknown request: ${method.slice(0, 80)}`);
  const reason = `Method not found: ${method}${refused === undefined ? '' : ` (${refused})`}`;
  reading.send(errorLine(id, errorCodes.methodNotFound, reason));
}

function readNotification(
  reading: Reading,
  message: Extract<Message, { type: 'notification' }>,
): void {
  const { method, params } = message;
  if (method === 'session/update') return readUpdate(reading, params);
  if (method === '$/cancel_request') return readCancelled(reading, params);
  if (Object.hasOwn(ignoredNotifications, method)) return;
  reading.unrecognized(`an unknown notification: ${method.slice(0, 80)}`);
}

/** The agent no longer waits for an answer; the protocol wants one all the same. */
function readCancelled(reading: Reading, params: Json): void {
  const request = memberAt(params, 'requestId');
  if (typeof request !== 'string' && typeof request !== 'number') {
    return reading.unrecognized('a cancelled request without an id');
  }
  const reason = 'the agent cancelled its request';
  reading.emit({ type: 'request_withdrawn', item: reading.nextItem(), request, reason });
  reading.send(errorLine(request, errorCodes.cancelled, 'Request cancelled'));
}

/** An answer is known by its id alone, and by whether that answer is still waited for. */
function readAnswer(reading: Reading, answer: Answer): void {
  const { phase, asked } = reading.state;
  const { id } = answer;
  const opening = phase === 'new' || phase === 'resume' || phase === 'load';
  if (id === openingIds.initialize && phase === 'initialize')
    return readInitialized(reading, answer);
  if (id === openingIds.open && opening) return readOpened(reading, answer);
  if (isSetting(id) && asked.includes(id)) return readWish(reading, id, answer);
  const wanted = wantedBy(id);
  if (wanted !== undefined) return readLive(reading, wanted, answer);
  const ours =
    id === openingIds.initialize || id === openingIds.open || isSetting(id) || isLive(id);
  const canEnd = phase === 'open' || phase === 'replay';
  if (ours || !canEnd) return reading.unrecognized('an answer that nobody waits for');
  // Every prompt has a text as its id: what answers another one ends no turn of ours.
  if (typeof id !== 'string' || id === '')
    return reading.unrecognized('an answer to an unknown request');
  readPromptAnswer(reading, id, answer);
}
