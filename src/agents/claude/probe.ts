import { isObject, type Json, type JsonObject } from '../../domain/json.ts';
import type {
  AgentFacts,
  AgentProbe,
  Offered,
  OfferedValue,
  ProbeStep,
} from '../../ports/probe.ts';
import { commandsIn } from '../offered-commands.ts';
import { isDeeper, listAt, memberAt, objectAt, textAt } from '../shape.ts';
import { limits } from '../../domain/limits.ts';
import { type ClaudeOptions, probeProgram } from './program.ts';
import { modes, usualMode } from './settings.ts';

/** The version that the wire fixtures were recorded from and the suite of real agents runs. */
const tested = '2.1.329';

const ids = { initialize: 'initialize', settings: 'settings' } as const;

/** Models of one list, and characters of one text of it: more is not shown to anybody. */
const values = 200;
const chars = 300;

/**
 * Two control requests and no prompt, so nothing is asked of a model: `initialize` tells models, version and
 * account, `get_settings` the model and the effort that are in force without a wish.
 */
export function claudeProbe(options: ClaudeOptions): AgentProbe {
  // A gateway of the user's own names its models itself.
  const gateway = 'ANTHROPIC_BASE_URL' in options.env;
  return {
    tested,
    versionArgs: ['--version'],
    program: () => probeProgram(options),
    open: () => [request(ids.initialize, { subtype: 'initialize', hooks: null })],
    read: (state, line) => readLine(state, line, gateway),
    takesModel,
  };
}

function request(id: string, body: object): string {
  return JSON.stringify({ type: 'control_request', request_id: id, request: body });
}

function readLine(state: Json, text: string, gateway: boolean): ProbeStep {
  const line = parse(text);
  const response = objectAt(line, 'response');
  if (textAt(line, 'type') !== 'control_response' || response === undefined) {
    return { state, send: [] };
  }
  const id = textAt(response, 'request_id');
  const answered = textAt(response, 'subtype') === 'success';
  if (id === ids.initialize && state === null) {
    if (!answered) return { state, send: [], facts: refused(response) };
    const told = objectAt(response, 'response') ?? {};
    return { state: told, send: [request(ids.settings, { subtype: 'get_settings' })] };
  }
  if (id !== ids.settings || !isObject(state)) return { state, send: [] };
  // Versions without this request refuse it: then the defaults are not known.
  const applied = answered ? objectAt(response, 'response', 'applied') : undefined;
  return { state, send: [], facts: factsOf(state, applied, gateway) };
}

function parse(text: string): Json {
  try {
    const value = JSON.parse(text) as Json;
    return isDeeper(value, limits.jsonDepth) ? null : value;
  } catch {
    // Programs print other things beside their protocol.
    return null;
  }
}

const nothing: AgentFacts = {
  version: null,
  models: null,
  modes: null,
  efforts: null,
  problem: null,
};

function refused(response: JsonObject): AgentFacts {
  const why = textAt(response, 'error')?.slice(0, chars) ?? 'no reason given';
  return {
    ...nothing,
    problem: { kind: 'refused', message: `Claude Code refused to begin: ${why}` },
  };
}

function factsOf(told: JsonObject, applied: Json | undefined, gateway: boolean): AgentFacts {
  const account = objectAt(told, 'account');
  const own = (textAt(account, 'apiProvider') ?? 'firstParty') === 'firstParty';
  const models = (listAt(told, 'models') ?? []).slice(0, values).flatMap(modelOf);
  const inForce = textAt(applied, 'model');
  const efforts = [...new Set(models.flatMap((model) => model.efforts ?? []))];
  return {
    version: textAt(told, 'claude_code_version')?.slice(0, 64) ?? null,
    models:
      models.length === 0
        ? null
        : { values: models, default: defaultModel(models, inForce), complete: own && !gateway },
    modes: modesOf(told),
    efforts:
      efforts.length === 0
        ? null
        : {
            values: efforts.map((id) => ({ id, name: id })),
            default: textAt(applied, 'effort') ?? null,
            complete: true,
          },
    ...commandsIn(listAt(told, 'commands'), 'argumentHint'),
    problem: own && !gateway && isLoggedOut(account) ? loggedOut : null,
  };
}

const loggedOut = {
  kind: 'login',
  message: 'Nobody is logged in: run `claude` once and log in, or set ANTHROPIC_API_KEY.',
} as const;

/** Known without a request: where Claude Code would take its credentials from. */
function isLoggedOut(account: JsonObject | undefined): boolean {
  const none = (name: string): boolean => [undefined, 'none'].includes(textAt(account, name));
  return account !== undefined && none('tokenSource') && none('apiKeySource');
}

function modelOf(model: Json): OfferedValue[] {
  const id = textAt(model, 'value');
  if (id === undefined || id === '' || id.length > chars) return [];
  const description = textAt(model, 'description')?.slice(0, chars);
  const resolves = textAt(model, 'resolvedModel')?.slice(0, chars);
  const efforts = listAt(model, 'supportedEffortLevels')?.filter(
    (level): level is string => typeof level === 'string' && level.length < 64,
  );
  return [
    {
      id,
      name: (textAt(model, 'displayName') ?? id).slice(0, chars),
      ...(description === undefined ? {} : { description }),
      ...(resolves === undefined ? {} : { resolves }),
      ...(efforts === undefined ? {} : { efforts: efforts.slice(0, values) }),
    },
  ];
}

/** The short name of what is in force, where it has one: `default` before all others. */
function defaultModel(models: readonly OfferedValue[], inForce: string | undefined): string | null {
  if (inForce === undefined) return null;
  const means = (model: OfferedValue): boolean => (model.resolves ?? model.id) === inForce;
  const named = models.find((model) => model.id === 'default' && means(model));
  return (named ?? models.find(means))?.id ?? inForce.slice(0, chars);
}

/** Claude Code lists no modes; these are the ones that are passed on to it. */
function modesOf(told: JsonObject): Offered {
  const current = memberAt(told, 'current_permission_mode');
  const inForce = typeof current === 'string' ? current.slice(0, chars) : null;
  return {
    values: modes.map((mode) => ({ id: mode, name: modeNames[mode] })),
    default: inForce === usualMode ? 'manual' : inForce,
    complete: true,
  };
}

const modeNames: Record<(typeof modes)[number], string> = {
  acceptEdits: 'Accept edits',
  manual: 'Ask',
  plan: 'Plan',
};

/**
 * The list has short names of the newest models. Older ones have to be asked for by their full names, which
 * only the service knows; what is none of its names at all is seen here.
 */
function takesModel(model: string, models: Offered): boolean {
  const [plain = ''] = model.split('[');
  const listed = models.values.some(({ id, resolves }) =>
    [id, resolves].some((known) => known === model || known === plain),
  );
  return listed || !models.complete || plain.startsWith('claude-');
}
