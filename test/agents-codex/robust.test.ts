import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ignoredItems,
  ignoredNotifications,
  refusedRequests,
} from '../../src/agents/codex/ignored.ts';
import { limits } from '../../src/domain/limits.ts';
import type { DecoderState, SpoolLine } from '../../src/ports/agent.ts';
import { command, delta, driver, item, note, opened, specOf, started } from './conversation.ts';

const { state: open, say } = opened();
const busy = say(started, delta('m', 'abc'), item('started', command('c'))).state;
const states: readonly DecoderState[] = [driver.initial(specOf()), open, busy];

function lineOf(text: string): SpoolLine {
  return { id: 'host-0', text, from: 0, to: text.length };
}

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
const anyMessage = fc.oneof(
  fc.record({ method: fc.constantFrom(...methods), params }),
  fc.record({ id: fc.nat(), method: fc.constantFrom(...methods), params }),
  fc.record({ id: fc.constantFrom(...ids), result: params }),
  fc.record({ id: fc.constantFrom(...ids), error: params }),
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
      { numRuns: 3000 },
    );
  });

  test('L8: unknown words within what is known are kept with their raw line', () => {
    const strange: readonly object[] = [
      note('news'),
      item('started', { type: 'news', id: 'x' }),
      item('started', { type: 'commandExecution', id: '' }),
      note('turn/started', { turn: {} }),
      note('thread/tokenUsage/updated', {}),
      { id: 'news', result: {} },
      { id: 7, result: {} },
      { news: true },
    ];
    for (const message of strange) {
      const raw = JSON.stringify(message);
      expect(say(message).events).toMatchObject([{ type: 'unrecognized', raw }]);
    }
  });

  test('L8: only what is listed with a reason is ignored', () => {
    for (const method of Object.keys(ignoredNotifications))
      expect(say(note(method)).events).toEqual([]);
    for (const type of Object.keys(ignoredItems)) {
      expect(say(item('completed', { type, id: 'x' })).events).toEqual([]);
    }
    const reasons = [ignoredNotifications, ignoredItems, refusedRequests].flatMap((list) =>
      Object.values(list),
    );
    expect(reasons.every((reason) => reason.length > 8)).toBe(true);
  });

  test('L8: a request that is not understood is answered, however deep it is', () => {
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
    const text = `{"id":4,"method":"item/fileChange/requestApproval","params":${deep}}`;
    const { events } = driver.decode(open, lineOf(text));
    expect(events.map((event) => event.type)).toEqual(['unrecognized', 'send']);
    const unknown = { id: 5, method: 'news', params: {} };
    expect(say(unknown).events.map((event) => event.type)).toEqual(['unrecognized', 'send']);
    for (const method of Object.keys(refusedRequests)) {
      expect(say({ id: 6, method, params: {} }).events).toMatchObject([
        { type: 'send', line: expect.stringContaining('-32601') as string },
      ]);
    }
  });

  test('what a thread of a sub-agent says is not of this one, but what it asks is asked', () => {
    const other = { threadId: 'other', itemId: 'm', delta: 'x' };
    expect(say({ method: 'item/agentMessage/delta', params: other }).events).toEqual([]);
    const question = { command: 'ls', threadId: 'other', itemId: 'c9' };
    const asked = { id: 0, method: 'item/commandExecution/requestApproval', params: question };
    expect(say(asked).events).toMatchObject([{ type: 'approval' }]);
  });
});

describe('bounds', () => {
  const big = 'y'.repeat(20_000);

  test('of an unrecognized line only the first bytes are kept', () => {
    const [event] = driver.decode(open, lineOf('x'.repeat(3_000_000))).events;
    expect(event?.type === 'unrecognized' && event.raw.length).toBe(limits.unrecognizedBytes);
  });

  test('the state stays small under calls, questions, output and prompts without end', () => {
    let state = busy;
    let largest = 0;
    const take = (message: object): void => {
      state = driver.decode(state, lineOf(JSON.stringify(message))).state;
    };
    for (let n = 0; n < 600; n += 1) {
      take(item('started', command(`c${n}`, { command: big.slice(0, (n % 3) * 4000) })));
      take(note('item/commandExecution/outputDelta', { itemId: `c${n}`, delta: big }));
      const changes = [
        { path: `/p/${n}`, kind: { type: 'add' }, diff: big.slice(0, (n % 4) * 3000) },
      ];
      take(item('started', { type: 'fileChange', id: `f${n}`, changes, status: 'inProgress' }));
      const permissions = { fileSystem: { entries: [big.slice(0, 9000)] } };
      take({
        id: n,
        method: 'item/permissions/requestApproval',
        params: { itemId: `p${n}`, permissions },
      });
      take({ id: `steer:run:${big.slice(0, 64)}${n}`, result: {} });
      take(note('warning', { message: `${n} ${big}` }));
      if (n % 50 === 49) largest = Math.max(largest, JSON.stringify(state).length);
    }
    expect(largest).toBeLessThan(512 * 1024);
    const { calls } = state as unknown as { calls: readonly unknown[] };
    expect(calls.length).toBe(limits.openToolCalls);
  });

  test('the state stays small under texts, names and settings without end', () => {
    const long = 'z'.repeat(100_000);
    const messages = Array.from({ length: 100 }, (_, n) => delta(`m${n}`, long));
    const { state } = say(
      started,
      ...messages,
      note('thread/name/updated', { threadName: long }),
      note('turn/started', { turn: { id: long } }),
      note('thread/settings/updated', { threadSettings: { model: long, effort: long } }),
    );
    expect(JSON.stringify(state).length).toBeLessThan(64 * 1024);
  });

  test('a text too long to be compared stays incomplete when it breaks off', () => {
    const retry = note('error', { willRetry: true, error: { message: 'x' } });
    const { events } = say(delta('m', 'z'.repeat(100_000)), retry, delta('m2', 'z'));
    expect(events.filter((event) => event.type === 'text_end')).toMatchObject([
      { incomplete: true },
    ]);
  });

  test('live output is the end of what was printed', () => {
    const { events } = say(
      started,
      item('started', command('c')),
      note('item/commandExecution/outputDelta', { itemId: 'c', delta: `${'a'.repeat(100_000)}b` }),
    );
    const output =
      events.at(-1)?.type === 'tool_output' ? (events.at(-1) as { text: string }).text : '';
    expect(output.length).toBeLessThanOrEqual(limits.outputChars);
    expect(output.endsWith('ab')).toBe(true);
  });

  test('the same warning is told once', () => {
    const warning = note('warning', { message: 'Model metadata not found.' });
    expect(say(warning, warning).events).toHaveLength(1);
  });
});
