// The wire fixtures of test/fixtures/wire/claude and how to read them: lines of Claude Code's standard
// output, and what the driver makes of them in <name>.events.jsonl, one list of events per line.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { claudeAgent } from '../../src/agents/claude/driver.ts';
import type { AgentEvent } from '../../src/domain/agent-event.ts';
import { noSettings } from '../../src/domain/settings.ts';
import { lineId, type DecoderState, type OpenSpec, type SpoolLine } from '../../src/ports/agent.ts';
import { scenarios } from '../fixtures/wire/claude/scenarios.ts';

const folder = path.join(import.meta.dirname, '../fixtures/wire/claude');

export const names: readonly string[] = scenarios.map(({ name }) => name);

export const driver = claudeAgent({ program: 'claude', env: {}, trusted: [] });

export const session = '5f0c2b1e-8d0e-4b51-9a53-0e3f3b9d7c11';

export function specOf(changes: Partial<OpenSpec> = {}): OpenSpec {
  return {
    session: 'session',
    host: 'host',
    cwd: '/project',
    nativeId: null,
    forkOf: null,
    forkAt: null,
    ...noSettings,
    ...changes,
  };
}

/** A session that was resumed names in its lines what it was opened with. */
export function specOfFixture(name: string): OpenSpec {
  const [first] = expectedOf(name)[0] ?? [];
  const nativeId = first?.type === 'opened' && first.resumed ? first.nativeId : null;
  const { spec, fork } = scenarios.find((scenario) => scenario.name === name)!;
  if (fork === true) return specOf({ forkOf: session });
  return specOf({ ...spec, nativeId: name === 'unknown-session' ? session : nativeId });
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

export function linesOfMessages(messages: readonly object[]): readonly SpoolLine[] {
  return linesOf(messages.map((message) => `${JSON.stringify(message)}\n`).join(''));
}

export function wireOf(name: string): readonly SpoolLine[] {
  return linesOf(readFileSync(path.join(folder, `${name}.jsonl`), 'utf8'));
}

export function expectedOf(name: string): readonly (readonly AgentEvent[])[] {
  const text = readFileSync(path.join(folder, `${name}.events.jsonl`), 'utf8');
  return linesOf(text).map((line) => JSON.parse(line.text) as readonly AgentEvent[]);
}

/** All events of a fixture, in order. */
export function eventsOf(name: string): readonly AgentEvent[] {
  return expectedOf(name).flat();
}

export interface Decoded {
  /** Of each line, as JSON has it. */
  events: readonly (readonly AgentEvent[])[];
  /** Before each line, and after the last. */
  states: readonly DecoderState[];
}

export function decodeAll(lines: readonly SpoolLine[], state: DecoderState): Decoded {
  const states = [state];
  const events = lines.map((line) => {
    const step = driver.decode(states.at(-1)!, line);
    states.push(step.state);
    return step.events;
  });
  return { events, states };
}

export const ready = {
  type: 'control_response',
  response: { subtype: 'success', request_id: 'initialize', response: {} },
};

/** An agent whose session is open: the state, and a way to let it say messages. */
export function opened(spec: Partial<OpenSpec> = {}): {
  state: DecoderState;
  say: (...messages: readonly object[]) => { events: readonly AgentEvent[]; state: DecoderState };
} {
  const { states } = decodeAll(linesOfMessages([ready]), driver.initial(specOf(spec)));
  const state = states.at(-1)!;
  const say = (...messages: readonly object[]) => {
    const decoded = decodeAll(linesOfMessages(messages), state);
    return { events: decoded.events.flat(), state: decoded.states.at(-1)! };
  };
  return { state, say };
}

/** Lines of Claude Code as they come. */
export const running = { type: 'system', subtype: 'session_state_changed', state: 'running' };
export const idle = { type: 'system', subtype: 'session_state_changed', state: 'idle' };

export function stream(event: object): object {
  return { type: 'stream_event', event, parent_tool_use_id: null };
}

/** The deltas of one text, without its end. */
export function streamed(id: string, ...deltas: readonly string[]): readonly object[] {
  return [
    stream({ type: 'message_start', message: { id, model: 'm' } }),
    stream({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
    ...deltas.map((text) =>
      stream({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } }),
    ),
  ];
}

export const stop = stream({ type: 'message_stop' });

export function whole(text: string, more: object = {}): object {
  const content = [{ type: 'text', text }];
  return { type: 'assistant', message: { id: 'm', content }, parent_tool_use_id: null, ...more };
}

export function result(more: object = {}): object {
  return { type: 'result', subtype: 'success', is_error: false, ...more };
}
