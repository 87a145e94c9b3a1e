import { expect, test } from 'vitest';
import { customAcpAgent } from '../../src/agents/agents.ts';
import type { AcpQuirks } from '../../src/agents/acp/quirks.ts';
import type { AgentEvent } from '../../src/domain/agent-event.ts';
import { lineId, type OpenSpec } from '../../src/ports/agent.ts';

const spec = {
  session: 's',
  host: 'h',
  cwd: '/w',
  nativeId: null,
  forkOf: null,
  forkAt: null,
  model: null,
  mode: null,
  effort: null,
  mcpServers: [],
  additionalDirs: [],
} as unknown as OpenSpec;

const usage = { inputTokens: 110, outputTokens: 20, cachedReadTokens: 7, totalTokens: 130 };
const chunk = (text: string, _meta: object): object => ({
  method: 'session/update',
  params: {
    sessionId: 'n',
    update: { sessionUpdate: 'agent_message_chunk', content: { type: 'text', text }, _meta },
  },
});

/** What an agent with these quirks makes of a turn that tells the usage with its chunks. */
function turn(quirks: AcpQuirks): AgentEvent[] {
  const agent = customAcpAgent({ name: 'own', command: 'own', args: [], env: {}, quirks });
  let state = agent.initial(spec);
  const events: AgentEvent[] = [];
  const lines = [
    { id: 'init', result: { protocolVersion: 1, agentCapabilities: {} } },
    { id: 'open', result: { sessionId: 'n' } },
    chunk('one', {}),
    chunk('', { usage }),
    chunk('two', { usage: { inputTokens: 5, outputTokens: 'many', cachedReadTokens: 9 } }),
    { id: 'r', result: { stopReason: 'end_turn' } },
  ];
  for (const [at, line] of lines.entries()) {
    const text = JSON.stringify({ jsonrpc: '2.0', ...line });
    const step = agent.decode(state, { id: lineId('h', at), text, from: at, to: at + 1 });
    ({ state } = step);
    events.push(...step.events);
  }
  return events;
}

test('U1: usage that an agent tells with its chunks is a report for each request', () => {
  const reports = turn({ tokens: 'request' }).flatMap((event) =>
    event.type === 'usage' ? [event.report] : [],
  );
  expect(reports.map(({ tokens }) => tokens)).toEqual([
    { input: 103, output: 20, cacheRead: 7, cacheWrite: 0, thought: 0 },
    { input: 0, output: 0, cacheRead: 9, cacheWrite: 0, thought: 0 },
  ]);
  expect(new Set(reports.map(({ key }) => key)).size).toBe(2);
});

test('U1: and is nothing where nobody has said so of the agent', () => {
  expect(turn({}).filter(({ type }) => type === 'usage')).toEqual([]);
});
