import { isObject, type Json, type JsonObject } from '../../domain/json.ts';
import { limits } from '../../domain/limits.ts';
import type {
  AgentFacts,
  AgentProbe,
  Offered,
  OfferedValue,
  ProbeStep,
} from '../../ports/probe.ts';
import { isDeeper, listAt, memberAt, objectAt, parsed, textAt } from '../shape.ts';
import { refusalOf } from './failure.ts';
import { messageOf, notificationLine, refusalLine, requestLine, type Answer } from './message.ts';
import { openingIds, openingLines } from './open.ts';
import { probeProgram, type CodexOptions } from './program.ts';
import { modes, usualMode, type ModeName } from './settings.ts';

/** The version that the wire fixtures were recorded from and the suite of real agents runs. */
const tested = '0.169.0';

const ids = { models: 'models', account: 'account', config: 'config' } as const;

/** Values of one list, and characters of one text of it: more is not shown to anybody. */
const values = 200;
const chars = 300;

/**
 * Its version comes with the answer to `initialize`; models, the account and the user's own choice are asked
 * for. No thread is opened, so nothing is kept and no MCP server started.
 */
export function codexProbe(options: CodexOptions): AgentProbe {
  return {
    tested,
    versionArgs: ['--version'],
    program: (cwd) => probeProgram(options, cwd),
    open: openingLines,
    read: readLine,
    takesModel: (model, models) => !models.complete || models.values.some(({ id }) => id === model),
  };
}

/** What is remembered: the answers so far, by their ids. */
type Told = { readonly [id: string]: Json };

function readLine(state: Json, text: string, cwd: string): ProbeStep {
  const message = parse(text);
  if (message?.type === 'request') {
    return { state, send: [refusalLine(message.id, 'nothing is offered here')] };
  }
  if (message?.type !== 'result' && message?.type !== 'error') return { state, send: [] };
  const told: Told = isObject(state) ? state : {};
  if (message.id === openingIds.initialize && state === null) return begun(message, cwd);
  const id = Object.values(ids).find((known) => known === message.id);
  if (id === undefined || !isObject(state)) return { state, send: [] };
  // A version without one of these says nothing of it.
  const next: JsonObject = { ...told, [id]: message.type === 'result' ? message.result : null };
  const all = Object.values(ids).every((known) => Object.hasOwn(next, known));
  return { state: next, send: [], ...(all ? { facts: factsOf(next) } : {}) };
}

function parse(text: string): ReturnType<typeof messageOf> | undefined {
  const value = parsed(text);
  return value === undefined || isDeeper(value, limits.jsonDepth) ? undefined : messageOf(value);
}

function begun(answer: Answer, cwd: string): ProbeStep {
  if (answer.type === 'error') {
    const message = `Codex refused to begin: ${refusalOf(answer.error).slice(0, chars)}`;
    const facts: AgentFacts = { ...nothing, problem: { kind: 'refused', message } };
    return { state: {}, send: [], facts };
  }
  return {
    state: { [openingIds.initialize]: answer.result },
    send: [
      notificationLine('initialized'),
      requestLine(ids.models, 'model/list', {}),
      requestLine(ids.account, 'account/read', { refreshToken: false }),
      requestLine(ids.config, 'config/read', { includeLayers: false, cwd }),
    ],
  };
}

const nothing: AgentFacts = {
  version: null,
  models: null,
  modes: null,
  efforts: null,
  problem: null,
};

function factsOf(told: Told): AgentFacts {
  const agent = textAt(told[openingIds.initialize], 'userAgent') ?? '';
  const config = objectAt(told[ids.config], 'config');
  const provider = textAt(config, 'model_provider') ?? 'openai';
  const own = provider === 'openai' && textAt(config, 'openai_base_url') === undefined;
  const listed = (listAt(told[ids.models], 'data') ?? []).slice(0, values);
  const models = listed.flatMap(modelOf);
  const inForce = textAt(config, 'model') ?? defaultOf(listed);
  return {
    version: /^[^/ ]+\/(\S+)/.exec(agent)?.[1]?.slice(0, 64) ?? null,
    models:
      models.length === 0
        ? null
        : // Models that are not shown can be had by their names all the same.
          { values: models, default: inForce?.slice(0, chars) ?? null, complete: false },
    modes: offeredModes(),
    efforts: effortsOf(models, { listed, inForce, config }),
    problem: own && isLoggedOut(told[ids.account]) ? loggedOut : null,
  };
}

function modelOf(model: Json): OfferedValue[] {
  const id = textAt(model, 'model') ?? textAt(model, 'id') ?? '';
  if (id === '' || id.length > chars || memberAt(model, 'hidden') === true) return [];
  const description = textAt(model, 'description')?.slice(0, chars);
  const efforts = (listAt(model, 'supportedReasoningEfforts') ?? []).flatMap(
    (each) => textAt(each, 'reasoningEffort')?.slice(0, 64) ?? [],
  );
  const name = (textAt(model, 'displayName') ?? id).slice(0, chars);
  return [{ id, name, ...(description === undefined ? {} : { description }), efforts }];
}

function defaultOf(listed: readonly Json[]): string | undefined {
  return textAt(
    listed.find((model) => memberAt(model, 'isDefault') === true),
    'model',
  );
}

interface Around {
  listed: readonly Json[];
  inForce: string | undefined;
  config: JsonObject | undefined;
}

function effortsOf(models: readonly OfferedValue[], around: Around): Offered | null {
  const { listed, inForce, config } = around;
  const known = [...new Set(models.flatMap((model) => model.efforts ?? []))];
  if (known.length === 0) return null;
  const model = listed.find((each) => textAt(each, 'model') === inForce);
  const usual = textAt(config, 'model_reasoning_effort') ?? textAt(model, 'defaultReasoningEffort');
  const offered = known.map((id) => ({ id, name: id }));
  return { values: offered, default: usual?.slice(0, 64) ?? null, complete: true };
}

/** Codex lists none; these are the ones that are passed on to it. */
function offeredModes(): Offered {
  const names = Object.keys(modes) as ModeName[];
  const offered = names.map((id) => ({ id, name: modes[id].name }));
  return { values: offered, default: usualMode, complete: true };
}

const loggedOut = {
  kind: 'login',
  message: 'Nobody is logged in: run `codex login` once.',
} as const;

/** Known without a request: where Codex would take its credentials from. */
function isLoggedOut(account: Json | undefined): boolean {
  if (!isObject(account)) return false;
  return (memberAt(account, 'account') ?? null) === null && account['requiresOpenaiAuth'] === true;
}
