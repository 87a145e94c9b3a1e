import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ignoredSystem, ignoredTypes } from '../../src/agents/claude/ignored.ts';
import { limits } from '../../src/domain/limits.ts';
import type { DecoderState, SpoolLine } from '../../src/ports/agent.ts';
import { driver, opened, running, specOf, stop, stream, streamed, whole } from './conversation.ts';

const { state: open, say } = opened();
const busy = say(running, ...streamed('m', 'abc')).state;
const states: readonly DecoderState[] = [driver.initial(specOf()), open, busy];

function lineOf(text: string): SpoolLine {
  return { id: 'host-0', text, from: 0, to: text.length };
}

const types = [
  'assistant',
  'command_lifecycle',
  'control_cancel_request',
  'control_request',
  'control_response',
  'result',
  'stream_event',
  'system',
  'user',
  'constructor',
  'no_such_type',
  ...Object.keys(ignoredTypes),
];
const keys = [
  'subtype',
  'type',
  'state',
  'event',
  'delta',
  'message',
  'content',
  'content_block',
  'request',
  'request_id',
  'response',
  'tool_use_id',
  'tool_name',
  'input',
  'id',
  'name',
  'text',
  'usage',
  'model',
  'model_usage_since_last_result',
  'modelUsage',
  'compact_metadata',
  'questions',
  'requested_schema',
  'url',
  'mode',
  'uuid',
  'session_id',
  'isReplay',
  'parent_tool_use_id',
  '__proto__',
];
const words = ['idle', 'running', 'init', 'status', 'text', 'tool_use', 'tool_result', 'thinking'];
// Shallow: how deep a line may be is a test of its own, and deep values take long to make.
const json = fc.jsonValue({ maxDepth: 2 });
const member = fc.dictionary(fc.constantFrom(...keys), json, { maxKeys: 6 });
const members = fc.array(member, { maxLength: 4 });
const value = fc.oneof(
  json,
  fc.constantFrom<string>(
    'can_use_tool',
    'elicitation',
    'AskUserQuestion',
    'message_start',
    ...words,
  ),
  members,
  fc.dictionary(fc.constantFrom(...keys), fc.oneof(json, members), { maxKeys: 8 }),
);
const anyMessage = fc
  .record({
    type: fc.constantFrom(...types),
    more: fc.dictionary(fc.constantFrom(...keys.slice(0, 1), ...keys.slice(2)), value),
  })
  .map(({ type, more }) => ({ ...more, type }));

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
      { numRuns: 3000 },
    );
  });

  test('L8: an object that is no message of Claude Code becomes an unrecognized entry', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (object) => {
        const { type } = object;
        fc.pre(typeof type !== 'string' || !types.includes(type));
        const [event] = driver.decode(open, lineOf(JSON.stringify(object))).events;
        expect(event?.type).toBe('unrecognized');
      }),
    );
  });

  test('L8: unknown words within what is known are kept with their raw line', () => {
    const strange: readonly object[] = [
      { type: 'news' },
      { type: 'system', subtype: 'news' },
      { type: 'system', subtype: 'session_state_changed', state: 'asleep' },
      stream({ type: 'news' }),
      stream({ type: 'content_block_delta', delta: { type: 'news' } }),
      { type: 'assistant', message: { content: [{ type: 'news' }] } },
      { type: 'user', message: { content: [{ type: 'news' }] } },
      { type: 'control_response', response: { request_id: 'news' } },
    ];
    for (const message of strange) {
      const raw = JSON.stringify(message);
      expect(say(message).events).toMatchObject([{ type: 'unrecognized', raw }]);
    }
  });

  test('L8: only what is listed with a reason is ignored', () => {
    for (const type of Object.keys(ignoredTypes)) expect(say({ type }).events).toEqual([]);
    for (const subtype of Object.keys(ignoredSystem)) {
      expect(say({ type: 'system', subtype }).events).toEqual([]);
    }
    const reasons = [...Object.values(ignoredTypes), ...Object.values(ignoredSystem)];
    expect(reasons.every((reason) => reason.length > 10)).toBe(true);
  });

  test('L8: a request that is not understood is answered, however deep it is', () => {
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
    const text = `{"type":"control_request","request_id":"q","request":${deep}}`;
    const { events } = driver.decode(open, lineOf(text));
    expect(events.map((event) => event.type)).toEqual(['unrecognized', 'send']);
    const unknown = { type: 'control_request', request_id: 'q', request: { subtype: 'news' } };
    expect(say(unknown).events.map((event) => event.type)).toEqual(['unrecognized', 'send']);
    const hook = { ...unknown, request: { subtype: 'hook_callback' } };
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
});

describe('bounds', () => {
  const big = 'y'.repeat(20_000);
  const call = (id: number, input: object = { file_path: 'f', content: big }) => ({
    type: 'assistant',
    message: { id: 'm', content: [{ type: 'tool_use', id: `call-${id}`, name: 'Write', input }] },
  });

  test('of an unrecognized line only the first bytes are kept', () => {
    const [event] = driver.decode(open, lineOf('x'.repeat(3_000_000))).events;
    expect(event?.type === 'unrecognized' && event.raw.length).toBe(limits.unrecognizedBytes);
  });

  test('the state stays small under calls, questions and prompts without end', () => {
    let state = busy;
    let largest = 0;
    const take = (message: object): void => {
      state = driver.decode(state, lineOf(JSON.stringify(message))).state;
    };
    for (let n = 0; n < 600; n += 1) {
      take(call(n, { file_path: 'f', content: big.slice(0, (n % 3) * 4000), big }));
      const request = { subtype: 'can_use_tool', tool_name: 'Bash', tool_use_id: `call-${n}` };
      const input = { command: big.slice(0, 9000) };
      take({ type: 'control_request', request_id: `q-${n}`, request: { ...request, input } });
      const response = { subtype: 'success', request_id: `prompt:run:${n}` };
      take({ type: 'control_response', response });
      if (n % 50 === 49) largest = Math.max(largest, JSON.stringify(state).length);
    }
    expect(largest).toBeLessThan(512 * 1024);
  });

  test('the state stays small under a text, names and models without end', () => {
    const long = 'z'.repeat(100_000);
    const models = Object.fromEntries(
      Array.from({ length: 1000 }, (_, n) => [`${long.slice(0, 500)}${n}`, { inputTokens: n }]),
    );
    const { state } = say(
      running,
      { type: 'system', subtype: 'init', model: long, permissionMode: long },
      { type: 'system', subtype: 'session_title_changed', title: long },
      ...streamed(long, long, long),
      stop,
      ...streamed('m2', long),
      { type: 'result', subtype: 'success', model_usage_since_last_result: models },
      whole(long),
    );
    expect(JSON.stringify(state).length).toBeLessThan(64 * 1024);
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
    const { events } = say(call(1, input), { type: 'user', message: { content } });
    expect(events).toMatchObject([{ toolCall: { input } }, { toolCall: { status: 'completed' } }]);
    expect(events[1]?.type === 'tool_call' && events[1].toolCall.input).toBeUndefined();
  });
});
