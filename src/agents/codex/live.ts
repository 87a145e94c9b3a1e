import { refusalOf } from './failure.ts';
import type { Answer } from './message.ts';
import { unmet } from './settings.ts';
import type { Reading } from './state.ts';
import { partsOf } from './turn.ts';

/** Settings that Codex takes while it is open. */
export const liveSettings = ['model', 'mode', 'effort'] as const;
export type LiveSetting = (typeof liveSettings)[number];

export function settingId(setting: LiveSetting, value: string): string {
  return `set:${setting}:${value}`;
}

/** The answer to a request for a setting. What is in force Codex then says by itself. */
export function readSet(reading: Reading, id: string, answer: Answer): void {
  const { of, rest: value } = partsOf(id);
  const setting = liveSettings.find((name) => name === of);
  if (setting === undefined) return reading.unrecognized('an answer that nobody waits for');
  // Not passed on: what was asked instead changes nothing.
  const [refused] = unmet(setting, value);
  if (refused !== undefined) return notSet(reading, setting, refused.text);
  if (answer.type === 'result') return;
  notSet(reading, setting, `Codex refused the ${setting} ${value}: ${refusalOf(answer.error)}`);
}

/** A value that was asked for is in the session's settings already: they are put right. */
function notSet(reading: Reading, setting: LiveSetting, text: string): void {
  reading.notice(`${setting}-not-set`, text);
  const inForce = reading.state.inForce[setting];
  if (setting === 'model' || inForce === null) return;
  reading.emit({ type: 'settings', item: reading.nextItem(), changes: { [setting]: inForce } });
}
