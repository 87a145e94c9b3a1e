import { describe, expect, test } from 'vitest';
import { type ConnectionEvent, connectionTable } from '../../src/client/connection-state.ts';
import { backOff } from '../../src/client/pace.ts';

const walk = (events: readonly ConnectionEvent[]) => {
  let state: keyof typeof connectionTable = 'idle';
  return events.map((event) => {
    const step: (typeof connectionTable)['idle']['wanted'] = connectionTable[state][event];
    state = step.to;
    return step.action;
  });
};

describe('a connection', () => {
  test('dials while it is wanted, and again after each loss', () => {
    expect(walk(['wanted', 'dropped', 'due', 'opened', 'dropped', 'due', 'opened'])).toEqual([
      'dial',
      'back_off',
      'dial',
      'announce',
      'back_off',
      'dial',
      'announce',
    ]);
  });

  test('hangs up when nobody wants it any more, and can be wanted again', () => {
    expect(walk(['wanted', 'opened', 'unwanted', 'due', 'wanted'])).toEqual([
      'dial',
      'announce',
      'hang_up',
      'nothing',
      'dial',
    ]);
  });

  test('that was closed stays closed, whatever happens', () => {
    for (const step of Object.values(connectionTable.closed)) {
      expect(step).toEqual({ to: 'closed', action: 'nothing' });
    }
  });

  test('hears a socket only in the states that have one', () => {
    for (const state of ['idle', 'waiting', 'closed'] as const) {
      expect(connectionTable[state].opened.to).toBe(state);
      expect(connectionTable[state].dropped.action).toBe('nothing');
    }
  });
});

test('the back-off doubles to a limit, within its jitter', () => {
  const waits = Array.from({ length: 20 }, (_, attempt) => [
    backOff(attempt, 0),
    backOff(attempt, 1),
  ]);
  expect(waits.slice(0, 3)).toEqual([
    [50, 200],
    [100, 400],
    [200, 800],
  ]);
  expect(waits.at(-1)).toEqual([2500, 10_000]);
});
