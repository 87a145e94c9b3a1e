import type { JsonObject } from '../../domain/json.ts';
import { memberAt, objectAt, short, textAt } from '../shape.ts';
import { unmet } from './settings.ts';
import type { Reading } from './state.ts';

/** Settings that Claude Code takes while it is open. */
export type LiveSetting = 'model' | 'mode' | 'effort';

export const liveIds = {
  /** Asks for a setting, or for what is in force of it. */
  set: (setting: LiveSetting, value: string) => `set:${setting}:${value}`,
  /** What this answer says is not enough: what is in force is asked for after it. */
  effort: 'effort',
  /** Asks whether the effort that was in force still is. */
  stillEffort: 'still-effort',
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
  // Another model may not have the effort.
  if (setting !== 'model' || reading.state.inForce.effort === null) return;
  const request = { subtype: 'get_settings' };
  reading.send({ type: 'control_request', request_id: liveIds.stillEffort, request });
}

/** The answer to what is in force after the model has changed; the effort may have been changed since. */
export function readStillEffort(reading: Reading, response: JsonObject): void {
  const { effort } = reading.state.inForce;
  if (effort !== null) readEffort(reading, effort, objectAt(response, 'response'));
}

/** Asked for by itself: Claude Code takes an effort that the model does not have, and works with another. */
function readEffort(reading: Reading, wanted: string, told: JsonObject | undefined): void {
  const effort = textAt(objectAt(told, 'applied'), 'effort');
  if (effort === wanted) return reading.report({ effort });
  reading.change({ inForce: { ...reading.state.inForce, effort: null } });
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
