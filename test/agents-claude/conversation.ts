// The conversations of test/fixtures/wire/claude, and what Claude Code says.
import { claudeAgent } from '../../src/agents/claude/driver.ts';
import type { DecoderState, OpenSpec, SpoolLine } from '../../src/ports/agent.ts';
import {
  decodeWith,
  fixturesIn,
  speaking,
  specOf,
  type Decoded,
  type Speaking,
} from '../agents-contract/wire.ts';
import { scenarios } from '../fixtures/wire/claude/scenarios.ts';

export { linesOfMessages, specOf } from '../agents-contract/wire.ts';
export const { wireOf, expectedOf, eventsOf } = fixturesIn('claude');

export const names: readonly string[] = scenarios.map(({ name }) => name);

export const driver = claudeAgent({ program: 'claude', env: {}, trusted: [] });

export const session = '5f0c2b1e-8d0e-4b51-9a53-0e3f3b9d7c11';

/** A session that was resumed names in its lines what it was opened with. */
export function specOfFixture(name: string): OpenSpec {
  const [first] = expectedOf(name)[0] ?? [];
  const nativeId = first?.type === 'opened' && first.resumed ? first.nativeId : null;
  const { spec, fork } = scenarios.find((scenario) => scenario.name === name)!;
  if (fork !== undefined) return specOf({ forkOf: session });
  return specOf({ ...spec, nativeId: name === 'unknown-session' ? session : nativeId });
}

export const ready = {
  type: 'control_response',
  response: { subtype: 'success', request_id: 'initialize', response: {} },
};

export function decodeAll(lines: readonly SpoolLine[], state: DecoderState): Decoded {
  return decodeWith(driver, lines, state);
}

/** An agent whose session is open. */
export function opened(spec: Partial<OpenSpec> = {}): Speaking {
  return speaking(driver, specOf(spec), [ready]);
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
