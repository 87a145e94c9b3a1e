// The conversations of test/fixtures/wire/acp, and what an agent of this protocol says.
import { acpDriver, acpFlags } from '../../src/agents/acp/driver.ts';
import type { AcpQuirks } from '../../src/agents/acp/quirks.ts';
import { geminiQuirks } from '../../src/agents/gemini/gemini.ts';
import { piQuirks } from '../../src/agents/pi/pi.ts';
import type { AgentDriver, OpenSpec } from '../../src/ports/agent.ts';
import { speaking, specOf, type Speaking } from '../agents-contract/wire.ts';

/** What a fixture was opened with. */
export interface Conversation {
  name: string;
  spec?: Partial<OpenSpec>;
  quirks?: AcpQuirks;
  /** It has lines that nobody could understand. */
  odd?: true;
}

export const conversations: readonly Conversation[] = [
  { name: 'conversation', quirks: { failureText: /\s*API Error\b[^]*/ } },
  { name: 'resumed', spec: { nativeId: 'session-one' } },
  // Of the scripted agent: edited and denied with a message, forms and a page, questions taken back.
  { name: 'asking' },
  { name: 'misbehaving', odd: true },
  { name: 'interleaved', spec: { mode: 'build', model: 'large' }, odd: true },
  { name: 'failures', odd: true },
  { name: 'loaded', spec: { nativeId: 's-1' } },
  {
    name: 'replayed-late',
    spec: { nativeId: 's-1' },
    quirks: { replayUntil: 'available_commands_update' },
  },
  // Of the real programs (`record.ts` beside the fixtures): a text, a command allowed, a file denied, a failure.
  { name: 'gemini', quirks: geminiQuirks },
  { name: 'opencode' },
  { name: 'pi', quirks: piQuirks },
];

export function driverOf(quirks: AcpQuirks = {}): AgentDriver {
  return acpDriver({
    profile: {
      ...acpFlags,
      name: 'some-agent',
      title: 'Some agent',
      settings: ['model', 'mode'],
      live: [],
      install: 'not to be had',
    },
    program: () => ({ program: 'some-agent', args: [], env: {} }),
    quirks,
  });
}

/** An agent whose session is open. */
export function opened(quirks: AcpQuirks = {}): Speaking & { driver: AgentDriver } {
  const driver = driverOf(quirks);
  const opening = [
    { jsonrpc: '2.0', id: 'init', result: { protocolVersion: 1 } },
    { jsonrpc: '2.0', id: 'open', result: { sessionId: 's-1' } },
  ];
  return { driver, ...speaking(driver, specOf(), opening) };
}

/** A `session/update` of the open session. */
export function update(update: object): object {
  return { jsonrpc: '2.0', method: 'session/update', params: { sessionId: 's-1', update } };
}
