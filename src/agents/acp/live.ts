import type {
  SetSessionConfigOptionRequest,
  SetSessionModeRequest,
} from '@agentclientprotocol/sdk';
import type { AgentCommand } from '../../domain/agent-event.ts';
import type { Json } from '../../domain/json.ts';
import { failureOfError } from './failure.ts';
import { requestLine, type Answer } from './json-rpc.ts';
import { readOptions } from './settings.ts';
import { acpSettings, type AcpState, type Reading, type Setting, type Way } from './state.ts';

/** Ids of requests for settings of an open session say what was asked: no state has to. */
const prefix = 'set:';

interface Wanted {
  setting: Setting;
  value: string;
}

export function setLines(
  { ways, session }: Pick<AcpState, 'ways' | 'session'>,
  changes: Extract<AgentCommand, { type: 'set' }>['changes'],
): readonly string[] {
  if (session === null) return [];
  return acpSettings.flatMap((setting) => {
    const value = changes[setting] ?? null;
    if (value === null) return [];
    const id = `${prefix}${setting}:${value}`;
    // What was not offered is asked for all the same: the refusal says that it is none.
    const way = ways[setting] ?? (setting === 'effort' ? { option: setting } : 'own');
    return [settingLine({ id, session, setting, value, way })];
  });
}

export function settingLine(request: Wanted & { id: string; session: string; way: Way }): string {
  const { id, session: sessionId, setting, value, way } = request;
  if (way !== 'own') {
    const params: SetSessionConfigOptionRequest = { sessionId, configId: way.option, value };
    return requestLine(id, 'session/set_config_option', params);
  }
  const modeParams: SetSessionModeRequest = { sessionId, modeId: value };
  if (setting === 'mode') return requestLine(id, 'session/set_mode', modeParams);
  return requestLine(id, 'session/set_model', { sessionId, modelId: value });
}

export function isLive(id: Json): id is string {
  return typeof id === 'string' && id.startsWith(prefix);
}

/** What a request with this id asked for; undefined where it is none of these. */
export function wantedBy(id: Json): Wanted | undefined {
  if (!isLive(id)) return undefined;
  const rest = id.slice(prefix.length);
  const setting = acpSettings.find((name) => rest.startsWith(`${name}:`));
  return setting === undefined ? undefined : { setting, value: rest.slice(setting.length + 1) };
}

/** The answer to a request for a setting. What the agent tells with it is in force. */
function readSet(reading: Reading, { setting, value }: Wanted, answer: Answer): void {
  if (answer.type === 'result') {
    return reading.report({ [setting]: value, ...readOptions(answer.result) });
  }
  const { message } = failureOfError(answer.error);
  reading.notice(`${setting}-not-set`, `The agent refused the ${setting} ${value}: ${message}`);
}

/** The session's settings have a refused value already: they are put right. */
export function readLive(reading: Reading, wanted: Wanted, answer: Answer): void {
  readSet(reading, wanted, answer);
  const { setting } = wanted;
  const inForce = reading.state.inForce[setting];
  if (answer.type === 'result' || setting === 'model' || inForce === null) return;
  const changes = { [setting]: inForce };
  reading.emit({ type: 'settings', item: reading.nextItem(), changes });
}
