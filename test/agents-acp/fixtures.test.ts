import { describe, expect, test } from 'vitest';
import type { DecoderState } from '../../src/ports/agent.ts';
import { conversations, decodeAll, driverOf, expectedOf, specOf, wireOf } from './conversation.ts';

function stored(state: DecoderState): DecoderState {
  return JSON.parse(JSON.stringify(state)) as DecoderState;
}

describe.each(conversations)('wire fixture $name', ({ name, spec, quirks }) => {
  const driver = driverOf(quirks);
  const lines = wireOf(name);
  const begin = driver.initial(specOf(spec));
  const whole = decodeAll(driver, lines, begin);

  test('decodes to the events that stand beside it', () => {
    expect(JSON.parse(JSON.stringify(whole.events))).toEqual(expectedOf(name));
  });

  test('cut at every line and restarted from stored state, it says the same', () => {
    for (const cut of lines.keys()) {
      const again = decodeAll(driver, lines.slice(cut), stored(whole.states[cut]!));
      expect(again.events).toEqual(whole.events.slice(cut));
      expect(again.states.at(-1)).toEqual(whole.states.at(-1));
    }
  });

  test('restarted at every single line, it says the same', () => {
    let state = begin;
    for (const [at, line] of lines.entries()) {
      const step = driver.decode(stored(state), line);
      expect(step.events).toEqual(whole.events[at]);
      state = step.state;
    }
    expect(state).toEqual(whole.states.at(-1));
  });

  test('decoding leaves the state that it was given as it was', () => {
    for (const [at, line] of lines.entries()) {
      const before = JSON.stringify(whole.states[at]);
      driver.decode(whole.states[at]!, line);
      expect(JSON.stringify(whole.states[at])).toBe(before);
    }
  });

  test('no two entries have one id', () => {
    const items = whole.events.flat().flatMap((event) => {
      const continues = event.type === 'text_end' || event.type === 'text';
      return continues || !('item' in event) ? [] : [event.item];
    });
    expect(new Set(items).size).toBe(items.length);
  });
});
