import fc from 'fast-check';
import {
  ignoredNotifications,
  ignoredUpdates,
  refusedRequests,
} from '../../src/agents/acp/ignored.ts';
import { conversations, driverOf, opened, update } from '../agents-acp/conversation.ts';
import type { Scenes, WireDriver } from './wire-driver.ts';
import { specOf } from './wire.ts';

const { driver, ...open } = opened();

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
// Shallow: how deep a line may be is a test of its own, and deep values take long to make.
const json = fc.jsonValue({ maxDepth: 2 });
const anyUpdate = fc
  .record({
    sessionUpdate: fc.constantFrom(...kinds),
    more: fc.dictionary(fc.constantFrom(...keys), json),
  })
  .map(({ sessionUpdate, more }) => ({ ...more, sessionUpdate }));
const almost = fc.record(
  {
    jsonrpc: fc.constantFrom('2.0', '1.0'),
    id: fc.oneof(fc.constantFrom('init', 'open', 'mode', 'run-1', '', 3, null), json),
    method: fc.constantFrom(...methods),
    params: fc.oneof(
      json,
      fc.record({ update: anyUpdate }),
      fc.record({
        toolCall: fc.dictionary(fc.constantFrom(...keys), json),
        options: fc.array(json),
      }),
    ),
    result: json,
    error: json,
  },
  { requiredKeys: [] },
);

const { state: busy } = open.say(
  update({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: 'abc' } }),
);

/** One conversation in which there is everything. */
function all(name: string): Scenes {
  return { text: name, allowed: name, denied: name, failed: name, aborted: name };
}

export const acpWire: WireDriver = {
  agents: {
    scripted: {
      text: 'conversation',
      allowed: 'asking',
      denied: 'asking',
      failed: 'conversation',
      aborted: 'conversation',
    },
    gemini: all('gemini'),
    opencode: all('opencode'),
    pi: all('pi'),
  },
  folder: 'acp',
  fixtures: conversations.map(({ name, spec, quirks, odd }) => ({
    name,
    driver: driverOf(quirks),
    spec: specOf(spec),
    ...(odd === true ? { odd } : {}),
  })),
  driver,
  open,
  states: [driver.initial(specOf()), open.state, busy],
  almost,
  foreign: fc.dictionary(fc.string(), fc.jsonValue()),
  strange: [
    update({ sessionUpdate: 'news', news: 1 }),
    update({ sessionUpdate: 'constructor' }),
    update({ sessionUpdate: 'agent_message_chunk', content: { type: 'news' } }),
    { jsonrpc: '2.0', method: 'news' },
    { jsonrpc: '2.0', id: 7, result: {} },
    { jsonrpc: '1.0', method: 'session/update' },
    [{ jsonrpc: '2.0', method: 'session/update' }],
  ],
  ignored: {
    messages: [
      ...Object.keys(ignoredUpdates).map((sessionUpdate) => update({ sessionUpdate })),
      ...Object.keys(ignoredNotifications).map((method) => ({ jsonrpc: '2.0', method })),
    ],
    reasons: [ignoredUpdates, ignoredNotifications, refusedRequests].flatMap((list) =>
      Object.values(list),
    ),
  },
  request: (value) =>
    `{"jsonrpc":"2.0","id":1,"method":"session/request_permission","params":${value}}`,
  unknownRequests: [
    { jsonrpc: '2.0', id: 4, method: 'news', params: {} },
    { jsonrpc: '2.0', id: 5, method: 'session/request_permission', params: { options: [] } },
  ],
  endless: {
    rounds: 3000,
    round: (n) => {
      const big = 'y'.repeat(6000);
      const schema = { properties: { [`${big.slice(0, 2000)}${n}`]: {} } };
      const params = { message: 'm', requestedSchema: schema };
      const call = update({
        sessionUpdate: 'tool_call',
        toolCallId: `call-${n}`,
        title: big,
        status: 'in_progress',
        rawInput: { big },
        content: [{ type: 'content', content: { type: 'text', text: big.repeat(n % 4) } }],
      });
      const question = { jsonrpc: '2.0', id: n, method: 'elicitation/create', params };
      return n % 10 === 0 ? [call, question] : [call];
    },
  },
  long: (text) => [
    update({ sessionUpdate: 'tool_call', toolCallId: 'c', title: text, status: 'in_progress' }),
    update({
      sessionUpdate: 'tool_call_update',
      toolCallId: 'c',
      _meta: { terminal_output_delta: { data: text } },
    }),
    update({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text } }),
    update({ sessionUpdate: 'session_info_update', title: text }),
    { jsonrpc: '2.0', id: 'x', result: { stopReason: text } },
  ],
};
