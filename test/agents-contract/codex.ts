import fc from 'fast-check';
import {
  ignoredItems,
  ignoredNotifications,
  refusedRequests,
} from '../../src/agents/codex/ignored.ts';
import {
  command,
  delta,
  driver,
  item,
  names,
  note,
  opened,
  specOf,
  specOfFixture,
  started,
} from '../agents-codex/conversation.ts';
import type { WireDriver } from './wire-driver.ts';

const open = opened();
const { state: busy } = open.say(started, delta('m', 'abc'), item('started', command('c')));

const methods = [
  'configWarning',
  'error',
  'item/agentMessage/delta',
  'item/commandExecution/outputDelta',
  'item/commandExecution/requestApproval',
  'item/completed',
  'item/fileChange/requestApproval',
  'item/permissions/requestApproval',
  'item/reasoning/summaryTextDelta',
  'item/started',
  'item/tool/requestUserInput',
  'mcpServer/elicitation/request',
  'mcpServer/startupStatus/updated',
  'serverRequest/resolved',
  'thread/name/updated',
  'thread/settings/updated',
  'thread/tokenUsage/updated',
  'turn/completed',
  'turn/plan/updated',
  'turn/started',
  'constructor',
  'no/such/method',
];
const ids = [
  'initialize',
  'skills',
  'thread',
  'prompt:r:p',
  'steer:r:p',
  'running:turn-1',
  'set:mode:x',
];
const keys = [
  'item',
  'itemId',
  'type',
  'id',
  'turn',
  'turnId',
  'status',
  'error',
  'message',
  'codexErrorInfo',
  'command',
  'changes',
  'diff',
  'kind',
  'path',
  'delta',
  'plan',
  'questions',
  '_meta',
  'permissions',
  'tokenUsage',
  'total',
  'threadSettings',
  'requestId',
  'data',
  'thread',
  '__proto__',
];
const words = [
  'agentMessage',
  'commandExecution',
  'fileChange',
  'reasoning',
  'turn-1',
  'completed',
  'c',
];
// Shallow: how deep a line may be is a test of its own, and deep values take long to make.
const json = fc.jsonValue({ maxDepth: 2 });
const member = fc.dictionary(fc.constantFrom(...keys), fc.oneof(json, fc.constantFrom(...words)), {
  maxKeys: 6,
});
const value = fc.oneof(json, fc.constantFrom(...words), fc.array(member, { maxLength: 3 }), member);
const params = fc.dictionary(fc.constantFrom(...keys), value, { maxKeys: 8 });
const almost = fc.oneof(
  fc.record({ method: fc.constantFrom(...methods), params }),
  fc.record({ id: fc.nat(), method: fc.constantFrom(...methods), params }),
  fc.record({ id: fc.constantFrom(...ids), result: params }),
  fc.record({ id: fc.constantFrom(...ids), error: params }),
);

const big = 'y'.repeat(20_000);

export const codexWire: WireDriver = {
  agents: {
    codex: {
      text: 'text',
      allowed: 'commands',
      denied: 'denied',
      failed: 'errors',
      aborted: 'interrupted',
    },
  },
  folder: 'codex',
  fixtures: names.map((name) => ({ name, driver, spec: specOfFixture(name) })),
  driver,
  open,
  states: [driver.initial(specOf()), open.state, busy],
  almost,
  foreign: fc.dictionary(fc.string(), fc.jsonValue()).filter(({ method }) => method === undefined),
  strange: [
    note('news'),
    item('started', { type: 'news', id: 'x' }),
    item('started', { type: 'commandExecution', id: '' }),
    note('turn/started', { turn: {} }),
    note('thread/tokenUsage/updated', {}),
    { id: 'news', result: {} },
    { id: 7, result: {} },
    { news: true },
  ],
  ignored: {
    messages: [
      ...Object.keys(ignoredNotifications).map((method) => note(method)),
      ...Object.keys(ignoredItems).map((type) => item('completed', { type, id: 'x' })),
    ],
    reasons: [ignoredNotifications, ignoredItems, refusedRequests].flatMap((list) =>
      Object.values(list),
    ),
  },
  request: (value) => `{"id":4,"method":"item/fileChange/requestApproval","params":${value}}`,
  unknownRequests: [{ id: 5, method: 'news', params: {} }],
  endless: {
    rounds: 600,
    round: (n) => {
      const change = { path: `/p/${n}`, kind: { type: 'add' }, diff: big.slice(0, (n % 4) * 3000) };
      const changed = { type: 'fileChange', id: `f${n}`, changes: [change], status: 'inProgress' };
      const permissions = { fileSystem: { entries: [big.slice(0, 9000)] } };
      const params = { itemId: `p${n}`, permissions };
      return [
        item('started', command(`c${n}`, { command: big.slice(0, (n % 3) * 4000) })),
        note('item/commandExecution/outputDelta', { itemId: `c${n}`, delta: big }),
        item('started', changed),
        { id: n, method: 'item/permissions/requestApproval', params },
        { id: `steer:run:${big.slice(0, 64)}${n}`, result: {} },
        note('warning', { message: `${n} ${big}` }),
      ];
    },
  },
  long: (text) => [
    started,
    ...Array.from({ length: 100 }, (_, n) => delta(`m${n}`, text)),
    note('thread/name/updated', { threadName: text }),
    note('turn/started', { turn: { id: text } }),
    note('thread/settings/updated', { threadSettings: { model: text, effort: text } }),
  ],
};
