import { describe, expect, test } from 'vitest';
import { builtInAgents, customAcpAgent } from '../../src/agents/agents.ts';
import type { AgentCommand, AgentEvent } from '../../src/domain/agent-event.ts';
import { agentSettings, type AgentSetting, type McpServer } from '../../src/domain/settings.ts';
import type { AgentDriver, DecoderState, OpenSpec } from '../../src/ports/agent.ts';
import { hostileValues } from '../agents-claude/hostile-values.ts';
import { decodeWith, linesOfMessages, specOf } from '../agents-contract/wire.ts';

type Changes = Extract<AgentCommand, { type: 'set' }>['changes'];
interface Sent {
  id: string;
  method: string;
  params: { [name: string]: unknown };
}

const [scripted] = builtInAgents({
  scripted: { node: '/node', program: '/main.js', store: '/store' },
}) as [AgentDriver];
const custom = customAcpAgent({ name: 'one', command: '/one', args: [], env: {} });

const stdio: McpServer = { type: 'stdio', name: 'tiny', command: '/tiny', args: ['-x'], env: [] };
const far: McpServer = { type: 'http', name: 'far', url: 'https://x.test/', headers: [] };

const capabilities = {
  mcpCapabilities: { http: true, sse: false },
  sessionCapabilities: { resume: {}, additionalDirectories: {} },
};

function select(id: string, category: string, currentValue: string): object {
  const options = [{ value: currentValue, name: currentValue }];
  return { id, category, type: 'select', name: id, currentValue, options };
}

const offered = {
  sessionId: 's-1',
  modes: { currentModeId: 'ask', availableModes: [] },
  configOptions: [select('m', 'model', 'small'), select('t', 'thought_level', 'low')],
};

/** An opening with these answers: what was sent, what was told, and the state after it. */
function opening(
  spec: Partial<OpenSpec>,
  { can = capabilities, result = offered }: { can?: object; result?: object } = {},
): { sent: Sent[]; events: readonly AgentEvent[]; state: DecoderState } {
  const answers = [
    { jsonrpc: '2.0', id: 'init', result: { protocolVersion: 1, agentCapabilities: can } },
    { jsonrpc: '2.0', id: 'open', result },
  ];
  const decoded = decodeWith(scripted, linesOfMessages(answers), scripted.initial(specOf(spec)));
  const events = decoded.events.flat();
  const sent = events.flatMap((event) =>
    event.type === 'send' ? [JSON.parse(event.line) as Sent] : [],
  );
  return { sent, events, state: decoded.states.at(-1)! };
}

const wishes: { readonly [S in AgentSetting]: Partial<OpenSpec> } = {
  model: { model: 'large' },
  mode: { mode: 'auto' },
  effort: { effort: 'high' },
  instructions: { instructions: { append: 'x' } },
  tools: { tools: { deny: ['Bash'] } },
  maxTurns: { maxTurns: 3 },
  mcpServers: { mcpServers: [stdio, far] },
  env: { env: ['FOO'] },
  additionalDirs: { additionalDirs: ['/other'] },
};

describe('at the opening', () => {
  test.each([
    ['scripted', scripted],
    ['custom', custom],
  ])(
    'each setting in the profile of %s changes what the agent is told, no other does',
    (_, agent) => {
      const usual = JSON.stringify(opening({}).sent);
      const changing = agentSettings.filter(
        (name) => JSON.stringify(opening(wishes[name]).sent) !== usual,
      );
      // Variables of the session are put into the environment for every agent.
      expect([...changing, 'env'].toSorted()).toEqual(agent.profile.settings.toSorted());
      expect(agent.profile).toMatchObject({ fork: false, mcpSecrets: false });
      expect('files' in agent).toBe(false);
    },
  );

  test.each([
    ['session/new', null],
    ['session/resume', 'old'],
  ])('%s names servers and directories', (method, nativeId) => {
    const { sent, events } = opening({
      nativeId,
      mcpServers: [stdio, far],
      additionalDirs: ['/other'],
    });
    expect(sent[0]).toMatchObject({
      method,
      params: {
        cwd: '/project',
        additionalDirectories: ['/other'],
        mcpServers: [
          { name: 'tiny', command: '/tiny', args: ['-x'], env: [] },
          { type: 'http', name: 'far', url: 'https://x.test/', headers: [] },
        ],
      },
    });
    expect(events.filter(({ type }) => type === 'notice')).toEqual([]);
  });

  test('what the agent cannot take is left out, and the log says so', () => {
    const spec = {
      ...wishes.model,
      ...wishes.mode,
      ...wishes.effort,
      mcpServers: [stdio, far, { ...far, type: 'sse' as const, name: 'sse' }],
      additionalDirs: ['/other'],
    };
    const { sent, events } = opening(spec, { can: {}, result: { sessionId: 's-1' } });
    expect(sent).toHaveLength(1);
    expect(sent[0]?.params).toEqual({
      cwd: '/project',
      mcpServers: [{ name: 'tiny', command: '/tiny', args: ['-x'], env: [] }],
    });
    expect(events.flatMap((event) => (event.type === 'notice' ? [event.code] : []))).toEqual([
      'mcp-server',
      'mcp-server',
      'directory-not-added',
      'mode-not-set',
      'model-not-set',
      'effort-not-set',
    ]);
  });

  test('an effort that is wished for is never told as another, unless it is refused', () => {
    const told = (events: readonly AgentEvent[]): unknown[] =>
      events.flatMap((event) => {
        if (event.type === 'opened') return [event.settings?.effort];
        return event.type === 'settings' ? [event.changes.effort] : [];
      });
    const { events, state } = opening({ effort: 'high' });
    expect(told(events)).toEqual([undefined]);
    const after = (answer: object): readonly AgentEvent[] => {
      const lines = linesOfMessages([{ jsonrpc: '2.0', id: 'effort', ...answer }]);
      return decodeWith(scripted, lines, state).events.flat();
    };
    expect(told(after({ result: {} }))).toEqual(['high']);
    expect(told(after({ error: { code: -32602, message: 'no' } }))).toEqual(['low']);
    expect(told(opening({}).events)).toEqual(['low']);
  });

  test('S1: names of secrets, should any get here, go to no agent', () => {
    const spec = {
      mcpServers: [
        { ...stdio, env: ['KEY'] },
        { ...far, headers: ['Auth'] },
      ],
    };
    expect(JSON.stringify(opening(spec).sent)).not.toMatch(/KEY|Auth/);
  });
});

describe('while it is open', () => {
  const lines = (changes: Changes, state = opening({}).state): Sent[] =>
    scripted.encode(state, { type: 'set', changes }).map((line) => JSON.parse(line) as Sent);

  const answered = (...answers: readonly object[]): readonly AgentEvent[] => {
    const messages = answers.map((answer) => ({ jsonrpc: '2.0', ...answer }));
    return decodeWith(scripted, linesOfMessages(messages), opening({}).state).events.flat();
  };

  test('each that the profile lists is a request in the way that the agent offered', () => {
    for (const name of agentSettings) {
      const sent = lines(wishes[name] as Changes);
      expect([name, sent.length]).toEqual([name, scripted.profile.live.includes(name) ? 1 : 0]);
    }
    expect(lines({ mode: 'auto', model: 'large', effort: 'high' })).toMatchObject([
      { id: 'set:mode:auto', method: 'session/set_mode', params: { modeId: 'auto' } },
      { method: 'session/set_config_option', params: { configId: 'm', value: 'large' } },
      { method: 'session/set_config_option', params: { configId: 't', value: 'high' } },
    ]);
    const plain = opening({}, { result: { sessionId: 's-1' } }).state;
    expect(lines({ mode: 'auto', model: 'large', effort: 'high' }, plain)).toMatchObject([
      { method: 'session/set_mode' },
      { method: 'session/set_model', params: { modelId: 'large' } },
      { method: 'session/set_config_option', params: { configId: 'effort' } },
    ]);
  });

  test('S3: a value stays in one line, and its answer is understood whatever it is', () => {
    for (const value of hostileValues.filter((each) => each.length < 300)) {
      const [line] = scripted.encode(opening({}).state, { type: 'set', changes: { model: value } });
      expect(line).not.toMatch(/[\n\r]/);
      const { id } = JSON.parse(line!) as Sent;
      const events = answered({ id, result: {} });
      expect(events).toMatchObject([
        { type: 'settings', changes: { modelInForce: { id: value } } },
      ]);
    }
  });

  test('what was taken is reported, also what changed with it', () => {
    const configOptions = [select('m', 'model', 'large'), select('t', 'thought_level', 'none')];
    const events = answered(
      { id: 'set:mode:auto', result: {} },
      { id: 'set:model:large', result: { configOptions } },
    );
    expect(events).toMatchObject([
      { type: 'settings', changes: { mode: 'auto' } },
      { type: 'settings', changes: { modelInForce: { id: 'large' }, effort: 'none' } },
    ]);
  });

  test('a refusal is a notice, and what stays in force is told again', () => {
    const error = { code: -32602, message: 'no such thing' };
    const events = answered(
      { id: 'set:mode:auto', error },
      { id: 'set:model:large', error },
      { id: 'set:effort:high', error },
    );
    expect(events).toMatchObject([
      { code: 'mode-not-set', text: 'The agent refused the mode auto: no such thing' },
      { type: 'settings', changes: { mode: 'ask' } },
      { code: 'model-not-set' },
      { code: 'effort-not-set' },
      { type: 'settings', changes: { effort: 'low' } },
    ]);
  });

  test('an answer to what nobody can have asked is no end of a run', () => {
    expect(answered({ id: 'set:nothing:x', result: { stopReason: 'end_turn' } })).toMatchObject([
      { type: 'unrecognized' },
    ]);
  });
});
