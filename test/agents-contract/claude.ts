import fc from 'fast-check';
import { ignoredSystem, ignoredTypes } from '../../src/agents/claude/ignored.ts';
import {
  driver,
  names,
  opened,
  running,
  specOf,
  specOfFixture,
  stop,
  stream,
  streamed,
  whole,
} from '../agents-claude/conversation.ts';
import type { WireDriver } from './wire-driver.ts';

const open = opened();
const { state: busy } = open.say(running, ...streamed('m', 'abc'));

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
const almost = fc
  .record({
    type: fc.constantFrom(...types),
    more: fc.dictionary(fc.constantFrom(...keys.slice(0, 1), ...keys.slice(2)), value),
  })
  .map(({ type, more }) => ({ ...more, type }));

const big = 'y'.repeat(20_000);

export const claudeWire: WireDriver = {
  agents: {
    claude: {
      text: 'text',
      allowed: 'between',
      denied: 'denied',
      failed: 'errors',
      aborted: 'interrupted',
    },
  },
  folder: 'claude',
  fixtures: names.map((name) => ({ name, driver, spec: specOfFixture(name) })),
  driver,
  open,
  states: [driver.initial(specOf()), open.state, busy],
  almost,
  foreign: fc
    .dictionary(fc.string(), fc.jsonValue())
    .filter(({ type }) => typeof type !== 'string' || !types.includes(type)),
  strange: [
    { type: 'news' },
    { type: 'system', subtype: 'news' },
    { type: 'system', subtype: 'session_state_changed', state: 'asleep' },
    stream({ type: 'news' }),
    stream({ type: 'content_block_delta', delta: { type: 'news' } }),
    { type: 'assistant', message: { content: [{ type: 'news' }] } },
    { type: 'user', message: { content: [{ type: 'news' }] } },
    { type: 'control_response', response: { request_id: 'news' } },
  ],
  ignored: {
    messages: [
      ...Object.keys(ignoredTypes).map((type) => ({ type })),
      ...Object.keys(ignoredSystem).map((subtype) => ({ type: 'system', subtype })),
    ],
    reasons: [...Object.values(ignoredTypes), ...Object.values(ignoredSystem)],
  },
  request: (value) => `{"type":"control_request","request_id":"q","request":${value}}`,
  unknownRequests: [{ type: 'control_request', request_id: 'q', request: { subtype: 'news' } }],
  endless: {
    rounds: 600,
    round: (n) => {
      const input = { file_path: 'f', content: big.slice(0, (n % 3) * 4000), big };
      const call = { type: 'tool_use', id: `call-${n}`, name: 'Write', input };
      const asked = { subtype: 'can_use_tool', tool_name: 'Bash', tool_use_id: `call-${n}` };
      const request = { ...asked, input: { command: big.slice(0, 9000) } };
      const response = { subtype: 'success', request_id: `prompt:run:${n}` };
      return [
        { type: 'assistant', message: { id: 'm', content: [call] } },
        { type: 'control_request', request_id: `q-${n}`, request },
        { type: 'control_response', response },
      ];
    },
  },
  long: (text) => {
    const models = Object.fromEntries(
      Array.from({ length: 1000 }, (_, n) => [`${text.slice(0, 500)}${n}`, { inputTokens: n }]),
    );
    return [
      running,
      { type: 'system', subtype: 'init', model: text, permissionMode: text },
      { type: 'system', subtype: 'session_title_changed', title: text },
      ...streamed(text, text, text),
      stop,
      ...streamed('m2', text),
      { type: 'result', subtype: 'success', model_usage_since_last_result: models },
      whole(text),
    ];
  },
};
