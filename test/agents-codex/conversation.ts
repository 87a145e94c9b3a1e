// The wire fixtures of test/fixtures/wire/codex and how to read them: lines of Codex's standard output, and
// what the driver makes of them in <name>.events.jsonl, one list of events per line.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { codexAgent } from '../../src/agents/codex/driver.ts';
import type { AgentEvent } from '../../src/domain/agent-event.ts';
import { noSettings } from '../../src/domain/settings.ts';
import { lineId, type DecoderState, type OpenSpec, type SpoolLine } from '../../src/ports/agent.ts';
import { scenarios } from '../fixtures/wire/codex/scenarios.ts';

const folder = path.join(import.meta.dirname, '../fixtures/wire/codex');

export const names: readonly string[] = scenarios.map(({ name }) => name);

export const driver = codexAgent({ program: 'codex', env: {}, trusted: [] });

export const thread = '00000000-0000-7000-8000-000000000000';

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

/** An agent whose thread is open: the state, and a way to let it say messages. */
export function opened(spec: Partial<OpenSpec> = {}): {
  state: DecoderState;
  say: (...messages: readonly object[]) => { events: readonly AgentEvent[]; state: DecoderState };
} {
  const { states } = decodeAll(linesOfMessages(opening), driver.initial(specOf(spec)));
  const state = states.at(-1)!;
  const say = (...messages: readonly object[]) => {
    const decoded = decodeAll(linesOfMessages(messages), state);
    return { events: decoded.events.flat(), state: decoded.states.at(-1)! };
  };
  return { state, say };
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
