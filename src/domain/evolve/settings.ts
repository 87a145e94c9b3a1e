import type { EntryOf, SettingsChange } from '../entry.ts';
import type { SessionState } from '../session-state.ts';
import { agentSettings, touched } from '../settings.ts';

/** Settings that were changed: what is not live is for the next host. */
export function settings(state: SessionState, entry: EntryOf<'settings'>): SessionState {
  const { changes } = entry.data;
  const next: SessionState = { ...state };
  for (const name of plainSettings) {
    const value = changes[name];
    if (value !== undefined) Object.assign(next, { [name]: value });
  }
  const later = touched(changes).some((name) => entry.data.live?.includes(name) !== true);
  if (later && entry.data.from !== 'agent' && next.host !== null) {
    next.host = { ...next.host, stale: true };
  }
  if (
    changes.title !== undefined &&
    (entry.data.from !== 'agent' || state.titleFrom !== 'client')
  ) {
    next.title = changes.title;
    next.titleFrom =
      changes.title === null ? null : entry.data.from === 'agent' ? 'agent' : 'client';
  }
  return next;
}

const plainSettings = [
  'key',
  'agent',
  'cwd',
  'label',
  'meta',
  ...agentSettings,
  'draft',
  'archived',
  'modelInForce',
  'context',
  'parent',
  'onLost',
  'policy',
  'budget',
  'originCwd',
] as const satisfies readonly (keyof SettingsChange)[];
