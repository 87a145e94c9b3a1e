import { expect, test } from 'vitest';
import { opened, stop, streamed, whole } from './conversation.ts';

const { say } = opened();

const call = (input: object) => ({
  type: 'assistant',
  message: { id: 'm', content: [{ type: 'tool_use', id: 'call-1', name: 'Write', input }] },
});

test('L8: a callback of a hook is refused', () => {
  const hook = { type: 'control_request', request_id: 'q', request: { subtype: 'hook_callback' } };
  expect(say(hook).events).toMatchObject([
    { type: 'send', line: expect.stringContaining('"error"') as string },
  ]);
});

test('a result of a call that nobody remembers is an entry all the same', () => {
  const content = [{ type: 'tool_result', tool_use_id: 'lost', content: 'found' }];
  expect(say({ type: 'user', message: { content } }).events).toMatchObject([
    { type: 'tool_call', toolCall: { call: 'lost', status: 'completed', output: 'found' } },
  ]);
});

test('a text too long to be compared stays incomplete when it breaks off', () => {
  const long = 'z'.repeat(100_000);
  const { events } = say(...streamed('m', long), stop, ...streamed('m2', 'z'), whole('z'));
  const ends = events.filter((event) => event.type === 'text_end');
  expect(ends).toMatchObject([{ incomplete: true }, {}]);
});

test('a member too large to be remembered is in the entry of its own line', () => {
  const input = { file_path: 'f', content: 'w'.repeat(100_000) };
  const content = [{ type: 'tool_result', tool_use_id: 'call-1', content: 'ok' }];
  const { events } = say(call(input), { type: 'user', message: { content } });
  expect(events).toMatchObject([{ toolCall: { input } }, { toolCall: { status: 'completed' } }]);
  expect(events[1]?.type === 'tool_call' && events[1].toolCall.input).toBeUndefined();
});
