import { describe, expect, test } from 'vitest';
import { membersAmong, type Roots } from '../../src/hosts/sweep/crew.ts';
import type { ProcessSample } from '../../src/hosts/platform/processes.ts';

const roots: Roots = {
  host: 'h',
  wrapper: { pid: 10, startTime: 100 },
  relay: { pid: 11, startTime: 101 },
  agent: { pid: 12, startTime: 102 },
};

function sample(pid: number, rest: Partial<ProcessSample> = {}): ProcessSample {
  const startTime = 90 + pid;
  return {
    pid,
    parent: 1,
    group: pid,
    session: pid,
    startTime,
    startedAt: startTime * 10,
    name: 'x',
    ...rest,
  };
}

const pids = (samples: ProcessSample[], of = roots, known = new Map<number, number>()): number[] =>
  membersAmong(samples, of, known).map(({ pid }) => pid);

describe('crew', () => {
  test("R5: a leader's number that was given to another process gives it no members", () => {
    const reused = sample(12, { startTime: 999, startedAt: 9990 });
    const follower = sample(50, { session: 12, group: 12, startedAt: 10_000 });
    expect(pids([reused, follower])).toEqual([]);
    expect(pids([sample(12), follower])).toEqual([12, 50]);
    expect(pids([follower])).toEqual([50]);
  });

  test("R5: after the agent's end only what began before it is known by its numbers", () => {
    const after: Roots = { ...roots, agent: { pid: 12 }, endedAt: 5000 };
    const old = sample(50, { session: 12, startedAt: 4000 });
    const young = sample(51, { session: 12, startedAt: 9000 });
    const marked = sample(52, { session: 12, startedAt: 9000, marker: 'h' });
    expect(pids([old, young, marked], after)).toEqual([50, 52]);
    expect(pids([old, { ...young, parent: 50 }], after)).toEqual([50, 51]);
  });

  test('R5: a process seen before is known again by pid and start time, never by pid alone', () => {
    expect(pids([sample(60)], roots, new Map([[60, 150]]))).toEqual([60]);
    expect(pids([sample(60)], roots, new Map([[60, 149]]))).toEqual([]);
  });

  test("R1: another host's marker keeps a process and all below it out, a session keeps it in", () => {
    const foreign = sample(70, { parent: 12, marker: 'other' });
    const below = sample(71, { parent: 70 });
    expect(pids([sample(12), foreign, below])).toEqual([12]);
    expect(pids([sample(12), { ...foreign, session: 12 }])).toEqual([12, 70]);
  });

  test("R5: what is in the wrapper's session once the agent is known is the wrapper's, not the agent's", () => {
    const agent = sample(12, { marker: 'h' });
    const helper = sample(13, { parent: 10, session: 10, group: 10, marker: 'h' });
    const escaped = sample(14, { parent: 12, session: 14, marker: 'h' });
    const rolesOf = (of: Roots): string[] =>
      membersAmong([sample(10), agent, helper, escaped], of, new Map()).map(({ role }) => role);
    expect(rolesOf(roots)).toEqual(['wrapper', 'agent', 'wrapper', 'descendant']);
    const { agent: _, ...early } = roots;
    expect(rolesOf(early)).toEqual(['wrapper', 'descendant', 'descendant', 'descendant']);
  });

  test("R5: processes that are each other's parents do not hold the look up", () => {
    expect(pids([sample(12, { parent: 80 }), sample(80, { parent: 12 })])).toEqual([12, 80]);
  });
});
