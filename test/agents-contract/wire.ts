// Wire fixtures and how to read them: lines of an agent's standard output in test/fixtures/wire, and what its
// driver makes of them in <name>.events.jsonl, one list of events per line.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { AgentEvent } from '../../src/domain/agent-event.ts';
import { assemble, noPartials, type AgentInput, type Partials } from '../../src/domain/partials.ts';
import { noSettings } from '../../src/domain/settings.ts';
import {
  lineId,
  type AgentDriver,
  type DecoderState,
  type OpenSpec,
  type SpoolLine,
} from '../../src/ports/agent.ts';

export const wireFolder = path.join(import.meta.dirname, '../fixtures/wire');

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

export function lineOf(text: string): SpoolLine {
  return { id: 'host-0', text, from: 0, to: text.length };
}

type Events = readonly (readonly AgentEvent[])[];

/** The fixtures of one folder, by their names. */
export function fixturesIn(folder: string): {
  wireOf: (name: string) => readonly SpoolLine[];
  expectedOf: (name: string) => Events;
  /** All events of a fixture, in order. */
  eventsOf: (name: string) => readonly AgentEvent[];
} {
  const linesIn = (file: string) =>
    linesOf(readFileSync(path.join(wireFolder, folder, file), 'utf8'));
  const expectedOf = (name: string): Events =>
    linesIn(`${name}.events.jsonl`).map(({ text }) => JSON.parse(text) as readonly AgentEvent[]);
  return {
    wireOf: (name) => linesIn(`${name}.jsonl`),
    expectedOf,
    eventsOf: (name) => expectedOf(name).flat(),
  };
}

export interface Decoded {
  /** Of each line, as JSON has it. */
  events: Events;
  /** Before each line, and after the last. */
  states: readonly DecoderState[];
}

export function decodeWith(
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

/** An agent that has said something: the state, and a way to let it say more. */
export interface Speaking {
  state: DecoderState;
  say: (...messages: readonly object[]) => {
    events: readonly AgentEvent[];
    state: DecoderState;
  };
}

export function speaking(driver: AgentDriver, spec: OpenSpec, said: readonly object[]): Speaking {
  const state = decodeWith(driver, linesOfMessages(said), driver.initial(spec)).states.at(-1)!;
  return {
    state,
    say: (...messages) => {
      const decoded = decodeWith(driver, linesOfMessages(messages), state);
      return { events: decoded.events.flat(), state: decoded.states.at(-1)! };
    },
  };
}

/** The entries and the text in progress that come of events. */
export function fold(
  events: Events,
  from: Partials = noPartials,
): { partials: Partials; inputs: AgentInput[] } {
  let partials = from;
  const inputs: AgentInput[] = [];
  for (const event of events.flat()) {
    const step = assemble(partials, event);
    partials = step.partials;
    inputs.push(...step.inputs);
  }
  return { partials, inputs };
}

/** As it is once it was stored and loaded again. */
export function stored<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value)) as Value;
}
