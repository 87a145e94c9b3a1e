import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ModelSession, step, type Step, traits } from './session-model.ts';

const plain = {
  steer: false,
  resume: false,
  fork: false,
  settings: [],
  live: [],
  mcpSecrets: false,
  deduplicatesPrompts: false,
  editsInput: false,
  hearsDenials: false,
  activityIsEvidence: true,
};
const send: Step = { do: 'send', delivery: 'queue', allowInterrupt: false, timed: false };
const opened: Step = {
  do: 'agent',
  input: { type: 'opened', nativeId: 'n1', resumed: false },
};
const abort: Step = { do: 'abort', force: false, reason: 'asked', queue: 'keep', other: false };
const ends = (outcome: 'completed' | 'cancelled'): Step => ({
  do: 'turn_ended',
  outcome,
  named: 'run',
});
const options = [{ id: 'yes', name: 'y', kind: 'allow_once' }] as const;
const asks: Step = {
  do: 'agent',
  input: { type: 'approval', item: '', request: 7, title: 'may I', options },
};
const dies: Step = {
  do: 'host_ended',
  end: { exitCode: 1, signal: null, lost: false, neverStarted: false, stderr: '' },
  stale: false,
};
const decide: Step = { do: 'decide', which: 0, choice: { verdict: 'allow' } };

function played(...steps: Step[]): ModelSession {
  const session = new ModelSession(plain);
  for (const one of steps) session.take(one);
  return session;
}

describe('a question', () => {
  test.each([
    ['after the end of its turn', [send, opened, ends('completed'), asks, dies]],
    ['in a run', [send, opened, asks, dies]],
    // The host of the first run opens for the second; when it dies before, another one is launched.
    ['before its host was open', [send, abort, send, asks, dies]],
  ])('A2 A3: that was asked %s is withdrawn with its host, and not decided later', (_, steps) => {
    const session = played(...steps);
    expect(session.log.filter(({ kind }) => kind === 'approval')).toHaveLength(1);
    expect(session.state.approvals).toEqual([]);
    for (const one of [send, opened]) session.take(one);
    expect(session.state.host?.phase).toBe('open');
    expect(session.take(decide)).toMatchObject({ refused: 'already_decided', commands: [] });
  });

  test('A2 A3: never outlives its host, whatever happens', () => {
    fc.assert(
      fc.property(traits, fc.array(step, { maxLength: 60, size: 'max' }), (agent, steps) => {
        const session = new ModelSession(agent);
        const asked = new Map<string, string>();
        for (const one of steps) {
          for (const entry of session.take(one).entries) {
            if ((entry.kind === 'approval' || entry.kind === 'question') && session.state.host)
              asked.set(entry.id, session.state.host.id);
          }
          for (const { id } of session.state.approvals) {
            expect(asked.get(id)).toBe(session.state.host?.id);
          }
        }
      }),
      { numRuns: 400 },
    );
  });
});

describe('the sweep after a cancel', () => {
  test('R5: is bounded by when its prompts were sent and by the end of the run', () => {
    const session = played(send, opened);
    const sent = session.log.at(-1)!.at;
    session.take(abort);
    const { effects, entries } = session.take(ends('cancelled'));
    const ended = entries.find(({ kind }) => kind === 'run_ended')!;
    expect(effects).toEqual([{ type: 'sweep', run: ended.runId, since: sent, until: ended.at }]);
    expect(Date.parse(ended.at)).toBeGreaterThan(Date.parse(sent));
  });

  test('R5: is left out where nothing was sent', () => {
    const session = played(send);
    expect(session.take(abort)).toMatchObject({ effects: [], refused: null });
    expect(session.state.lastRun?.outcome).toBe('cancelled');
  });

  test('R5: is left out where the agent completed', () => {
    expect(played(send, opened).take(ends('completed')).effects).toEqual([]);
  });
});

test('R10: a native id that is provisional is no native id yet', () => {
  const provisional: Step = {
    do: 'agent',
    input: { type: 'opened', nativeId: 'n2', resumed: false, provisional: true },
  };
  expect(played(send, provisional).state).toMatchObject({
    nativeId: null,
    host: { phase: 'open' },
  });
  expect(played(send, provisional, opened).state).toMatchObject({ nativeId: 'n1' });
  expect(played(send, opened, dies, send, provisional).state).toMatchObject({ nativeId: 'n1' });
});

test('R4 R5: a force that is asked again climbs again, and has nothing more to write', () => {
  const force: Step = { ...abort, force: true };
  const session = played(send, opened);
  const first = session.take(force);
  expect(first.entries.map(({ kind }) => kind)).toEqual(['abort', 'host']);
  const again = session.take(force);
  expect(again.entries).toEqual([]);
  expect(again.effects).toEqual(first.effects);
  expect(again.effects).toMatchObject([{ type: 'climb', force: true }]);
});
