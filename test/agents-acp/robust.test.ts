import { expect, test } from 'vitest';
import { limits } from '../../src/domain/limits.ts';
import { opened, update } from './conversation.ts';

const { say } = opened();

test('L8: a malformed permission request is kept, and the agent hears that it was not understood', () => {
  const { events } = say({
    jsonrpc: '2.0',
    id: 4,
    method: 'session/request_permission',
    params: { options: [] },
  });
  expect(events.map((event) => event.type)).toEqual(['unrecognized', 'send']);
  expect(events[1]).toMatchObject({ line: expect.stringContaining('-32602') as string });
});

test('live output is the last 64 KiB and never begins inside a character', () => {
  const { events } = say(
    update({ sessionUpdate: 'tool_call', toolCallId: 'c', title: 'run', status: 'in_progress' }),
    update({
      sessionUpdate: 'tool_call_update',
      toolCallId: 'c',
      content: [{ type: 'content', content: { type: 'text', text: `😀${'😀'.repeat(40_000)}x` } }],
    }),
  );
  const output = events[1]?.type === 'tool_output' ? events[1].text : '';
  expect(output.length).toBe(limits.outputChars - 1);
  expect(output.codePointAt(0)).toBe(0x1f600);
});

test('a member too large to be remembered is in the entry of its own line', () => {
  const input = { text: 'w'.repeat(100_000) };
  const { events } = say(
    update({ sessionUpdate: 'tool_call', toolCallId: 'c', title: 't', rawInput: input }),
    update({ sessionUpdate: 'tool_call_update', toolCallId: 'c', status: 'completed' }),
  );
  expect(events).toMatchObject([{ toolCall: { input } }, { toolCall: { status: 'completed' } }]);
  expect(events[1]?.type === 'tool_call' && events[1].toolCall.input).toBeUndefined();
});
