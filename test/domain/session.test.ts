import { describe, expect, test } from 'vitest';
import { textOf } from '../../src/domain/content.ts';
import { isNode } from '../../src/domain/entry.ts';
import { evolve, type PlacedEntry } from '../../src/domain/evolve.ts';
import { emptySession } from '../../src/domain/session-state.ts';
import { limits } from '../../src/domain/limits.ts';
import { sumOfTokens } from '../../src/domain/usage.ts';
import { always } from './always.ts';
import { ModelSession, primer, type Step, type Taken } from './session-model.ts';

describe('whatever happens to a session', () => {
  test('L2: the fold of its log is its state, and seq is dense', () => {
    always(() => {
      let folded = emptySession('s');
      let at = 0;
      return ({ log, state }) => {
        for (; at < log.length; at++) {
          expect(log[at]!.seq).toBe(at + 1);
          folded = evolve(folded, log[at]!);
        }
        expect(folded).toEqual(state);
        expect(state.lastSeq).toBe(log.length);
      };
    });
  });

  test('R1: one run and one host at a time', () => {
    always(() => {
      let run: string | null = null;
      let host: string | null = null;
      return (_session, { entries }) => {
        for (const entry of entries) {
          if (entry.kind === 'run_started') {
            expect(run).toBeNull();
            run = entry.runId!;
          }
          if (entry.kind === 'run_ended') {
            expect(entry.runId).toBe(run);
            run = null;
          }
          if (entry.kind !== 'host') continue;
          if (entry.data.state === 'launched') expect(host).toBeNull();
          else expect(entry.data.host).toBe(host);
          host = entry.data.state === 'ended' ? null : entry.data.host;
        }
      };
    });
  });

  test('R2: every run has one terminal entry at most, and no entry after it', () => {
    always(() => {
      const ended = new Set<string>();
      return (session, { entries }) => {
        for (const { runId, kind } of entries) {
          if (runId === undefined) continue;
          expect(ended, `${kind} of ${runId}`).not.toContain(runId);
          if (kind === 'run_ended') ended.add(runId);
        }
        if (session.state.run !== null) expect(ended).not.toContain(session.state.run.id);
      };
    });
  });

  test('P1 P3: every prompt waits in one place or has come to one end', () => {
    always(() => {
      const prompts = new Set<string>();
      const ends = new Map<string, string>();
      return ({ state }, { entries }) => {
        for (const entry of entries) {
          if (entry.kind === 'prompt') prompts.add(entry.id);
          const end = endOf(entry);
          if (end === null) continue;
          expect(ends.get(entry.about!), `${end} of ${entry.about}`).toBeUndefined();
          ends.set(entry.about!, end);
        }
        for (const prompt of prompts) {
          const waits = [...state.queue, ...(state.run?.prompts ?? [])].filter(
            ({ id }) => id === prompt,
          );
          const taken = state.run?.prompts.some(
            ({ id, state: at }) => id === prompt && at === 'taken',
          );
          if (ends.has(prompt)) expect(waits.length).toBe(taken === true ? 1 : 0);
          else expect(waits.length).toBe(1);
        }
      };
    });
  });

  test('U3: no prompt begins a run beyond a budget that stops', () => {
    always(() => ({ state }, { entries }) => {
      const { limits: most, action } = state.budget ?? { limits: {} };
      const begun = entries.some(
        (entry) => entry.kind === 'run_started' && entry.data.trigger === 'prompt',
      );
      if (action !== 'stop' || !begun) return;
      expect(sumOfTokens(state.usage.tokens)).toBeLessThan(most.tokens ?? Infinity);
      expect(state.ran.runs).toBeLessThanOrEqual(most.runs ?? Infinity);
    });
  });

  test('P1: a prompt goes to an agent once, and again only after it was put back', () => {
    always(() => {
      const told = new Set<string>();
      return (_session, { entries, commands }) => {
        for (const entry of entries) {
          const back = entry.kind === 'queue' && entry.data.change === 'requeued';
          if (back) told.delete(entry.about!);
        }
        for (const command of commands) {
          if (command.type !== 'prompt') continue;
          expect(told).not.toContain(command.prompt);
          told.add(command.prompt);
        }
      };
    });
  });

  test('P3: a queue that is held waits for a send or a release, an unheld one for a run', () => {
    always(() => {
      let abort: string | null = null;
      let held = false;
      return ({ state }, { entries }, { do: action }) => {
        for (const entry of entries) {
          if (entry.kind === 'abort') abort = entry.data.reason;
          if (entry.kind === 'prompt' || action === 'release' || emptied.has(entry.kind))
            held = false;
          if (entry.kind === 'queue' && entry.data.change === 'released') held = false;
          // A prompt after the abort is meant: it is as if it had interrupted.
          if (entry.kind === 'prompt' && abort !== null && entry.runId === undefined)
            abort = 'interrupt';
          if (entry.kind === 'run_ended') {
            held ||= entry.data.outcome !== 'completed' && abort !== 'interrupt';
            held ||= entry.data.proof?.gone === false;
            abort = null;
          }
          const prompted = entry.kind === 'run_started' && entry.data.trigger === 'prompt';
          expect(prompted && held).toBe(false);
        }
        const waits = state.held || state.host?.phase === 'ending';
        if (state.queue.length > 0 && state.run === null) expect(waits).toBe(true);
      };
    });
  });

  test('A1 A3: a question is decided once, and withdrawn at the latest when its run ends', () => {
    always(() => {
      const open = new Set<string>();
      const decided = new Set<string>();
      return ({ state }, { entries, refused }, one) => {
        for (const entry of entries) {
          if (entry.kind === 'approval' || entry.kind === 'question') open.add(entry.id);
          if (entry.kind === 'decision' || entry.kind === 'answer') {
            expect(open).toContain(entry.about);
            expect(decided).not.toContain(entry.about);
            open.delete(entry.about!);
            decided.add(entry.about!);
          }
          if (entry.kind === 'run_ended') expect([...open]).toEqual([]);
        }
        expect(state.approvals.map(({ id }) => id).sort()).toEqual([...open].sort());
        if (one.do === 'decide' && refused !== null) {
          expect(['not_found', 'invalid', 'already_decided']).toContain(refused);
        }
      };
    });
  });

  test('L5: only nodes move the head, and each has the one before it as its parent', () => {
    always(() => {
      let head: string | null = null;
      return ({ state }, { entries }) => {
        for (const entry of entries) {
          if (!isNode(entry)) {
            expect(entry).not.toHaveProperty('parentId');
            continue;
          }
          expect(entry.parentId).toBe(head);
          head = entry.id;
        }
        expect(state.head).toBe(head);
      };
    });
  });

  test('R4: nothing is done to a run before its abort stands in the log', () => {
    always(() => {
      const aborted = new Set<string>();
      return (_session, { entries, effects, commands }) => {
        for (const { kind, runId } of entries) if (kind === 'abort') aborted.add(runId!);
        for (const effect of effects)
          if (effect.type === 'climb') expect(aborted).toContain(effect.run);
        for (const command of commands)
          if (command.type === 'cancel') expect(aborted).toContain(command.run);
      };
    });
  });

  test('P2 L7: an agent gets a prompt as it was said last, and before it what it does not remember', () => {
    always(() => {
      const says = new Map<string, string>();
      let tell = false;
      return (_session, { entries, commands }) => {
        for (const entry of entries) {
          if (entry.kind === 'prompt') says.set(entry.id, textOf(entry.data.content));
          if (entry.kind === 'queue' && entry.data.change === 'edited') {
            says.set(entry.about!, textOf(entry.data.content!));
          }
        }
        for (const command of commands) {
          if (command.type !== 'prompt') continue;
          // The end of the run before this prompt may have told it.
          tell &&= !entries.some(({ kind }) => kind === 'delivery');
          const primed = tell && command.steer !== true ? textOf([primer]) : '';
          expect(textOf(command.content)).toBe(primed + says.get(command.prompt)!);
        }
        for (const entry of entries) {
          if (entry.kind === 'delivery') {
            expect(textOf(entry.data.content).endsWith(says.get(entry.about!)!)).toBe(true);
            tell = false;
          }
          if (entry.kind === 'compaction') tell = entry.data.primer !== undefined;
          if (entry.kind === 'reset') tell = false;
        }
      };
    });
  });

  test('L7 R10: a mark in the agent’s memory is that of the last run, and nothing was forgotten since', () => {
    always(() => {
      let said: string | null = null;
      let native: string | null = null;
      return ({ state }, { entries }) => {
        for (const entry of entries) {
          if (entry.kind === 'run_ended') said = entry.data.mark ?? null;
          const isNew = entry.kind === 'host' && (entry.data.nativeId ?? native) !== native;
          const isForgotten = entry.kind === 'reset' || entry.kind === 'compaction';
          if (isNew || isForgotten) said = null;
          if (isForgotten) native = null;
          if (isNew) native = entry.data.nativeId!;
        }
        expect(state).toMatchObject({ nativeMark: said, nativeId: native });
      };
    });
  });

  test('R2 R3: a run has a mark only where the agent itself ended it', () => {
    always(() => (_session, { entries }, step) => {
      const marks = entries.flatMap((entry) =>
        entry.kind === 'run_ended' && entry.data.mark !== undefined ? [entry.data.mark] : [],
      );
      if (step.do !== 'turn_ended') expect(marks).toEqual([]);
    });
  });

  test('L7: a deleted one rests, and takes nothing but its restoration', () => {
    always(() => {
      let deleted = false;
      return ({ state }, { entries }) => {
        for (const entry of entries) {
          if (deleted) expect(entry).toMatchObject({ data: { state: 'restored' } });
          if (entry.kind === 'deletion') deleted = entry.data.state === 'deleted';
        }
        expect(state.deletedAt !== null).toBe(deleted);
        if (deleted) expect(state).toMatchObject({ run: null, host: null, queue: [] });
      };
    });
  });

  test('R7: goes on by itself only so often between a person and a run that completes', () => {
    always(() => {
      let times = 0;
      return (_session, { entries }) => {
        for (const entry of entries) {
          const again = 'continues' in entry.data && entry.data.continues !== undefined;
          if (again) times += 1;
          else if (entry.kind === 'prompt') times = 0;
          if (entry.kind === 'run_ended' && entry.data.outcome === 'completed') times = 0;
          expect(times).toBeLessThanOrEqual(limits.continuations);
        }
      };
    });
  });

  test('R1: a draft has neither run nor host', () => {
    always(() => ({ state }) => {
      if (state.draft) expect(state).toMatchObject({ run: null, host: null });
    });
  });

  test('L6: its state stays bounded', () => {
    always(() => ({ state }) => {
      expect(state.decided.length).toBeLessThanOrEqual(64);
      expect(state.crossings.length).toBeLessThanOrEqual(32);
      expect(state.reports.length).toBeLessThanOrEqual(32);
      expect(state.run?.toolCalls.length ?? 0).toBeLessThanOrEqual(256);
    });
  });
});

/** What leaves no queue. */
const emptied: ReadonlySet<string> = new Set(['reset', 'deletion']);

function endOf(entry: PlacedEntry): string | null {
  if (entry.kind === 'delivery') return 'delivered';
  if (entry.kind !== 'queue') return null;
  const { change } = entry.data;
  return change === 'withdrawn' || change === 'indeterminate' ? change : null;
}

const send: Step = { do: 'send', delivery: 'queue', allowInterrupt: false, timed: false };
const opened: Step = {
  do: 'agent',
  input: { type: 'opened', nativeId: 'n1', resumed: false },
};
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

function after(...steps: Step[]): { session: ModelSession; taken: Taken } {
  const session = new ModelSession(plain);
  const all = steps.map((one) => session.take(one));
  return { session, taken: all.at(-1)! };
}

describe('an interrupt', () => {
  const interrupt: Step = {
    do: 'send',
    delivery: 'interrupt',
    allowInterrupt: false,
    timed: false,
  };

  test('P2 P3: of a prompt that was not sent withdraws it and goes on with its own', () => {
    const { session } = after(send, interrupt);
    const [first, second] = session.log.filter(({ kind }) => kind === 'prompt');
    const fate = session.log.find(({ kind, about }) => kind === 'queue' && about === first!.id);
    expect(fate).toMatchObject({ data: { change: 'withdrawn' } });
    expect(session.state.run?.prompts).toMatchObject([{ id: second!.id }]);
    expect(session.state.queue).toEqual([]);
  });

  test('P2: of a run goes on with its own prompt before all that waits', () => {
    const ended: Step = { do: 'turn_ended', outcome: 'cancelled', named: 'run' };
    const { session } = after(send, opened, send, interrupt, ended);
    const prompts = session.log.filter(({ kind }) => kind === 'prompt');
    expect(session.state.run?.prompts).toMatchObject([{ id: prompts[2]!.id }]);
    expect(session.state.queue).toMatchObject([{ id: prompts[1]!.id }]);
  });
});

test('P2: a steer is refused with the reason where the agent cannot, or interrupts where it may', () => {
  const steer = (allowInterrupt: boolean): Step => ({
    do: 'send',
    delivery: 'steer',
    allowInterrupt,
    timed: false,
  });
  expect(after(send, opened, steer(false)).taken.refused).toBe('unsupported');
  const { taken } = after(send, opened, steer(true));
  expect(taken.entries).toMatchObject([
    { kind: 'prompt', data: { delivery: 'interrupt' } },
    { kind: 'abort' },
  ]);
});

test('L6: of too many open tool calls the oldest is closed', () => {
  const { session } = after(send, opened);
  for (let at = 0; at < 300; at++) {
    const toolCall = { call: `c${at}`, title: 't', kind: 'read', status: 'pending' } as const;
    session.take({ do: 'agent', input: { type: 'tool_call', item: '', toolCall } });
  }
  expect(session.state.run?.toolCalls).toHaveLength(256);
  const closed = session.log.filter(
    (entry) => entry.kind === 'tool_call' && entry.data.status === 'cancelled',
  );
  expect(closed).toHaveLength(44);
});
