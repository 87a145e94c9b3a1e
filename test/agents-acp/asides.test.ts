import { describe, expect, test } from 'vitest';
import { driverOf, opened, update } from './conversation.ts';
import { decodeWith, linesOfMessages, specOf } from '../agents-contract/wire.ts';

const quirks = {
  prelude: ['adapter', 'startup'],
  asides: ['adapter', 'notify'],
  ownWords: /Retrying\.\.\./,
};
const { say } = opened(quirks);

const chunk = (text: string, meta?: object): object =>
  update({
    sessionUpdate: 'agent_message_chunk',
    content: { type: 'text', text },
    ...(meta === undefined ? {} : { _meta: meta }),
  });
const told = (value: unknown): object =>
  chunk(`turnkeep:${JSON.stringify(value)}`, { adapter: { notify: { level: 'info' } } });
const end = { jsonrpc: '2.0', id: 'run-1', result: { stopReason: 'end_turn' } };

const ended = (...messages: readonly object[]): unknown =>
  say(...messages, end).events.find(({ type }) => type === 'turn_ended');

describe('what a part of ours within the agent tells', () => {
  test('is the usage of each answer of the model', () => {
    const usage = { input: 10, output: 4, cacheRead: 3, cacheWrite: 0, thought: 1, cost: 0.5 };
    const { events } = say(told({ model: 'm', usage }), told({ model: 'm', usage }), end);
    const reports = events.flatMap((event) => (event.type === 'usage' ? [event.report] : []));
    expect(reports).toMatchObject([
      { model: 'm', tokens: { input: 10, output: 4, cacheRead: 3, thought: 1 } },
      { cost: { amount: 0.5, currency: 'USD' } },
    ]);
    expect(new Set(reports.map(({ key }) => key)).size).toBe(2);
    expect(events.filter(({ type }) => type === 'text')).toEqual([]);
  });

  test('R3: is a failure, unless the agent then gets over it', () => {
    const failure = told({ failure: 'HTTP 429 too many' });
    expect(ended(failure)).toMatchObject({
      outcome: 'failed',
      error: { category: 'limit', status: 429, message: 'HTTP 429 too many' },
    });
    expect(ended(failure, chunk('Retrying...'))).toMatchObject({ outcome: 'failed' });
    expect(ended(failure, chunk('Retrying...'), chunk('well'))).toMatchObject({
      outcome: 'completed',
    });
  });

  test('that is none of it is a notice', () => {
    const meta = { adapter: { notify: { level: 'info' } } };
    const { events } = say(chunk('something else', meta), chunk('turnkeep:{', meta));
    expect(events).toMatchObject([
      { type: 'notice', text: 'something else' },
      { type: 'notice', text: 'turnkeep:{' },
    ]);
  });

  test('is believed only where it comes by the agent’s own way, and only of agents that have one', () => {
    const text = 'turnkeep:{"failure":"no"}';
    expect(say(chunk(text)).events).toMatchObject([{ type: 'text', delta: text }]);
    const other = opened().say(told({ failure: 'no' })).events;
    expect(other).toMatchObject([{ type: 'text' }]);
  });

  test('A1: is the call that a question is about', () => {
    const options = [{ optionId: 'yes', name: 'Yes', kind: 'allow_once' }];
    const call = {
      toolCallId: 'c1',
      name: 'bash',
      title: 'rm x',
      kind: 'execute',
      rawInput: { command: 'rm x' },
    };
    const ask = (title: string): object => ({
      jsonrpc: '2.0',
      id: 7,
      method: 'session/request_permission',
      params: {
        sessionId: 's-1',
        options,
        toolCall: {
          toolCallId: 'ui-1',
          title,
          kind: 'other',
          rawInput: { method: 'confirm', title, message: JSON.stringify(call) },
        },
      },
    });
    const asked = (title: string) => say(ask(title)).events.find(({ type }) => type === 'approval');
    expect(asked('turnkeep:')).toMatchObject({
      title: 'rm x',
      toolCall: { call: 'c1', kind: 'execute' },
      wants: { tool: 'bash', command: 'rm x' },
    });
    // The question of another extension is about what it says, and no policy answers it.
    const others = asked('May I?');
    expect(others).toMatchObject({ toolCall: { call: 'ui-1', kind: 'other' } });
    expect(others).not.toHaveProperty('wants');
  });
});

test('words of the program are notices where they are all of a chunk, and text where the model says them', () => {
  expect(say(chunk('Retrying...')).events).toMatchObject([{ type: 'notice' }]);
  expect(say(chunk('Retrying... it said')).events).toMatchObject([{ type: 'text' }]);
});

test('what an agent says once when it is opened is left out once', () => {
  const driver = driverOf(quirks);
  const hello = 'adapter v1';
  const messages = [
    { jsonrpc: '2.0', id: 'init', result: { protocolVersion: 1 } },
    {
      jsonrpc: '2.0',
      id: 'open',
      result: { sessionId: 's-1', _meta: { adapter: { startup: hello } } },
    },
    chunk(hello),
    chunk(hello),
  ];
  const { events } = decodeWith(driver, linesOfMessages(messages), driver.initial(specOf()));
  expect(events.map((of) => of.map(({ type }) => type))).toEqual([
    ['send'],
    ['opened'],
    [],
    ['text'],
  ]);
});

test('A4: a command that is only in the title of its call is one for the policy, too', () => {
  const titled = opened({ titledCommands: /^shell__/ });
  const ask = (toolCallId: string, kind: string): object => ({
    jsonrpc: '2.0',
    id: 7,
    method: 'session/request_permission',
    params: {
      sessionId: 's-1',
      options: [{ optionId: 'yes', name: 'Yes', kind: 'allow_once' }],
      toolCall: { toolCallId, title: 'rm x', kind, status: 'pending' },
    },
  });
  const wants = (id: string, kind: string): unknown => {
    const { events } = titled.say(ask(id, kind));
    const approval = events.find(({ type }) => type === 'approval');
    return approval?.type === 'approval' ? approval.wants : null;
  };
  expect(wants('shell__1', 'execute')).toMatchObject({ kind: 'execute', command: 'rm x' });
  expect(wants('other__1', 'execute')).toBeUndefined();
  expect(wants('shell__1', 'edit')).toBeUndefined();
});
