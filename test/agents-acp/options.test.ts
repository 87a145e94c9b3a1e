import { expect, test } from 'vitest';
import { builtInAgents, customAcpAgent } from '../../src/agents/agents.ts';
import type { AgentDriver, OpenSpec } from '../../src/ports/agent.ts';
import { hostileValues } from '../agents-claude/hostile-values.ts';
import { driverOf } from './conversation.ts';
import { specOf } from '../agents-contract/wire.ts';

const [scripted] = builtInAgents({
  scripted: { node: '/node', program: '/main.js', store: '/store' },
}) as [AgentDriver];
const custom = customAcpAgent({ name: 'one', command: '/one', args: ['--acp'], env: { A: 'b' } });

const fields = ['nativeId', 'model', 'mode', 'session', 'host', 'cwd'] as const;

test.each([
  ['scripted', scripted, { program: '/node', args: ['/main.js', '--store', '/store'], env: {} }],
  ['custom', custom, { program: '/one', args: ['--acp'], env: { A: 'b' } }],
])(
  'S3 S4: what the %s agent is started with is constant, whatever its session is called or wants',
  (_name, agent, wanted) => {
    expect(agent.program(specOf())).toEqual(wanted);
    for (const value of hostileValues) {
      for (const field of fields) {
        expect([field, value, agent.program(specOf({ [field]: value }))]).toEqual([
          field,
          value,
          wanted,
        ]);
      }
    }
  },
);

test('S3: what the agent is sent stays one line of JSON each, with the value as it is', () => {
  for (const value of hostileValues) {
    const driver = driverOf();
    const spec: OpenSpec = specOf({ nativeId: value, cwd: value });
    const initialized = { agentCapabilities: { loadSession: true }, protocolVersion: 1 };
    const text = JSON.stringify({ jsonrpc: '2.0', id: 'init', result: initialized });
    const line = { id: 'host-0', text, from: 0, to: text.length + 1 };
    const { events } = driver.decode(driver.initial(spec), line);
    const sent = events.flatMap((event) => (event.type === 'send' ? [event.line] : []));
    expect(sent).toHaveLength(1);
    expect(sent[0]).not.toMatch(/[\n\r]/);
    expect(JSON.parse(sent[0]!)).toMatchObject({ params: { sessionId: value, cwd: value } });
  }
});
