import { describe, expect, test } from 'vitest';
import { builtInAgents, customAcpAgent } from '../../src/agents/agents.ts';
import type { OpenSpec } from '../../src/ports/agent.ts';
import { driverOf, opened, update } from './conversation.ts';
import { decodeWith, linesOfMessages, specOf } from '../agents-contract/wire.ts';

/** The events of an opening that gets these answers. */
function opening(answers: readonly object[], spec: Partial<OpenSpec> = {}) {
  const driver = driverOf();
  const messages = answers.map((answer) => ({ jsonrpc: '2.0', ...answer }));
  return decodeWith(driver, linesOfMessages(messages), driver.initial(specOf(spec))).events.flat();
}

const initialized = { id: 'init', result: { protocolVersion: 1, agentCapabilities: {} } };

describe('opening', () => {
  test('begins with what this client offers', () => {
    const lines = driverOf().open(specOf());
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      {
        id: 'init',
        method: 'initialize',
        params: {
          protocolVersion: 1,
          clientCapabilities: {
            terminal: false,
            elicitation: { form: {}, url: {} },
            _meta: {
              jetbrains: { air: { version: 1, capabilities: ['sessionFailure'] } },
              terminal_output_delta: true,
            },
          },
        },
      },
    ]);
  });

  test('R10: a session that could not be resumed reports no native id', () => {
    const capable = { loadSession: true, sessionCapabilities: { resume: {} } };
    const events = opening(
      [
        { id: 'init', result: { protocolVersion: 1, agentCapabilities: capable } },
        { id: 'open', error: { code: -32002, message: 'Resource not found: old' } },
      ],
      { nativeId: 'old' },
    );
    expect(events).toMatchObject([
      { type: 'send', line: expect.stringContaining('session/resume') as string },
      { type: 'open_failed', error: { category: 'launch', message: 'Resource not found: old' } },
    ]);
  });

  test('R10: an agent that can neither resume nor load opens no new session instead', () => {
    expect(opening([initialized], { nativeId: 'old' })).toMatchObject([
      { type: 'open_failed', error: { category: 'launch' } },
    ]);
  });

  test('R3: an agent that wants a login fails the opening as auth', () => {
    const error = { code: -32000, message: 'Authentication required' };
    expect(opening([initialized, { id: 'open', error }])[1]).toMatchObject({
      type: 'open_failed',
      error: { category: 'auth' },
    });
  });

  test('an agent of another protocol version and a session without an id are refused', () => {
    expect(opening([{ id: 'init', result: { protocolVersion: 2 } }])).toMatchObject([
      { type: 'open_failed', error: { category: 'protocol' } },
    ]);
    expect(opening([initialized, { id: 'open', result: {} }])[1]).toMatchObject({
      type: 'open_failed',
      error: { category: 'protocol' },
    });
  });

  test('a wish goes out before the session counts as open, by the option where there is one', () => {
    const options = [{ id: 'm', category: 'model', type: 'select', currentValue: 'a' }];
    const result = { sessionId: 's-1', configOptions: options };
    const events = opening([initialized, { id: 'open', result }], { model: 'b', mode: 'plan' });
    expect(events.slice(1)).toMatchObject([
      { type: 'notice', code: 'mode-not-set' },
      { type: 'send', line: expect.stringContaining('"configId":"m","value":"b"') as string },
      { type: 'opened', settings: { modelInForce: { id: 'a' } } },
    ]);
  });
});

describe('turns', () => {
  test('R3: a refused, cut off or unexplained turn is never completed', () => {
    for (const stopReason of ['refusal', 'max_tokens', 'max_turn_requests', 'whatever', null]) {
      const { events } = opened().say({ jsonrpc: '2.0', id: 'r', result: { stopReason } });
      expect(events.at(-1)).toMatchObject({ type: 'turn_ended', run: 'r', outcome: 'failed' });
    }
  });

  test('R3: an answer to a request that is not ours ends no turn', () => {
    const { events } = opened().say({ jsonrpc: '2.0', id: 5, result: { stopReason: 'end_turn' } });
    expect(events).toMatchObject([{ type: 'unrecognized' }]);
  });

  test('R3: a message that only begins like an error is an answer', () => {
    const quirks = { failureText: /API Error: \d+[^\n]*/ };
    const chunk = (text: string) =>
      update({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text } });
    const end = { jsonrpc: '2.0', id: 'r', result: { stopReason: 'end_turn' } };
    const outcome = (text: string) => opened(quirks).say(chunk(text), end).events.at(-1);
    expect(outcome('API Error: 401 no')).toMatchObject({
      error: { category: 'auth', status: 401 },
    });
    expect(outcome('API Error: 401 no\nmeans a login')).toMatchObject({ outcome: 'completed' });
  });

  test('the tokens of a session so far are charged to the turn that added them', () => {
    const usage = (inputTokens: number) => ({ stopReason: 'end_turn', usage: { inputTokens } });
    const { events } = opened({ tokens: 'session' }).say(
      { jsonrpc: '2.0', id: 'r1', result: usage(10) },
      { jsonrpc: '2.0', id: 'r2', result: usage(25) },
    );
    const reports = events.flatMap((event) => (event.type === 'usage' ? [event.report] : []));
    expect(reports.map(({ key, tokens }) => [key, tokens.input])).toEqual([
      ['r1', 10],
      ['r2', 15],
    ]);
  });
});

describe('commands', () => {
  const { driver, state, say } = opened();
  const encode = (command: Parameters<typeof driver.encode>[1], at = state) =>
    driver.encode(at, command).map((line) => JSON.parse(line) as unknown);

  test('a prompt has its run as id', () => {
    const command = {
      type: 'prompt',
      run: 'run-1',
      prompt: 'p',
      content: [
        { type: 'text', text: 'all of it', blob: { digest: '0'.repeat(64), size: 9 } },
        { type: 'image', mimeType: 'image/png', data: 'AAAA' },
      ],
    } as const;
    const prompt = [
      { type: 'text', text: 'all of it' },
      { type: 'image', mimeType: 'image/png', data: 'AAAA' },
    ];
    expect(encode(command)).toEqual([
      {
        jsonrpc: '2.0',
        id: 'run-1',
        method: 'session/prompt',
        params: { sessionId: 's-1', prompt },
      },
    ]);
  });

  test('a cancel is a notification', () => {
    expect(encode({ type: 'cancel', run: 'run-1' })).toEqual([
      { jsonrpc: '2.0', method: 'session/cancel', params: { sessionId: 's-1' } },
    ]);
  });

  test('a decision goes to the request that it answers, with the option of the agent’s own', () => {
    expect([
      ...encode({ type: 'answer_approval', request: 0, option: 'yes' }),
      ...encode({ type: 'answer_approval', request: 'q', option: null }),
    ]).toEqual([
      { jsonrpc: '2.0', id: 0, result: { outcome: { outcome: 'selected', optionId: 'yes' } } },
      { jsonrpc: '2.0', id: 'q', result: { outcome: { outcome: 'cancelled' } } },
    ]);
  });

  test('A1: what the protocol has no place for goes to agents that know of it beside the option', () => {
    const answer = { type: 'answer_approval', request: 1 } as const;
    expect([
      ...encode({ ...answer, option: 'no', message: 'Not here.' }),
      ...encode({ ...answer, option: 'yes', input: { command: 'pwd' } }),
    ]).toMatchObject([
      { result: { outcome: { optionId: 'no' }, _meta: { turnkeep: { message: 'Not here.' } } } },
      {
        result: {
          outcome: { optionId: 'yes' },
          _meta: { turnkeep: { input: { command: 'pwd' } } },
        },
      },
    ]);
    expect(JSON.stringify(encode({ ...answer, option: 'yes' }))).not.toContain('_meta');
  });

  test('typed texts become what the fields of a form take', () => {
    const type = (name: string) => ({ type: name });
    const properties = {
      name: type('string'),
      age: type('integer'),
      size: type('number'),
      awake: type('boolean'),
      fruits: type('array'),
    };
    const params = { message: 'Who?', requestedSchema: { properties } };
    const asked = say({ jsonrpc: '2.0', id: 9, method: 'elicitation/create', params }).state;
    const answer = { type: 'answer_question', request: 9, outcome: 'answered' } as const;
    const told = { name: '5', age: ' 36 ', size: 'big', awake: 'No', fruits: 'fig', more: '1' };
    expect(encode({ ...answer, content: told }, asked)).toMatchObject([
      {
        result: {
          content: { name: '5', age: 36, size: 'big', awake: false, fruits: ['fig'], more: '1' },
        },
      },
    ]);
    const right = { age: 36, awake: true, fruits: ['a', 'b'] };
    expect(encode({ ...answer, content: right }, asked)).toMatchObject([
      { result: { content: right } },
    ]);
  });

  test('a page to open is a question without fields; other addresses are refused', () => {
    const elicit = (url: string) =>
      say({
        jsonrpc: '2.0',
        id: 9,
        method: 'elicitation/create',
        params: { mode: 'url', message: 'Log in', url, elicitationId: 'e' },
      });
    const page = elicit('https://example.org/in');
    expect(page.events).toMatchObject([
      {
        type: 'question',
        message: 'Log in\nhttps://example.org/in',
        schema: { type: 'object', properties: {}, url: 'https://example.org/in' },
      },
    ]);
    const answer = { type: 'answer_question', request: 9, outcome: 'answered' } as const;
    expect(encode({ ...answer, content: 'done' }, page.state)).toEqual([
      { jsonrpc: '2.0', id: 9, result: { action: 'accept' } },
    ]);
    for (const url of [
      'javascript:alert(1)',
      'file:///etc/passwd',
      'https://a b',
      'https://',
      '',
    ]) {
      expect([url, elicit(url).events.map(({ type }) => type)]).toEqual([
        url,
        ['unrecognized', 'send'],
      ]);
    }
  });

  test('A3: a question that the agent takes back is withdrawn, and its request answered', () => {
    const params = { message: 'm', requestedSchema: {} };
    const { events } = say(
      { jsonrpc: '2.0', id: 9, method: 'elicitation/create', params },
      { jsonrpc: '2.0', method: '$/cancel_request', params: { requestId: 9 } },
    );
    expect(events).toMatchObject([
      { type: 'question' },
      { type: 'request_withdrawn', request: 9 },
      { type: 'send', line: expect.stringContaining('-32800') as string },
    ]);
  });

  test('a bare answer fills the field that the form asks for', () => {
    const requestedSchema = { properties: { why: {}, colour: {} }, required: ['colour'] };
    const params = { mode: 'form', message: 'Which?', requestedSchema };
    const asked = say({ jsonrpc: '2.0', id: 9, method: 'elicitation/create', params }).state;
    const answer = { type: 'answer_question', request: 9 } as const;
    expect([
      ...encode({ ...answer, outcome: 'answered', content: 'blue' }, asked),
      ...encode({ ...answer, outcome: 'answered', content: { why: 'so' } }, asked),
      ...encode({ ...answer, outcome: 'declined' }, asked),
      ...encode({ ...answer, outcome: 'withdrawn' }, asked),
    ]).toMatchObject([
      { id: 9, result: { action: 'accept', content: { colour: 'blue' } } },
      { id: 9, result: { action: 'accept', content: { why: 'so' } } },
      { result: { action: 'decline' } },
      { result: { action: 'cancel' } },
    ]);
  });
});

describe('agents', () => {
  test('the scripted agent is built in', () => {
    const scripted = { node: '/bin/node', program: '/lib/main.js', store: '/var/store' };
    const [agent, ...others] = builtInAgents({ scripted });
    expect(others).toEqual([]);
    expect(agent?.profile).toMatchObject({ name: 'scripted', steer: false, install: 'built in' });
    expect(agent?.program(specOf())).toEqual({
      program: '/bin/node',
      args: ['/lib/main.js', '--store', '/var/store'],
      env: {},
    });
  });

  test('any program that speaks the protocol can be an agent', () => {
    const custom = { name: 'mine', command: 'mine', args: ['--acp'], env: { A: '1' } };
    const agent = customAcpAgent(custom);
    expect(agent.profile.name).toBe('mine');
    expect(agent.program(specOf())).toEqual({ program: 'mine', args: ['--acp'], env: { A: '1' } });
  });
});
