import type { DeleteSessionRequest, NewSessionRequest } from '@agentclientprotocol/sdk';
import { isObject, type Json, type JsonObject } from '../../domain/json.ts';
import { limits } from '../../domain/limits.ts';
import { noSettings } from '../../domain/settings.ts';
import type { AgentProgram, OpenSpec } from '../../ports/agent.ts';
import type {
  AgentFacts,
  AgentProbe,
  Offered,
  OfferedValue,
  ProbeProblem,
  ProbeStep,
} from '../../ports/probe.ts';
import { isDeeper, listAt, memberAt, objectAt, parsed, textAt } from '../shape.ts';
import { commandsIn } from '../offered-commands.ts';
import { failureOfError } from './failure.ts';
import { type Answer, errorCodes, errorLine, messageOf, requestLine } from './json-rpc.ts';
import { openingIds, openingLines } from './open.ts';

const forgetId = 'forget';
/** Values of one list, and characters of one text of it: more is not shown to anybody. */
const values = 200;
const chars = 300;

/**
 * `initialize` tells the version, and the session that is opened then its modes, models and effort levels.
 * Where the agent can delete a session, that one is; a session that never had a prompt is nothing elsewhere.
 */
export function acpProbe(
  program: (spec: OpenSpec) => AgentProgram,
  tested: string | null,
): AgentProbe {
  return {
    tested,
    versionArgs: null,
    program: (cwd) => program({ session: 'probe', host: 'probe', cwd, ...nobodysWish }),
    open: () => openingLines(),
    read: readLine,
    takesModel: (model, models) => !models.complete || models.values.some(({ id }) => id === model),
  };
}

const nobodysWish = { ...noSettings, nativeId: null, forkOf: null, forkAt: null } as const;

/** What is remembered: the answer to `initialize`, and of the session what is told at the end. */
type Notification = Extract<ReturnType<typeof messageOf>, { type: 'notification' }>;
type Told = JsonObject & { initialized: Json; facts: Json; commands: Json };

function readLine(state: Json, text: string, cwd: string): ProbeStep {
  const message = parse(text);
  if (message === undefined) return { state, send: [] };
  if (message.type === 'request') {
    const reason = `Method not found: ${message.method}`;
    return { state, send: [errorLine(message.id, errorCodes.methodNotFound, reason)] };
  }
  if (message.type === 'notification') return { state: noted(state, message), send: [] };
  if (message.type === 'invalid') return { state, send: [] };
  const { id } = message;
  if (id === openingIds.initialize && state === null) return readInitialized(message, cwd);
  if (!isObject(state)) return { state, send: [] };
  const told = state as Told;
  if (id === openingIds.open && told.facts === null) return readOpened(told, message);
  // Deleted or not: there is nothing more to be done about it.
  if (id === forgetId && told.facts !== null) {
    const facts = told.facts as unknown as AgentFacts;
    return { state, send: [], facts: { ...facts, ...commandsOf(told) } };
  }
  return { state, send: [] };
}

/** Commands are told on their own, before or after the session is there. */
function noted(state: Json, { method, params }: Notification): Json {
  const update = memberAt(params, 'update');
  const told = method === 'session/update' && isObject(state);
  if (!told || textAt(update, 'sessionUpdate') !== 'available_commands_update') return state;
  return { ...state, commands: [...(listAt(update, 'availableCommands') ?? [])] };
}

function commandsOf({ commands }: Told): Pick<AgentFacts, 'commands'> {
  return commandsIn(Array.isArray(commands) ? commands : undefined, 'hint');
}

function parse(text: string): ReturnType<typeof messageOf> | undefined {
  const value = parsed(text);
  return value === undefined || isDeeper(value, limits.jsonDepth) ? undefined : messageOf(value);
}

function readInitialized(answer: Answer, cwd: string): ProbeStep {
  if (answer.type === 'error') return over(null, { problem: refusal(answer) });
  const version = memberAt(answer.result, 'protocolVersion');
  if (version !== 1) {
    const spoken = (JSON.stringify(version) ?? '?').slice(0, 20);
    const message = `It speaks version ${spoken} of the Agent Client Protocol, not 1.`;
    return over(answer.result, { problem: { kind: 'refused', message } });
  }
  const params: NewSessionRequest = { cwd, mcpServers: [] };
  return {
    state: { initialized: answer.result, facts: null, commands: null },
    send: [requestLine(openingIds.open, 'session/new', params)],
  };
}

function readOpened(told: Told, answer: Answer): ProbeStep {
  if (answer.type === 'error') return over(told.initialized, { problem: problemOf(told, answer) });
  const { result } = answer;
  const step = over(told.initialized, {
    models: optionOf(result, 'model') ?? listOf(result, ['models', 'availableModels', 'modelId']),
    modes: listOf(result, ['modes', 'availableModes', 'id']) ?? optionOf(result, 'mode'),
    efforts: optionOf(result, 'thought_level'),
    ...commandsOf(told),
  });
  const session = textAt(result, 'sessionId');
  const canDelete = objectAt(
    told.initialized,
    'agentCapabilities',
    'sessionCapabilities',
    'delete',
  );
  if (session === undefined || canDelete === undefined) return step;
  const params: DeleteSessionRequest = { sessionId: session };
  return {
    state: { ...told, facts: step.facts as unknown as Json },
    send: [requestLine(forgetId, 'session/delete', params)],
  };
}

/** The end of the conversation, with what is known at it. */
function over(initialized: Json, told: Partial<AgentFacts>): ProbeStep {
  const version = textAt(objectAt(initialized, 'agentInfo'), 'version')?.slice(0, 64) ?? null;
  const nothing = { models: null, modes: null, efforts: null, problem: null };
  return { state: initialized, send: [], facts: { version, ...nothing, ...told } };
}

function problemOf(told: Told, answer: Extract<Answer, { type: 'error' }>): ProbeProblem {
  if (memberAt(answer.error, 'code') !== errorCodes.authRequired) return refusal(answer);
  const ways = (listAt(told.initialized, 'authMethods') ?? []).flatMap((method) => {
    return textAt(method, 'name')?.slice(0, 60) ?? [];
  });
  const how = ways.length === 0 ? '' : ` (it offers: ${ways.slice(0, 5).join(', ')})`;
  return { kind: 'login', message: `It wants a login: log in with its own program${how}.` };
}

function refusal(answer: Extract<Answer, { type: 'error' }>): ProbeProblem {
  const { message } = failureOfError(answer.error);
  return { kind: 'refused', message: `It refused to open a session: ${message.slice(0, chars)}` };
}

/** A configuration option that selects one of its values. */
function optionOf(result: Json, category: string): Offered | null {
  for (const option of listAt(result, 'configOptions') ?? []) {
    if (textAt(option, 'category') !== category) continue;
    const given = listAt(option, 'options') ?? [];
    // Options may come in groups, each with options of its own.
    const flat = given.flatMap((each) => listAt(each, 'options') ?? [each]);
    return offered(flat, 'value', textAt(option, 'currentValue'));
  }
  return null;
}

function listOf(result: Json, [name, list, id]: readonly [string, string, string]): Offered | null {
  const carrier = objectAt(result, name);
  if (carrier === undefined) return null;
  const current = name === 'modes' ? 'currentModeId' : 'currentModelId';
  return offered(listAt(carrier, list) ?? [], id, textAt(carrier, current));
}

function offered(list: readonly Json[], idName: string, current: string | undefined): Offered {
  const known = list.flatMap((each): OfferedValue[] => {
    const id = textAt(each, idName);
    if (id === undefined || id === '' || id.length > chars) return [];
    const name = (textAt(each, 'name') ?? id).slice(0, chars);
    const description = textAt(each, 'description')?.slice(0, chars);
    return [{ id, name, ...(description === undefined ? {} : { description }) }];
  });
  return {
    values: known.slice(0, values),
    default: current?.slice(0, chars) ?? null,
    // What was left out here could be asked for all the same.
    complete: known.length > 0 && known.length === list.length && known.length <= values,
  };
}
