import { setTimeout } from 'node:timers/promises';
import type { Place } from './place.ts';
import { type Asker, type Fields, type Operation, told, type Told } from './wire.ts';

/**
 * Asks for the same operation many times at once, in turn over HTTP, one WebSocket and another one, each a
 * little later than the one before. `gapMs` of 0 sends all in one go.
 */
export async function race<Name extends Operation>(
  place: Place,
  name: Name,
  inputs: readonly Fields[],
  gapMs = 0,
): Promise<Told<Name>[]> {
  const askers: Asker[] = [place.http, place.socket, await place.open()];
  return Promise.all(
    inputs.map(async (input, at) => {
      if (gapMs > 0) await setTimeout(at * gapMs);
      return told(askers[at % askers.length]!, name, input);
    }),
  );
}

/** The answers and the codes of the refusals among what callers were told. */
export function sorted<Name extends Operation>(
  all: readonly Told<Name>[],
): { answers: Extract<Told<Name>, { answer: unknown }>['answer'][]; codes: string[] } {
  return {
    answers: all.flatMap((one) => ('answer' in one ? [one.answer] : [])),
    codes: all.flatMap((one) => ('refused' in one ? [one.refused.code] : [])),
  };
}
