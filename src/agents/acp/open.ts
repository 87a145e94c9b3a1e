import type {
  ClientCapabilities,
  InitializeRequest,
  LoadSessionRequest,
  NewSessionRequest,
  ResumeSessionRequest,
} from '@agentclientprotocol/sdk';
import type { RunFailure } from '../../domain/entry.ts';
import { isObject, type Json } from '../../domain/json.ts';
import { preludeOf } from './asides.ts';
import { present } from './content.ts';
import { failure, failureOfError } from './failure.ts';
import { requestLine, type Answer } from './json-rpc.ts';
import { readLive, settingLine } from './live.ts';
import { placeOf } from './place.ts';
import { offersOf, type Offer } from './settings.ts';
import { memberAt, objectAt, textAt } from '../shape.ts';
import type { InForce } from '../in-force.ts';
import { acpSettings, type Phase, type Reading, type Setting } from './state.ts';

/** Ids of the requests of the opening. A prompt has its run's id, which is never one of these. */
export const openingIds = { initialize: 'init', open: 'open' } as const;

const protocolVersion = 1;

const clientCapabilities: ClientCapabilities = {
  fs: { readTextFile: false, writeTextFile: false },
  terminal: false,
  elicitation: { form: {}, url: {} },
  _meta: {
    // Asked so, both official adapters say why a turn failed instead of ending it like a good one.
    jetbrains: { air: { version: 1, capabilities: ['sessionFailure'] } },
    // And what a command prints: who asks for the former gets it in no other way.
    terminal_output_delta: true,
  },
};

export function openingLines(): readonly string[] {
  const params: InitializeRequest = {
    protocolVersion,
    clientCapabilities,
    // The version is of this client; the product's is not known in this layer.
    clientInfo: { name: 'turnkeep', title: 'Turnkeep', version: '1' },
  };
  return [requestLine(openingIds.initialize, 'initialize', params)];
}

/** The answer to `initialize`: what the agent can do decides how its session is opened. */
export function readInitialized(reading: Reading, answer: Answer): void {
  if (answer.type === 'error') return fail(reading, openFailure(answer));
  const version = memberAt(answer.result, 'protocolVersion');
  if (version !== protocolVersion) {
    return fail(
      reading,
      failure('protocol', `The agent speaks ACP ${JSON.stringify(version) ?? '?'}, not 1.`),
    );
  }
  const { nativeId } = reading.state.spec;
  const capabilities = objectAt(answer.result, 'agentCapabilities') ?? {};
  const place = placeOf(reading, capabilities);
  if (nativeId === null) {
    const params: NewSessionRequest = place;
    return ask(reading, 'new', requestLine(openingIds.open, 'session/new', params));
  }
  const params: ResumeSessionRequest & LoadSessionRequest = { sessionId: nativeId, ...place };
  if (objectAt(capabilities, 'sessionCapabilities', 'resume') !== undefined) {
    return ask(reading, 'resume', requestLine(openingIds.open, 'session/resume', params));
  }
  if (memberAt(capabilities, 'loadSession') === true) {
    return ask(reading, 'load', requestLine(openingIds.open, 'session/load', params));
  }
  fail(reading, failure('launch', 'The agent cannot open an earlier session.'));
}

function ask(reading: Reading, phase: Phase, line: string): void {
  reading.change({ phase, session: reading.state.spec.nativeId });
  reading.send(line);
}

/** The answer that opens the session, or does not: only an opened one makes a native id true (R10). */
export function readOpened(reading: Reading, answer: Answer): void {
  if (answer.type === 'error') return fail(reading, openFailure(answer));
  const { phase, spec, inForce } = reading.state;
  const session = phase === 'new' ? textAt(answer.result, 'sessionId') : spec.nativeId;
  if (session === undefined || session === null || session === '' || session.length > 1024) {
    return fail(reading, failure('protocol', 'The agent opened a session without an id.'));
  }
  const replays = phase === 'load' && reading.quirks.replayUntil !== undefined;
  const prelude = preludeOf(reading, answer.result);
  reading.change({ session, phase: replays ? 'replay' : 'open', prelude });
  const offers = offersOf(answer.result);
  const { mode, model, effort } = offers;
  const told: Partial<InForce> = {
    ...present('mode', mode?.value ?? undefined),
    ...present('model', model?.value ?? undefined),
    ...present('effort', effort?.value ?? undefined),
  };
  reading.change({
    ways: { mode: mode?.by ?? null, model: model?.by ?? null, effort: effort?.by ?? null },
  });
  // An effort that is wished for is in the session's settings: what the agent had before is no news.
  const { effort: _, ...rest } = told;
  const settings = reading.changes(spec.effort === null ? told : rest);
  reading.change({ inForce: { ...inForce, ...told } });
  // The wishes go out before the prompts that wait for `opened`.
  for (const setting of acpSettings) wish(reading, setting, offers[setting]);
  const opened = { type: 'opened', nativeId: session, resumed: phase !== 'new' } as const;
  reading.emit(settings === null ? opened : { ...opened, settings });
}

/** Asks for what the session wants, where something else is in force. */
function wish(reading: Reading, setting: Setting, offer: Offer | null): void {
  const value = reading.state.spec[setting];
  const session = reading.state.session ?? '';
  if (value === null || offer?.value === value) return;
  if (offer === null) {
    return reading.notice(
      `${setting}-not-set`,
      `The agent offers no ${setting}; ${value} was asked.`,
    );
  }
  reading.change({ asked: [...reading.state.asked, setting] });
  reading.send(settingLine({ id: setting, session, setting, value, way: offer.by }));
}

/** The answer to such a wish. A refusal costs the session nothing but the wish. */
export function readWish(reading: Reading, setting: Setting, answer: Answer): void {
  reading.change({ asked: reading.state.asked.filter((open) => open !== setting) });
  readLive(reading, { setting, value: reading.state.spec[setting] ?? '' }, answer);
}

export function isSetting(id: Json): id is Setting {
  return acpSettings.some((setting) => setting === id);
}

function fail(reading: Reading, error: RunFailure): void {
  reading.change({ phase: 'failed' });
  reading.emit({ type: 'open_failed', error });
}

/** What says nothing of the service is a failure of the launch: the agent runs but opens no session. */
function openFailure(answer: Extract<Answer, { type: 'error' }>): RunFailure {
  const found = failureOfError(isObject(answer.error) ? answer.error : {});
  const kept = new Set(['auth', 'limit', 'service', 'connection']);
  return kept.has(found.category) ? found : { ...found, category: 'launch' };
}
