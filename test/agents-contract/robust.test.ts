import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { limits } from '../../src/domain/limits.ts';
import type { DecoderState } from '../../src/ports/agent.ts';
import { wireDrivers } from './wire-drivers.ts';
import { lineOf, linesOfMessages, stored } from './wire.ts';

/** What is stored with every snapshot stays below this, in characters of JSON, whatever an agent says. */
const largestState = 512 * 1024;

describe.each(wireDrivers)('of $folder', (of) => {
  const { driver, open, states } = of;
  const typesOf = (state: DecoderState, text: string): string[] =>
    driver.decode(state, lineOf(text)).events.map(({ type }) => type);

  test('L8: a line of any text never throws and never disappears', () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom(...states), (text, state) => {
        expect(typesOf(state, text)).toContain('unrecognized');
      }),
    );
  });

  test('L8: a message that is almost right never throws and leaves a state that JSON keeps', () => {
    fc.assert(
      fc.property(of.almost, fc.constantFrom(...states), (message, state) => {
        const step = driver.decode(state, lineOf(JSON.stringify(message)));
        // Quicker than a matcher, and a member that is undefined counts.
        expect(isDeepStrictEqual(stored(step.state), step.state)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  test('L8: an object that is no message of the agent becomes an unrecognized entry', () => {
    fc.assert(
      fc.property(of.foreign, (object) => {
        expect(typesOf(open.state, JSON.stringify(object))[0]).toBe('unrecognized');
      }),
    );
  });

  test('L8: unknown words within what is known are kept with their raw line', () => {
    for (const message of of.strange) {
      const raw = JSON.stringify(message);
      expect(open.say(message).events).toMatchObject([{ type: 'unrecognized', raw, from: 0 }]);
    }
  });

  test('L8: only what is listed with a reason is ignored', () => {
    for (const message of of.ignored.messages) expect(open.say(message).events).toEqual([]);
    expect(of.ignored.messages.length).toBeGreaterThan(0);
    expect(of.ignored.reasons.every((reason) => reason.length > 8)).toBe(true);
  });

  test('L8: a request that is not understood is answered, however deep it is', () => {
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
    expect(typesOf(open.state, of.request(deep))).toEqual(['unrecognized', 'send']);
    for (const request of of.unknownRequests) {
      const types = open.say(request).events.map(({ type }) => type);
      expect(types).toEqual(['unrecognized', 'send']);
    }
  });

  test('of an unrecognized line only the first bytes are kept', () => {
    const [event] = driver.decode(open.state, lineOf('x'.repeat(3_000_000))).events;
    expect(event?.type === 'unrecognized' && event.raw.length).toBe(limits.unrecognizedBytes);
  });

  test('the state stays small in a conversation without end', () => {
    let state: DecoderState = states.at(-1)!;
    let largest = 0;
    const { rounds, round } = of.endless;
    for (let n = 0; n < rounds; n += 1) {
      for (const line of linesOfMessages(round(n))) state = driver.decode(state, line).state;
      if (n % 50 === 49) largest = Math.max(largest, JSON.stringify(state).length);
    }
    expect(largest).toBeGreaterThan(0);
    expect(largest).toBeLessThan(largestState);
  });

  test('the state stays small under texts, names and settings without end', () => {
    const { state } = open.say(...of.long('z'.repeat(200_000)));
    expect(JSON.stringify(state).length).toBeLessThan(64 * 1024);
  });
});
