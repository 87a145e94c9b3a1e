import { describe, expect, test } from 'vitest';
import type { AgentEvent } from '../../src/domain/agent-event.ts';
import { scenes } from './wire-driver.ts';
import { wireDrivers } from './wire-drivers.ts';
import { fixturesIn } from './wire.ts';

type Of<Type extends AgentEvent['type']> = Extract<AgentEvent, { type: Type }>;

function of<Type extends AgentEvent['type']>(
  events: readonly AgentEvent[],
  type: Type,
): readonly Of<Type>[] {
  return events.filter((event): event is Of<Type> => event.type === type);
}

/** What came of the calls that were asked about. */
function asked(events: readonly AgentEvent[]): (string | undefined)[] {
  return of(events, 'approval').map(({ toolCall }) => {
    const states = of(events, 'tool_call').filter((each) => each.toolCall.call === toolCall?.call);
    return states.at(-1)?.toolCall.status;
  });
}

/** The same scenes of every agent, as they are recorded; what each is in docs/agents.md. */
const claims: { readonly [Scene in (typeof scenes)[number]]: (e: readonly AgentEvent[]) => void } =
  {
    text: (events) => {
      expect(of(events, 'opened').length).toBeGreaterThan(0);
      const [first] = of(events, 'text').filter(({ part }) => part === 'text');
      const deltas = of(events, 'text').filter(({ item }) => item === first?.item);
      expect(deltas.length).toBeGreaterThan(1);
      expect(of(events, 'text_end').some(({ item }) => item === first?.item)).toBe(true);
      expect(of(events, 'turn_ended')[0]).toMatchObject({ run: 'run-1', outcome: 'completed' });
      expect(of(events, 'usage').length).toBeGreaterThan(0);
    },
    allowed: (events) => {
      const [approval] = of(events, 'approval');
      const kinds = approval?.options.map(({ kind }) => kind);
      expect(kinds).toEqual(expect.arrayContaining(['allow_once', 'reject_once']));
      expect(asked(events)).toContain('completed');
    },
    denied: (events) => {
      expect(asked(events).some((status) => status !== 'completed')).toBe(true);
      expect(of(events, 'turn_ended').some(({ outcome }) => outcome === 'completed')).toBe(true);
    },
    failed: (events) => {
      const [failed] = of(events, 'turn_ended').filter(({ outcome }) => outcome === 'failed');
      expect(failed?.error?.message).toMatch(/\w/);
    },
    aborted: (events) => {
      const outcomes = of(events, 'turn_ended').map(({ outcome }) => outcome);
      expect(outcomes).toContain('cancelled');
      expect(outcomes.at(-1)).toBe('completed');
    },
  };

const agents = wireDrivers.flatMap(({ folder, agents: driven }) =>
  Object.entries(driven).map(([agent, shown]) => ({ agent, shown, ...fixturesIn(folder) })),
);

describe.each(agents)('of $agent', ({ shown, eventsOf }) => {
  test.each(scenes)('R3 A1 V4: on the wire is %s', (scene) => {
    claims[scene](eventsOf(shown[scene]));
  });
});
