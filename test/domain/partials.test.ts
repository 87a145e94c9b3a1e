import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AgentEvent } from '../../src/domain/agent-event.ts';
import { limits } from '../../src/domain/limits.ts';
import {
  type AgentInput,
  assemble,
  flush,
  noPartials,
  type Partials,
} from '../../src/domain/partials.ts';

function fold(events: readonly AgentEvent[], from: Partials = noPartials) {
  let partials = from;
  const inputs: AgentInput[] = [];
  for (const event of events) {
    const step = assemble(partials, event);
    partials = step.partials;
    inputs.push(...step.inputs);
  }
  return { partials, inputs };
}

const text = (item: string, delta: string, part: 'text' | 'thought' = 'text'): AgentEvent => ({
  type: 'text',
  item,
  part,
  delta,
});
const textEnd = (item: string): AgentEvent => ({ type: 'text_end', item });
const turnEnded = (outcome: 'completed' | 'cancelled' | 'failed' = 'completed'): AgentEvent => ({
  type: 'turn_ended',
  item: 'end',
  outcome,
});
const garbage = (from: number, reason = 'not JSON', raw = 'x'): AgentEvent => ({
  type: 'unrecognized',
  item: `g${from}`,
  reason,
  raw,
  from,
  to: from + 1,
});
const notice: AgentEvent = { type: 'notice', item: 'n', code: 'c', text: 't' };

type Said = Extract<AgentInput, { type: 'said' }>;
const saidOf = (inputs: readonly AgentInput[]): Said[] =>
  inputs.filter((input) => input.type === 'said');

function wordsOf(said: Said): string {
  return said.content.map((block) => (block.type === 'text' ? block.text : '')).join('');
}

const says =
  (text: string) =>
  (said: Said | undefined): boolean =>
    said !== undefined && wordsOf(said) === text;

/** Cuts a text to deltas at the given places. */
function cut(whole: string, places: readonly number[]): string[] {
  const at = [...new Set([0, ...places.map((place) => place % (whole.length + 1)), whole.length])];
  at.sort((a, b) => a - b);
  return at.slice(1).map((end, index) => whole.slice(at[index], end));
}

const units = fc.string({ unit: 'binary', minLength: 1, maxLength: 40 });

describe('streamed text', () => {
  test('V4: however a text is cut, also within a surrogate pair, its entry is the same', () => {
    fc.assert(
      fc.property(units, fc.array(fc.nat()), (whole, places) => {
        const deltas = cut(whole, places).map((delta) => text('a', delta));
        const { partials, inputs } = fold([...deltas, textEnd('a')]);
        expect(saidOf(inputs)).toEqual([
          {
            type: 'said',
            item: 'a',
            part: 'text',
            content: [{ type: 'text', text: whole }],
            incomplete: false,
          },
        ]);
        expect(partials).toEqual(noPartials);
      }),
    );
  });

  test('V4: texts that come interleaved with other events and with each other keep apart', () => {
    fc.assert(
      fc.property(units, units, fc.infiniteStream(fc.boolean()), (one, two, turns) => {
        const a = Array.from(one).map((delta) => text('a', delta));
        const b = Array.from(two).map((delta) => text('b', delta, 'thought'));
        const events: AgentEvent[] = [];
        for (const first of turns) {
          const from = (first && a.length > 0) || b.length === 0 ? a : b;
          if (from.length === 0) break;
          events.push(from.shift()!, notice);
        }
        const said = saidOf(fold([...events, turnEnded()]).inputs);
        expect(said).toHaveLength(2);
        expect(said.find(({ item, part }) => item === 'a' && part === 'text')).toSatisfy(says(one));
        expect(said.find(({ item, part }) => item === 'b' && part === 'thought')).toSatisfy(
          says(two),
        );
      }),
    );
  });

  test('the beginning of a text is told at once, as a sign of life', () => {
    expect(fold([text('a', 'x')]).inputs).toEqual([{ type: 'activity' }]);
    expect(fold([text('a', 'x'), text('a', 'y')]).inputs).toEqual([{ type: 'activity' }]);
  });

  test('V4: the end of a turn closes its texts before itself; they are incomplete if it did not complete', () => {
    for (const outcome of ['completed', 'cancelled', 'failed'] as const) {
      const { inputs, partials } = fold([text('a', 'half'), turnEnded(outcome)]);
      expect(inputs.map((input) => input.type)).toEqual(['activity', 'said', 'turn_ended']);
      expect(saidOf(inputs)[0]!.incomplete).toBe(outcome !== 'completed');
      expect(partials).toEqual(noPartials);
    }
  });

  test('V4: what is open at the end of a host comes out as incomplete, and an empty text not at all', () => {
    const { partials } = fold([text('a', 'half'), text('b', ''), garbage(3)]);
    const { inputs, partials: after } = flush(partials, true);
    expect(inputs.map((input) => input.type)).toEqual(['garbage', 'said']);
    expect(after).toEqual(noPartials);
  });

  test('a text over the limit goes on in further entries, whose sum is the text', () => {
    const piece = 'abcdefgh'.repeat(limits.textChars / 32);
    const deltas = Array.from({ length: 11 }, (_, index) => text('a', `${index % 10}${piece}`));
    const { inputs } = fold([...deltas, textEnd('a')]);
    const said = saidOf(inputs);
    expect(said.map((item) => item.item)).toEqual(['a', 'ac1', 'ac2']);
    expect(said.map(wordsOf).join('')).toBe(
      deltas.map((event) => 'delta' in event && event.delta).join(''),
    );
    expect(said.every((item) => !item.incomplete)).toBe(true);
  });

  test('the calls of sub-agents stay with their text', () => {
    const { inputs } = fold([{ ...text('a', 'x'), parentCall: 'c1' } as AgentEvent, textEnd('a')]);
    expect(saidOf(inputs)[0]).toMatchObject({ parentCall: 'c1' });
  });
});

describe('input that was not understood', () => {
  test('L8: is gathered while its reason stays, and comes out before what follows', () => {
    const { inputs } = fold([garbage(1), garbage(2), garbage(3, 'other'), notice]);
    expect(inputs).toMatchObject([
      { type: 'garbage', garbage: { item: 'g1', count: 2, from: 1, to: 3, raw: 'x\nx' } },
      { type: 'garbage', garbage: { item: 'g3', count: 1, reason: 'other', from: 3, to: 4 } },
      { type: 'notice' },
    ]);
  });

  test('L8: keeps the first bytes, and counts and places all of it', () => {
    const many = Array.from({ length: 1500 }, (_, at) => garbage(at, 'flood', 'y'.repeat(100)));
    const { inputs } = fold([...many, notice]);
    const gathered = inputs.flatMap((input) => (input.type === 'garbage' ? [input.garbage] : []));
    expect(gathered.reduce((sum, one) => sum + one.count, 0)).toBe(1500);
    expect(gathered.map(({ from, to }) => [from, to])).toEqual([
      [0, 1000],
      [1000, 1500],
    ]);
    for (const one of gathered)
      expect(one.raw.length).toBeLessThanOrEqual(limits.unrecognizedBytes);
  });
});

describe('live output of a tool', () => {
  const output = (call: string, whole: string): AgentEvent => ({
    type: 'tool_output',
    call,
    text: whole,
  });
  const end = (status: 'in_progress' | 'completed'): AgentEvent => ({
    type: 'tool_call',
    item: 't',
    toolCall: { call: 'c', title: 'run', kind: 'execute', status },
  });

  test('V4: grows, shows its last 64 KiB, and says how much went before', () => {
    const long = 'z'.repeat(limits.outputChars);
    const { partials } = fold([output('c', 'ab'), output('c', `ab${long}`)]);
    expect(partials.outputs).toEqual([{ call: 'c', text: long, dropped: 2, revision: 0 }]);
  });

  test('V4: text that does not continue what was there is a new revision', () => {
    const { partials } = fold([output('c', 'abc'), output('c', 'abX')]);
    expect(partials.outputs).toEqual([{ call: 'c', text: 'abX', dropped: 0, revision: 1 }]);
  });

  test('ends with its tool call, not before', () => {
    expect(fold([output('c', 'a'), end('in_progress')]).partials.outputs).toHaveLength(1);
    expect(fold([output('c', 'a'), end('completed')]).partials.outputs).toEqual([]);
    expect(fold([output('c', 'a'), turnEnded()]).partials.outputs).toEqual([]);
  });
});
