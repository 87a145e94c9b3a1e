// The conversations of test/fixtures/wire/codex, and what Codex says.
import { codexAgent } from '../../src/agents/codex/driver.ts';
import type { DecoderState, OpenSpec, SpoolLine } from '../../src/ports/agent.ts';
import {
  decodeWith,
  fixturesIn,
  speaking,
  specOf,
  type Decoded,
  type Speaking,
} from '../agents-contract/wire.ts';
import { scenarios } from '../fixtures/wire/codex/scenarios.ts';

export { linesOfMessages, specOf } from '../agents-contract/wire.ts';
export const { wireOf, expectedOf, eventsOf } = fixturesIn('codex');

export const names: readonly string[] = scenarios.map(({ name }) => name);

export const driver = codexAgent({ program: 'codex', env: {}, trusted: [] });

export const thread = '00000000-0000-7000-8000-000000000000';

/** With what a fixture's host was opened: what it sent says which thread that was. */
export function specOfFixture(name: string): OpenSpec {
  const { spec } = scenarios.find((scenario) => scenario.name === name)!;
  const sent = expectedOf(name)
    .flat()
    .flatMap((event) => (event.type === 'send' ? [event.line] : []));
  const opening = sent.map((line) => JSON.parse(line) as Opening).find(({ id }) => id === 'thread');
  const { threadId = null, lastTurnId = null } = opening?.params ?? {};
  if (opening?.method === 'thread/fork')
    return specOf({ ...spec, forkOf: threadId, forkAt: lastTurnId });
  return specOf({ ...spec, nativeId: threadId });
}

interface Opening {
  id?: string;
  method?: string;
  params?: { threadId?: string; lastTurnId?: string };
}

/** The answers that open a thread. */
export const opening: readonly object[] = [
  { id: 'initialize', result: { userAgent: 'turnkeep/0.169.0 (x)' } },
  { id: 'skills', result: { data: [] } },
  {
    id: 'thread',
    result: {
      thread: { id: thread },
      model: 'gpt-5.5',
      modelProvider: 'openai',
      approvalPolicy: 'untrusted',
      sandbox: { type: 'workspaceWrite' },
      reasoningEffort: 'low',
    },
  },
];

export function decodeAll(lines: readonly SpoolLine[], state: DecoderState): Decoded {
  return decodeWith(driver, lines, state);
}

/** An agent whose thread is open. */
export function opened(spec: Partial<OpenSpec> = {}): Speaking {
  return speaking(driver, specOf(spec), opening);
}

/** Lines of Codex as they come. */
export const started = { id: 'prompt:run-1:p1', result: { turn: { id: 'turn-1' } } };

export function note(method: string, params: object = {}): object {
  return { method, params: { threadId: thread, ...params } };
}

export function completed(more: object = {}): object {
  return note('turn/completed', {
    turn: { id: 'turn-1', status: 'completed', error: null, ...more },
  });
}

export function delta(itemId: string, text: string): object {
  return note('item/agentMessage/delta', { itemId, delta: text });
}

export function item(state: 'started' | 'completed', value: object): object {
  return note(`item/${state}`, { turnId: 'turn-1', item: value });
}

export function command(id: string, more: object = {}): object {
  const text = "/bin/bash -lc 'git status'";
  return {
    type: 'commandExecution',
    id,
    command: text,
    cwd: '/project',
    status: 'inProgress',
    ...more,
  };
}
