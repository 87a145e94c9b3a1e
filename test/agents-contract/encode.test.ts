import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AgentCommand, AgentEvent } from '../../src/domain/agent-event.ts';
import type { DecoderState } from '../../src/ports/agent.ts';
import { wireDrivers } from './wire-drivers.ts';
import { decodeWith, fixturesIn, stored } from './wire.ts';

const commands: readonly AgentCommand[] = [
  { type: 'prompt', run: 'run-9', prompt: 'prompt-9', content: [{ type: 'text', text: 'go on' }] },
  { type: 'cancel', run: 'run-1' },
  { type: 'set', changes: { model: 'm', mode: 'auto', effort: 'high' } },
];

type Asked = Extract<AgentEvent, { type: 'approval' | 'question' }>;

/** The answers that may be given to what was asked. */
function answersTo(asked: Asked): readonly AgentCommand[] {
  const { request } = asked;
  if (asked.type === 'approval') {
    const options = [...asked.options.map(({ id }) => id), null];
    return options.map((option) => ({ type: 'answer_approval', request, option }));
  }
  const outcomes = ['answered', 'declined', 'withdrawn'] as const;
  return outcomes.map((outcome) => ({ type: 'answer_question', request, outcome, content: 'x' }));
}

describe.each(wireDrivers)('of $folder', ({ folder, fixtures, driver, open }) => {
  const { wireOf } = fixturesIn(folder);

  describe.each(fixtures)('$name', ({ name, driver: own, spec }) => {
    const { states, events } = decodeWith(own, wireOf(name), own.initial(spec));
    const opened = events.findIndex((at) => at.some(({ type }) => type === 'opened'));

    test('R7: what is sent in each state is the same from a stored one, and changes none', () => {
      for (const state of opened < 0 ? [] : states.slice(opened + 1)) {
        for (const command of commands) {
          const before = JSON.stringify(state);
          const lines = own.encode(state, command);
          expect(own.encode(stored(state), command)).toEqual(lines);
          expect(JSON.stringify(state)).toBe(before);
          expect(lines.every(isLine)).toBe(true);
        }
      }
    });

    test('A1 A2: every question can be answered as soon as it is there, after a restart too', () => {
      for (const [at, list] of events.entries()) {
        for (const event of list) {
          if (event.type !== 'approval' && event.type !== 'question') continue;
          for (const command of answersTo(event)) {
            const state: DecoderState = states[at + 1]!;
            const lines = own.encode(stored(state), command);
            expect(lines).toEqual(own.encode(state, command));
            expect(lines).toHaveLength(1);
            expect(isLine(lines[0]!)).toBe(true);
            // It names the request that it answers.
            expect(lines[0]).toContain(JSON.stringify(event.request));
          }
        }
      }
    });
  });

  test('P1: a prompt of any text reaches the agent as it is, in one line', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (text) => {
        const content = [{ type: 'text', text: `a${text}` }] as const;
        const lines = driver.encode(open.state, { type: 'prompt', run: 'r', prompt: 'p', content });
        expect(lines.every(isLine)).toBe(true);
        const texts = lines.flatMap((line) => textsIn(JSON.parse(line) as unknown));
        expect(texts).toContain(`a${text}`.toWellFormed());
      }),
    );
  });
});

/** One line of JSON: line readers split at no other sign. */
function isLine(line: string): boolean {
  return !line.includes('\n') && typeof JSON.parse(line) === 'object';
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value.toWellFormed()];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap((member) => textsIn(member));
}
