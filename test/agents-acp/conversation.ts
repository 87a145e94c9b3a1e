// The wire fixtures of test/fixtures/wire/acp and how to read them: lines of an agent's standard output,
// and what the driver makes of them in <name>.events.jsonl, one list of events per line.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { acpDriver } from '../../src/agents/acp/driver.ts';
import type { AcpQuirks } from '../../src/agents/acp/quirks.ts';
import { geminiQuirks } from '../../src/agents/gemini/gemini.ts';
import { piQuirks } from '../../src/agents/pi/pi.ts';
import type { AgentEvent } from '../../src/domain/agent-event.ts';
import { noSettings } from '../../src/domain/settings.ts';
import {
  lineId,
  type AgentDriver,
  type DecoderState,
  type OpenSpec,
  type SpoolLine,
} from '../../src/ports/agent.ts';

const folder = path.join(import.meta.dirname, '../fixtures/wire/acp');

/** What a fixture was opened with. */
export interface Conversation {
  name: string;
  spec?: Partial<OpenSpec>;
  quirks?: AcpQuirks;
}

export const conversations: readonly Conversation[] = [
  { name: 'conversation', quirks: { failureText: /\s*API Error\b[^]*/ } },
  { name: 'resumed', spec: { nativeId: 'session-one' } },
  // Of the scripted agent: edited and denied with a message, forms and a page, questions taken back.
  { name: 'asking' },
  { name: 'misbehaving' },
  { name: 'interleaved', spec: { mode: 'build', model: 'large' } },
  { name: 'failures' },
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

const spec: OpenSpec = {
  session: 'session',
  host: 'host',
  cwd: '/project',
  nativeId: null,
  forkOf: null,
  forkAt: null,
  ...noSettings,
};

export function driverOf(quirks: AcpQuirks = {}): AgentDriver {
  return acpDriver({
    profile: {
      name: 'some-agent',
      title: 'Some agent',
      protocol: 'acp',
      steer: false,
      resume: true,
      activityIsEvidence: true,
      deduplicatesPrompts: false,
      editsInput: false,
      hearsDenials: false,
      images: true,
      fork: false,
      settings: ['model', 'mode'],
      live: [],
      mcpSecrets: false,
      install: 'not to be had',
    },
    program: () => ({ program: 'some-agent', args: [], env: {} }),
    quirks,
  });
}

export function specOf(changes: Partial<OpenSpec> = {}): OpenSpec {
  return { ...spec, ...changes };
}

export function linesOf(text: string): readonly SpoolLine[] {
  let from = 0;
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const to = from + Buffer.byteLength(line) + 1;
      const spoolLine = { id: lineId('host', from), text: line, from, to };
      from = to;
      return spoolLine;
    });
}

export function wireOf(name: string): readonly SpoolLine[] {
  return linesOf(readFileSync(path.join(folder, `${name}.jsonl`), 'utf8'));
}

export function expectedOf(name: string): unknown {
  const text = readFileSync(path.join(folder, `${name}.events.jsonl`), 'utf8');
  return linesOf(text).map((line) => JSON.parse(line.text) as unknown);
}

export interface Decoded {
  /** Of each line, as JSON has it. */
  events: readonly (readonly AgentEvent[])[];
  /** Before each line, and after the last. */
  states: readonly DecoderState[];
}

export function decodeAll(
  driver: AgentDriver,
  lines: readonly SpoolLine[],
  state: DecoderState,
): Decoded {
  const states = [state];
  const events = lines.map((line) => {
    const step = driver.decode(states.at(-1)!, line);
    states.push(step.state);
    return step.events;
  });
  return { events, states };
}

/** An agent whose session is open: the state, and a way to let it say messages. */
export function opened(quirks: AcpQuirks = {}): {
  driver: AgentDriver;
  state: DecoderState;
  say: (...messages: readonly object[]) => { events: readonly AgentEvent[]; state: DecoderState };
} {
  const driver = driverOf(quirks);
  const opening = [
    { jsonrpc: '2.0', id: 'init', result: { protocolVersion: 1 } },
    { jsonrpc: '2.0', id: 'open', result: { sessionId: 's-1' } },
  ];
  const { states } = decodeAll(driver, linesOfMessages(opening), driver.initial(spec));
  const state = states.at(-1)!;
  const say = (...messages: readonly object[]) => {
    const decoded = decodeAll(driver, linesOfMessages(messages), state);
    return { events: decoded.events.flat(), state: decoded.states.at(-1)! };
  };
  return { driver, state, say };
}

export function linesOfMessages(messages: readonly object[]): readonly SpoolLine[] {
  return linesOf(messages.map((message) => `${JSON.stringify(message)}\n`).join(''));
}

/** A `session/update` of the open session. */
export function update(update: object): object {
  return { jsonrpc: '2.0', method: 'session/update', params: { sessionId: 's-1', update } };
}
