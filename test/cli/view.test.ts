import fc from 'fast-check';
import { expect, test } from 'vitest';
import { makeLook } from '../../src/cli/render/look.ts';
import { View } from '../../src/cli/view.ts';
import type { FeedEvent } from '../../src/client/feed-event.ts';
import { entryOf, textContent } from './entries.ts';

function shown(events: readonly FeedEvent[], colour = false): string {
  let text = '';
  const view = new View(makeLook(colour, 80), (more) => (text += more));
  for (const event of events) view.show(event);
  view.endLine();
  return text;
}

const partial = (entryId: string, whole: string, more = {}): FeedEvent => ({
  type: 'partial',
  entryId,
  part: 'text',
  offset: 0,
  text: whole,
  replaced: false,
  whole,
  ...more,
});
const message = (id: string, text: string, more = {}): FeedEvent => ({
  type: 'entry',
  entry: entryOf('message', { content: textContent(text), ...more }, { id }),
});
const tool: FeedEvent = {
  type: 'entry',
  entry: entryOf(
    'tool_call',
    { call: 'c', title: 'ls', kind: 'execute', status: 'pending' },
    { id: 't' },
  ),
};

test('V4: text is written as it comes, and its entry adds only the rest', () => {
  expect(shown([partial('m', 'Hel'), partial('m', 'Hello'), message('m', 'Hello you')])).toBe(
    'Hello you\n',
  );
});

test('V4: a tool call between two pieces of a text does not make it begin again', () => {
  const events = [partial('m', 'one '), tool, partial('m', 'one two'), message('m', 'one two')];
  expect(shown(events)).toBe('one \n● ls\ntwo\n');
});

test('V4: text that is replaced begins again, text that is abandoned is marked', () => {
  expect(
    shown([partial('m', 'abc'), partial('m', 'xy', { replaced: true }), message('m', 'xyz')]),
  ).toBe('abc\n(the text begins again)\nxyz\n');
  expect(shown([partial('m', 'abc'), { type: 'abandoned', entryId: 'm', part: 'text' }])).toBe(
    'abc\n(broken off)\n',
  );
});

test('V4: of two texts at once none is mixed with the other', () => {
  const events = [
    partial('m', 'one'),
    partial('n', 'two'),
    message('m', 'one!'),
    message('n', 'two!'),
  ];
  expect(shown(events)).toBe('one!\ntwo!\n');
});

test('text of sub-agents is left to its tool call', () => {
  expect(shown([partial('m', 'inner', { parentCall: 'c' }), partial('n', 'outer')])).toBe(
    'outer\n',
  );
});

test('the prompt that was typed here is not repeated', () => {
  let text = '';
  const view = new View(makeLook(false, 80), (more) => (text += more));
  view.hide('p1');
  const prompt = (id: string): FeedEvent => ({
    type: 'entry',
    entry: entryOf('prompt', { content: textContent(id), delivery: 'queue' }, { id }),
  });
  view.show(prompt('p1'));
  view.show(prompt('p2'));
  expect(text).toBe('> p2\n');
});

test('what is piped is not interrupted by our own notes', () => {
  let text = '';
  let notes = '';
  const view = new View(
    makeLook(false, 80),
    (more) => (text += more),
    (more) => (notes += more),
  );
  view.show(partial('m', 'one '));
  view.show({ type: 'state', state: 'disconnected' });
  view.show(message('m', 'one two'));
  expect(text).toBe('one two\n');
  expect(notes).toBe('The daemon is away; waiting for it.\n');
});

test('no escape sequence of an agent is written, wherever the stream is cut', () => {
  const unit = fc.constantFrom(
    '\u001B',
    '[',
    ']',
    '2',
    'J',
    '\u0007',
    '\u009B',
    '\r',
    '\u202E',
    '*',
    '`',
    '\n',
    'a',
  );
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 40 }), fc.array(fc.nat(40)), (text, cuts) => {
      const ends = cuts.toSorted((a, b) => a - b);
      const events = ends.map((end) => partial('m', text.slice(0, end)));
      const title = { call: 'c', title: text, kind: 'other' as const, status: 'failed' as const };
      const card = entryOf('tool_call', { ...title, output: text, input: { command: text } });
      const ask = entryOf('approval', {
        request: 1,
        title: text,
        options: [{ id: text, name: text, kind: 'allow_once' }],
      });
      const all = [
        ...events,
        message('m', text),
        { type: 'entry', entry: card },
        { type: 'entry', entry: ask },
      ];
      expect(unsafeUnits(shown(all as FeedEvent[]))).toEqual([]);
      const styled = ownStyles.reduce(
        (left, style) => left.replaceAll(style, ''),
        shown(all as FeedEvent[], true),
      );
      expect(unsafeUnits(styled)).toEqual([]);
    }),
    { numRuns: 500 },
  );
});

/** What this program itself writes: colours and weights. */
const ownStyles = [1, 2, 3, 4, 22, 23, 24, 31, 32, 33, 34, 35, 36, 39].map(
  (code) => `\u001B[${code}m`,
);

function unsafeUnits(text: string): string[] {
  return text.split('').filter((unit) => {
    const code = unit.charCodeAt(0);
    const control = code < 0x20 || (code >= 0x7f && code < 0xa0);
    return (control && unit !== '\n' && unit !== '\t') || unit === '\u202E';
  });
}
