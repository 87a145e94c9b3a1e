import type { SettingsChange } from '../domain/entry.ts';

/** Settings as the agent last told them, so that only changes are reported. */
export interface InForce {
  readonly mode: string | null;
  readonly model: string | null;
  /** Absent where the agent names none. */
  readonly provider?: string | null;
  readonly effort: string | null;
  readonly title: string | null;
  readonly used: number | null;
  readonly size: number | null;
}

/** What differs, as a change of the session's settings; null where nothing does. */
export function changesOf(before: InForce, told: Partial<InForce>): SettingsChange | null {
  const now = { ...before, ...told };
  const changes: SettingsChange = {};
  if (now.mode !== before.mode) changes.mode = now.mode;
  const isOther = now.model !== before.model || now.provider !== before.provider;
  if (isOther && now.model !== null) {
    const provider = typeof now.provider === 'string' ? { provider: now.provider } : {};
    changes.modelInForce = { ...provider, id: now.model };
  }
  if (now.effort !== before.effort) changes.effort = now.effort;
  if (now.title !== before.title) changes.title = now.title;
  const moved = now.used !== before.used || now.size !== before.size;
  if (moved && now.used !== null && now.size !== null) {
    changes.context = { used: now.used, size: now.size, known: true };
  }
  return Object.keys(changes).length === 0 ? null : changes;
}
