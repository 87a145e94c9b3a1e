import type { JsonObject } from '../../domain/json.ts';
import { memberAt, objectAt, textAt } from '../shape.ts';
import { unmet } from './settings.ts';
import { type Reading, short } from './state.ts';

/** Settings that Claude Code takes while it is open. */
export type LiveSetting = 'model' | 'mode' | 'effort';

export const liveIds = {
  /** Asks for a setting, or for what is in force of it. */
  set: (setting: LiveSetting, value: string) => `set:${setting}:${value}`,
  /** What this answer says is not enough: what is in force is asked for after it. */
  effort: 'effort',
} as const;

/** The answer to a request for a setting, whose id says what was asked. What it tells is in force. */
export function readSet(reading: Reading, response: JsonObject): void {
  const [, setting = '', ...rest] = (textAt(response, 'request_id') ?? '').split(':');
  const value = rest.join(':');
  if (setting !== 'model' && setting !== 'mode' && setting !== 'effort') {
    return reading.unrecognized('an answer that nobody waits for');
  }
  // Not passed on: what was asked instead changes nothing.
  const [refused] = unmet(setting, value);
  if (refused !== undefined) return notSet(reading, setting, refused.text);
  if (textAt(response, 'subtype') !== 'success') {
    const why = textAt(response, 'error') ?? 'no reason given';
    return notSet(reading, setting, `Claude Code refused the ${setting} ${value}: ${why}`);
  }
  const told = objectAt(response, 'response');
  if (setting === 'effort') return readEffort(reading, value, told);
  const inForce = short(memberAt(told, setting)) ?? value;
  reading.report({ [setting]: inForce });
  const { effort } = reading.state.inForce;
  // Another model may not have it.
  if (setting === 'model' && effort !== null) reading.send(effortInForce(effort));
}

/** Asks what is in force, for the answer to say whether it is this. */
export function effortInForce(wanted: string): object {
  const request = { subtype: 'get_settings' };
  return { type: 'control_request', request_id: liveIds.set('effort', wanted), request };
}

/** Asked for by itself: Claude Code takes an effort that the model does not have, and works with another. */
function readEffort(reading: Reading, wanted: string, told: JsonObject | undefined): void {
  const effort = textAt(objectAt(told, 'applied'), 'effort');
  if (effort === wanted) return reading.report({ effort });
  const inForce = effort === undefined ? 'has no effort to choose' : `works with ${effort}`;
  notSet(reading, 'effort', `The effort ${wanted} is not in force: the model ${inForce}.`);
}

/** A mode that was asked for is in the session's settings already: they are put right. */
function notSet(reading: Reading, setting: LiveSetting, text: string): void {
  reading.notice(`${setting}-not-set`, text);
  const { mode } = reading.state.inForce;
  if (setting !== 'mode' || mode === null) return;
  reading.emit({ type: 'settings', item: reading.nextItem(), changes: { mode } });
}
