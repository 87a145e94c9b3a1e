import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ignoredNotifications, ignoredUpdates } from '../../src/agents/acp/ignored.ts';
import { limits } from '../../src/domain/limits.ts';
import type { DecoderState, SpoolLine } from '../../src/ports/agent.ts';
import { driverOf, linesOf, linesOfMessages, opened, specOf, update } from './conversation.ts';

const { driver, state: open, say } = opened();
const states: readonly DecoderState[] = [driver.initial(specOf()), open];

function lineOf(text: string): SpoolLine {
  return { id: 'host-0', text, from: 0, to: text.length };
}

const kinds = [
  'agent_message_chunk',
  'agent_thought_chunk',
  'tool_call',
  'tool_call_update',
  'plan',
  'usage_update',
  'current_mode_update',
  'config_option_update',
  'session_info_update',
  'notice',
  'compaction_update',
  'constructor',
  'teleport_update',
  ...Object.keys(ignoredUpdates),
];
const methods = [
  'session/update',
  'session/request_permission',
  'elicitation/create',
  '$/cancel_request',
  'terminal/create',
  'toString',
  '_other/thing',
  ...Object.keys(ignoredNotifications),
];
const keys = [
  'toolCallId',
  'title',
  'status',
  'content',
  'rawInput',
  'entries',
  'options',
  'toolCall',
  'text',
  'type',
  'sessionUpdate',
  'used',
  'size',
  'cost',
  '_meta',
  'message',
  'requestedSchema',
  '__proto__',
];
const anyUpdate = fc
  .record({
    sessionUpdate: fc.constantFrom(...kinds),
    more: fc.dictionary(fc.constantFrom(...keys), fc.jsonValue()),
  })
  .map(({ sessionUpdate, more }) => ({ ...more, sessionUpdate }));
const anyMessage = fc.record(
  {
    jsonrpc: fc.constantFrom('2.0', '1.0'),
    id: fc.oneof(fc.constantFrom('init', 'open', 'mode', 'run-1', '', 3, null), fc.jsonValue()),
    method: fc.constantFrom(...methods),
    params: fc.oneof(
      fc.jsonValue(),
      fc.record({ update: anyUpdate }),
      fc.record({
        toolCall: fc.dictionary(fc.constantFrom(...keys), fc.jsonValue()),
        options: fc.array(fc.jsonValue()),
      }),
    ),
    result: fc.jsonValue(),
    error: fc.jsonValue(),
  },
  { requiredKeys: [] },
);

describe('any input', () => {
  test('L8: a line of any text never throws and never disappears', () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom(...states), (text, state) => {
        const { events } = driver.decode(state, lineOf(text));
        expect(events.map((event) => event.type)).toContain('unrecognized');
      }),
    );
  });

  test('L8: a message that is almost right never throws and leaves a state that JSON keeps', () => {
    fc.assert(
      fc.property(anyMessage, fc.constantFrom(...states), (message, state) => {
        const step = driver.decode(state, lineOf(JSON.stringify(message)));
        expect(JSON.parse(JSON.stringify(step.state))).toEqual(step.state);
      }),
      { numRuns: 2000 },
    );
  });

  test('L8: an object that is no message of the protocol becomes an unrecognized entry', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (object) => {
        const [event] = driver.decode(open, lineOf(JSON.stringify(object))).events;
        expect(event?.type).toBe('unrecognized');
      }),
    );
  });

  test('L8: an update of a kind that is not listed is kept with its raw line', () => {
    fc.assert(
      fc.property(fc.string(), (sessionUpdate) => {
        fc.pre(!kinds.includes(sessionUpdate) || sessionUpdate === 'constructor');
        const message = update({ sessionUpdate, news: 1 });
        const [event] = say(message).events;
        expect(event).toMatchObject({
          type: 'unrecognized',
          raw: JSON.stringify(message),
          from: 0,
        });
      }),
    );
  });

  test('L8: only what is listed with a reason is ignored', () => {
    for (const sessionUpdate of Object.keys(ignoredUpdates)) {
      expect(say(update({ sessionUpdate })).events).toEqual([]);
    }
    for (const method of Object.keys(ignoredNotifications)) {
      expect(say({ jsonrpc: '2.0', method }).events).toEqual([]);
    }
    const reasons = [...Object.values(ignoredUpdates), ...Object.values(ignoredNotifications)];
    expect(reasons.every((reason) => reason.length > 10)).toBe(true);
  });

  test('L8: JSON that is nested without end is kept as text, and a request with it is answered', () => {
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
    const text = `{"jsonrpc":"2.0","id":1,"method":"session/request_permission","params":${deep}}`;
    const { events } = driver.decode(open, lineOf(text));
    expect(events.map((event) => event.type)).toEqual(['unrecognized', 'send']);
  });

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
});

describe('bounds', () => {
  test('of an unrecognized line only the first bytes are kept', () => {
    const [event] = driver.decode(open, lineOf('x'.repeat(3_000_000))).events;
    expect(event?.type === 'unrecognized' && event.raw.length).toBe(limits.unrecognizedBytes);
  });

  test('the state stays small under ten thousand open tool calls with large members', () => {
    const big = 'y'.repeat(6000);
    let state = open;
    let largest = 0;
    for (let n = 0; n < 10_000; n += 1) {
      const [line] = linesOfMessages([
        update({
          sessionUpdate: 'tool_call',
          toolCallId: `call-${n}`,
          title: big,
          status: 'in_progress',
          rawInput: { big },
          content: [{ type: 'content', content: { type: 'text', text: big.repeat(n % 4) } }],
        }),
      ]);
      state = driver.decode(state, line!).state;
      if (n % 500 === 499) largest = Math.max(largest, JSON.stringify(state).length);
    }
    expect(largest).toBeLessThan(256 * 1024);
  });

  test('the state stays small under questions, texts and output without end', () => {
    const big = 'z'.repeat(200_000);
    const messages: object[] = [
      update({ sessionUpdate: 'tool_call', toolCallId: 'c', title: big, status: 'in_progress' }),
      update({
        sessionUpdate: 'tool_call_update',
        toolCallId: 'c',
        _meta: { terminal_output_delta: { data: big } },
      }),
      update({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: big } }),
      update({ sessionUpdate: 'session_info_update', title: big }),
      { jsonrpc: '2.0', id: 'x', result: { stopReason: big } },
    ];
    for (let n = 0; n < 1000; n += 1) {
      const params = {
        message: 'm',
        requestedSchema: { properties: { [`${big.slice(0, 2000)}${n}`]: {} } },
      };
      if (n % 3 === 0)
        messages.push({ jsonrpc: '2.0', id: n, method: 'elicitation/create', params });
    }
    expect(JSON.stringify(say(...messages).state).length).toBeLessThan(256 * 1024);
  });

  test('live output is the last 64 KiB and never begins inside a character', () => {
    const { events } = say(
      update({ sessionUpdate: 'tool_call', toolCallId: 'c', title: 'run', status: 'in_progress' }),
      update({
        sessionUpdate: 'tool_call_update',
        toolCallId: 'c',
        content: [
          { type: 'content', content: { type: 'text', text: `😀${'😀'.repeat(40_000)}x` } },
        ],
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
});

test('lines are told apart by their bytes, not by their characters', () => {
  expect(linesOf('ä\nb\n').map(({ from, to }) => [from, to])).toEqual([
    [0, 3],
    [3, 5],
  ]);
  expect(driverOf().decoderVersion).toBe(5);
});
