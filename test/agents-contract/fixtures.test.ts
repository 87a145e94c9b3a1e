import { readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { AgentEvent } from '../../src/domain/agent-event.ts';
import type { AgentInput } from '../../src/domain/partials.ts';
import { noPartials } from '../../src/domain/partials.ts';
import { wireDrivers } from './wire-drivers.ts';
import { decodeWith, fixturesIn, fold, stored, wireFolder } from './wire.ts';

describe.each(wireDrivers)('of $folder', ({ folder, fixtures }) => {
  const { wireOf, expectedOf } = fixturesIn(folder);

  test('every file is one of the fixtures', () => {
    const files = readdirSync(path.join(wireFolder, folder)).filter((file) =>
      /^[^.]+\.jsonl$/.test(file),
    );
    const names = fixtures.map(({ name }) => `${name}.jsonl`);
    expect(files.toSorted()).toEqual(names.toSorted());
  });

  describe.each(fixtures)('$name', ({ name, driver, spec, odd }) => {
    const lines = wireOf(name);
    const whole = decodeWith(driver, lines, driver.initial(spec));
    const events = whole.events.flat();

    test('decodes to the events that stand beside it', () => {
      expect(stored(whole.events)).toEqual(expectedOf(name));
    });

    test('L8: all of it is understood, unless it is there for what is not', () => {
      expect(events.some(({ type }) => type === 'unrecognized')).toBe(odd === true);
    });

    test('R7: cut at every line and restarted from stored state, it says the same', () => {
      for (const cut of lines.keys()) {
        const again = decodeWith(driver, lines.slice(cut), stored(whole.states[cut]!));
        expect(again.events).toEqual(whole.events.slice(cut));
        expect(again.states.at(-1)).toEqual(whole.states.at(-1));
      }
    });

    test('V4 R7: restarted at every line, the same entries and partials come of it', () => {
      const unbroken = fold(whole.events);
      let partials = noPartials;
      const inputs: AgentInput[] = [];
      for (const [at, line] of lines.entries()) {
        const step = driver.decode(stored(whole.states[at]!), line);
        const folded = fold([step.events], stored(partials));
        partials = folded.partials;
        inputs.push(...folded.inputs);
      }
      expect(inputs).toEqual(unbroken.inputs);
      expect(partials).toEqual(unbroken.partials);
    });

    test('decoding leaves the state that it was given as it was', () => {
      for (const [at, line] of lines.entries()) {
        const before = JSON.stringify(whole.states[at]);
        driver.decode(whole.states[at]!, line);
        expect(JSON.stringify(whole.states[at])).toBe(before);
      }
    });

    test('L3: no two entries have one id', () => {
      const items = events.flatMap((event) => (begins(event) ? [event.item] : []));
      expect(new Set(items).size).toBe(items.length);
    });
  });
});

/** What is said of an entry that has begun has its id again. */
function begins(event: AgentEvent): event is AgentEvent & { item: string } {
  return event.type !== 'text_end' && event.type !== 'text' && 'item' in event;
}
