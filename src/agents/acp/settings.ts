import type { SettingsChange } from '../../domain/entry.ts';
import type { Json } from '../../domain/json.ts';
import { listAt, objectAt, textAt } from '../shape.ts';
import type { InForce, Reading, Setting, Way } from './state.ts';

/**
 * What the answer to an opening says of one setting: its value, and how to ask for another. Agents offer
 * modes and models as configuration options, as `modes` and `models` of their own, or both.
 */
export interface Offer {
  value: string | null;
  by: Way;
}

export function offersOf(result: Json): { readonly [S in Setting]: Offer | null } {
  return {
    mode: modeOffer(result),
    model: modelOffer(result),
    effort: optionOffer(result, 'thought_level'),
  };
}

function modeOffer(result: Json): Offer | null {
  const modes = objectAt(result, 'modes');
  if (modes !== undefined) return { value: textAt(modes, 'currentModeId') ?? null, by: 'own' };
  return optionOffer(result, 'mode');
}

/** `models` never became a part of ACP v1, but agents that have no option for the model list it. */
function modelOffer(result: Json): Offer | null {
  const option = optionOffer(result, 'model');
  if (option !== null) return option;
  const models = objectAt(result, 'models');
  return models === undefined
    ? null
    : { value: textAt(models, 'currentModelId') ?? null, by: 'own' };
}

function optionOffer(carrier: Json, category: string): Offer | null {
  for (const option of listAt(carrier, 'configOptions') ?? []) {
    const id = textAt(option, 'id');
    if (id !== undefined && textAt(option, 'category') === category) {
      return { value: textAt(option, 'currentValue') ?? null, by: { option: id } };
    }
  }
  return null;
}

/** Mode, model and effort as a list of configuration options tells them. */
export function readOptions(carrier: Json): Partial<InForce> {
  const mode = optionOffer(carrier, 'mode')?.value ?? null;
  const model = optionOffer(carrier, 'model')?.value ?? null;
  const effort = optionOffer(carrier, 'thought_level')?.value ?? null;
  return {
    ...(mode === null ? {} : { mode }),
    ...(model === null ? {} : { model }),
    ...(effort === null ? {} : { effort }),
  };
}

/** Takes over what the agent says is in force; the entry says what is new in it, if anything is. */
export function report(reading: Reading, told: Partial<InForce>): void {
  const changes = changesOf(reading.state.inForce, told);
  reading.change({ inForce: { ...reading.state.inForce, ...told } });
  if (changes !== null) reading.emit({ type: 'settings', item: reading.nextItem(), changes });
}

/** What differs, as a change of the session's settings; null where nothing does. */
export function changesOf(before: InForce, told: Partial<InForce>): SettingsChange | null {
  const now = { ...before, ...told };
  const changes: SettingsChange = {};
  if (now.mode !== before.mode) changes.mode = now.mode;
  if (now.model !== before.model && now.model !== null) changes.modelInForce = { id: now.model };
  if (now.effort !== before.effort) changes.effort = now.effort;
  if (now.title !== before.title) changes.title = now.title;
  if (now.used !== before.used || now.size !== before.size) {
    changes.context = { used: now.used ?? 0, size: now.size ?? 0, known: true };
  }
  return Object.keys(changes).length === 0 ? null : changes;
}
