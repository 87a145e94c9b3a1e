import type { Json } from '../../domain/json.ts';
import { listAt, objectAt, textAt } from '../shape.ts';
import type { InForce } from '../in-force.ts';
import type { Setting, Way } from './state.ts';

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
