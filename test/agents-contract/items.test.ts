import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AgentEvent } from '../../src/domain/agent-event.ts';
import { assemble, flush, noPartials, type AgentInput } from '../../src/domain/partials.ts';
import { delta, opened, started } from '../agents-codex/conversation.ts';
import type { Fixture } from './wire-driver.ts';
import { wireDrivers } from './wire-drivers.ts';
import { decodeWith, fixturesIn, linesOf } from './wire.ts';

/** What is wrong with the ids of items: the store takes each once, and refuses all of a line with another one. */
function faults(events: readonly AgentEvent[]): readonly string[] {
  const wrong: string[] = [];
  const ended = new Set<string>();
  const entries = new Set<string>();
  let partials = noPartials;
  const take = (inputs: readonly AgentInput[]): void => {
    for (const id of inputs.flatMap(entryOf)) {
      if (entries.has(id)) wrong.push(`two entries are ${id}`);
      entries.add(id);
    }
  };
  for (const event of events) {
    if (event.type === 'text' && ended.has(event.item)) wrong.push(`${event.item} begins again`);
    if (event.type === 'text_end') ended.add(event.item);
    if (event.type === 'turn_ended') for (const { item } of partials.texts) ended.add(item);
    const step = assemble(partials, event);
    ({ partials } = step);
    take(step.inputs);
  }
  take(flush(partials, true).inputs);
  return wrong;
}

/** The id of the entry that an input begins; a request that is withdrawn has begun before. */
function entryOf(input: AgentInput): string[] {
  if (input.type === 'garbage') return [input.garbage.item];
  return 'item' in input ? [input.item] : [];
}

/** What may happen to a conversation on its way. */
type Harm =
  | { how: 'lost' | 'again' | 'later'; at: number; count: number }
  | { how: 'between'; at: number; message: object };

function harmed(lines: readonly string[], harms: readonly Harm[]): readonly string[] {
  let told = lines;
  for (const harm of harms) {
    const at = harm.at % (told.length + 1);
    const [before, after] = [told.slice(0, at), told.slice(at)];
    if (harm.how === 'between') {
      told = [...before, JSON.stringify(harm.message), ...after];
      continue;
    }
    const [some, rest] = [after.slice(0, harm.count), after.slice(harm.count)];
    const kept = { lost: rest, again: [...some, ...some, ...rest], later: [...rest, ...some] };
    told = [...before, ...kept[harm.how]];
  }
  return told;
}

const harmOf = (almost: fc.Arbitrary<object>): fc.Arbitrary<Harm> => {
  const at = fc.nat(200);
  const how = fc.constantFrom('lost', 'again', 'later');
  return fc.oneof(
    fc.record({ how, at, count: fc.integer({ min: 1, max: 40 }) }),
    fc.record({ how: fc.constant('between'), at, message: almost }),
  );
};

describe.each(wireDrivers)('of $folder', ({ folder, fixtures, almost }) => {
  const { wireOf } = fixturesIn(folder);

  const played = ({ driver, spec }: Fixture, lines: readonly string[]): readonly string[] => {
    const spool = linesOf(lines.map((line) => `${line}\n`).join(''));
    return faults(decodeWith(driver, spool, driver.initial(spec)).events.flat());
  };

  test('L3 R2: what has ended is not begun again, and no two entries have one id, wherever a conversation breaks off', () => {
    // That a decoder says the same when it is loaded anew at any line is a test of its own.
    for (const { name, driver, spec } of fixtures) {
      const { events } = decodeWith(driver, wireOf(name), driver.initial(spec));
      for (const cut of [...events.keys(), events.length]) {
        expect(faults(events.slice(0, cut).flat())).toEqual([]);
      }
    }
  });

  test('L3 L8 R2: nor is it where lines are lost, come twice or late, or have others between them', () => {
    const harms = fc.array(harmOf(almost), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(fc.nat(fixtures.length - 1), harms, (which, harm) => {
        const fixture = fixtures[which]!;
        const lines = wireOf(fixture.name).map(({ text }) => text);
        expect(played(fixture, harmed(lines, harm))).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });
});

test('L3 R2: what Codex says while a prompt is refused goes on as another text', () => {
  const refused = { id: 'prompt:run:prompt', error: { code: -32600, message: 'no' } };
  const { events } = opened().say(started, delta('m', 'abc'), refused, delta('m', 'def'));
  expect(events.map(({ type }) => type)).toEqual(
    expect.arrayContaining(['text', 'text_end', 'turn_ended']),
  );
  expect(faults(events)).toEqual([]);
});
