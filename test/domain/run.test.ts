import { describe, expect, test } from 'vitest';
import type { RunOutcome } from '../../src/domain/entry.ts';
import {
  advance,
  outcomeOf,
  type RunEvent,
  type RunState,
  runTable,
  type RunStep,
} from '../../src/domain/run.ts';

/** Written out once more by hand: a changed cell must be changed here too. */
const cells: readonly [RunState, RunEvent, RunStep][] = [
  ['starting', 'taken', 'working'],
  ['starting', 'abort', 'stopping'],
  ['starting', 'ended', 'ended'],
  ['working', 'taken', 'same'],
  ['working', 'abort', 'stopping'],
  ['working', 'ended', 'ended'],
  ['stopping', 'taken', 'same'],
  ['stopping', 'abort', 'same'],
  ['stopping', 'ended', 'ended'],
  ['ended', 'taken', 'refuse'],
  ['ended', 'abort', 'refuse'],
  ['ended', 'ended', 'refuse'],
];

describe('the run table', () => {
  test.each(cells)('%s on %s: %s', (state, event, step) => {
    expect(runTable[state][event]).toBe(step);
  });

  test('has these cells and no others', () => {
    const all = Object.entries(runTable).flatMap(([state, row]) =>
      Object.keys(row).map((event) => `${state} ${event}`),
    );
    expect(all.sort()).toEqual(cells.map(([state, event]) => `${state} ${event}`).sort());
  });

  test('an open run keeps its state where the table says the same', () => {
    for (const [state, event, step] of cells) {
      if (state === 'ended' || event === 'ended') continue;
      expect(advance(state, event)).toBe(step === 'same' ? state : step);
    }
  });
});

describe('the outcome', () => {
  const ends: readonly [Parameters<typeof outcomeOf>[0], RunOutcome][] = [
    [{ state: 'working', said: 'completed', killed: false, lost: false }, 'completed'],
    [{ state: 'working', said: 'cancelled', killed: false, lost: false }, 'cancelled'],
    [{ state: 'working', said: 'failed', killed: false, lost: false }, 'failed'],
    [{ state: 'working', said: null, killed: false, lost: false }, 'failed'],
    [{ state: 'starting', said: null, killed: false, lost: false }, 'failed'],
    [{ state: 'stopping', said: 'completed', killed: false, lost: false }, 'cancelled'],
    [{ state: 'stopping', said: 'failed', killed: false, lost: false }, 'cancelled'],
    [{ state: 'stopping', said: null, killed: false, lost: false }, 'cancelled'],
    [{ state: 'stopping', said: null, killed: true, lost: false }, 'killed'],
    [{ state: 'working', said: null, killed: false, lost: true }, 'lost'],
    [{ state: 'stopping', said: null, killed: true, lost: true }, 'killed'],
  ];
  test.each(ends)('R3: of %o is %s', (end, outcome) => {
    expect(outcomeOf(end)).toBe(outcome);
  });
});
