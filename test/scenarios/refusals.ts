import { expect, test } from 'vitest';
import type { Place } from './place.ts';
import { type Fields, type Operation, refusal } from './wire.ts';

/** What is asked and why it is refused: the operation, its input, the code, and the field to change. */
type Refusal = readonly [
  why: string,
  input: Fields | ((place: Place) => Fields | Promise<Fields>),
  code: string,
  field?: string,
];

/** A test for each way in which an operation is refused. */
export function testRefusals(
  place: () => Place,
  name: Operation,
  refusals: readonly Refusal[],
): void {
  for (const given of refusals) {
    test(`S5: refuses ${given[0]}`, () => expectRefused(place(), name, given));
  }
}

/** Asks on both faces: each refuses with the same code, names the field, and says something. */
async function expectRefused(
  place: Place,
  name: Operation,
  [, given, code, field]: Refusal,
): Promise<void> {
  const input = typeof given === 'function' ? await given(place) : given;
  for (const asker of [place.http, place.socket]) {
    const refused = await refusal(asker.call(name, input));
    expect({ code: refused.code, field: refused.field }).toEqual({ code, field });
    expect(refused.message).toMatch(/^\S.{10,}/);
  }
}
