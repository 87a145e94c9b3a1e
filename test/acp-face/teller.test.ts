import { expect, test } from 'vitest';
import type { PartialEvent } from '../../src/client/feed-event.ts';
import type { Entry } from '../../src/domain/entry.ts';
import type { Blobs } from '../../src/acp-face/content.ts';
import { Teller } from '../../src/acp-face/teller.ts';

const noBlobs: Blobs = {
  bytes: () => Promise.reject(new Error('There are no blobs.')),
  text: () => Promise.reject(new Error('There are no blobs.')),
};

function piece(offset: number, whole: string, replaced = false): PartialEvent {
  const text = whole.slice(offset);
  return { type: 'partial', entryId: 'e1', part: 'text', offset, text, whole, replaced };
}

function message(text: string): Entry {
  const base = { seq: 1, id: 'e1', parentId: null, at: '', by: { type: 'agent', host: 'h' } };
  const data = { content: [{ type: 'text', text }] };
  return { ...base, kind: 'message', data, digest: '' } as Entry;
}

function teller(): Teller {
  return new Teller({ notices: false, compactions: false }, () => false);
}

const chunk = (text: string, messageId = 'e1', more: object = {}) => ({
  sessionUpdate: 'agent_message_chunk',
  content: { type: 'text', text },
  messageId,
  ...more,
});

test('V4: what was streamed is not told again by its entry', async () => {
  const told = teller();
  expect(told.partial(piece(0, 'Hel'))).toEqual([chunk('Hel')]);
  expect(told.partial(piece(3, 'Hello'))).toEqual([chunk('lo')]);
  expect(await told.entry(message('Hello'), noBlobs, false)).toEqual([]);
});

test('V4: what an entry has beyond what was streamed is told, and nothing else', async () => {
  const told = teller();
  told.partial(piece(0, 'Hel'));
  expect(await told.entry(message('Hello'), noBlobs, false)).toEqual([chunk('lo')]);
  expect(await teller().entry(message('Hello'), noBlobs, false)).toEqual([chunk('Hello')]);
});

test('V4: a text that turns out to be another one begins again under another id', async () => {
  const told = teller();
  told.partial(piece(0, 'Helo'));
  const first = { _meta: { turnkeep: { replaces: 'e1' } } };
  expect(told.partial(piece(0, 'Hallo', true))).toEqual([chunk('Hallo', 'e1.1', first)]);
  const second = { _meta: { turnkeep: { replaces: 'e1' } } };
  expect(await told.entry(message('Hullo'), noBlobs, false)).toEqual([
    chunk('Hullo', 'e1.2', second),
  ]);
});

test('V4: what a text that is said to be another one has in common with it is not told twice', () => {
  const told = teller();
  told.partial(piece(0, 'Hello'));
  expect(told.partial(piece(0, 'Hello, you', true))).toEqual([chunk(', you')]);
});

test('A2: a call that an approval shows before its first entry is the same call then', async () => {
  const told = teller();
  const toolCall = { call: 'c1', title: 'echo', kind: 'execute', status: 'pending' };
  const base = { seq: 1, at: '', by: { type: 'agent', host: 'h' }, digest: '' };
  const approval = {
    ...base,
    id: 'a1',
    kind: 'approval',
    data: { request: 1, title: 'echo', toolCall, options: [] },
  } as unknown as Entry & { kind: 'approval' };
  expect(told.callOf(approval)).toBe('a1');
  const call = (more: object) =>
    ({ ...base, kind: 'tool_call', data: toolCall, ...more }) as unknown as Entry;
  const [first] = await told.entry(call({ id: 't1', parentId: null }), noBlobs, false);
  expect(first).toMatchObject({ sessionUpdate: 'tool_call', toolCallId: 'a1' });
  const [next] = await told.entry(call({ id: 't2', about: 't1' }), noBlobs, false);
  expect(next).toMatchObject({ sessionUpdate: 'tool_call_update', toolCallId: 'a1' });
  // In the next run the agent may use the same name for another call.
  told.runEnded();
  const [other] = await told.entry(call({ id: 't3', parentId: null }), noBlobs, false);
  expect(other).toMatchObject({ sessionUpdate: 'tool_call', toolCallId: 't3' });
});
