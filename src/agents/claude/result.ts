import type { Json } from '../../domain/json.ts';
import { memberAt } from '../shape.ts';
import { failOpening } from './control.ts';
import { endingOf, failure, openingError } from './failure.ts';
import { noTurn, type Ending, type Reading } from './state.ts';
import { endStream } from './stream.ts';
import { countResult, windowOf } from './usage.ts';

/**
 * `result`: one part of a turn is over. There may be several before the agent is idle (one for each
 * sub-agent that reports back), and a prompt that was known already has none.
 */
export function readResult(reading: Reading, line: Json): void {
  // A session that cannot be resumed: the id in this line is of a session that never was (R10).
  if (reading.state.phase === 'opening') return failOpening(reading, openingError(line));
  countResult(reading, line);
  const { used, inForce } = reading.state;
  const size = windowOf(line, inForce.model);
  if (size !== undefined) reading.report(used === null ? { size } : { used, size });
  const ending = endingOf(line);
  if (ending.outcome === 'failed') reading.change({ mishap: null });
  else reading.goesOn();
  const { turn } = reading.state;
  reading.changeTurn({ ending: worse(turn.ending, ending) });
  // A version that does not tell its state has nothing else to end a turn with.
  if (!turn.running) settleTurn(reading);
}

const ranks: { readonly [Outcome in Ending['outcome']]: number } = {
  completed: 0,
  cancelled: 1,
  failed: 2,
};

/** A turn is as good as the worst of its parts; of equal ones the last says how it stopped. */
function worse(before: Ending | null, now: Ending): Ending {
  return before !== null && ranks[before.outcome] > ranks[now.outcome] ? before : now;
}

/** `session_state_changed`: the word on when a turn begins and ends. */
export function readSessionState(reading: Reading, line: Json): void {
  switch (memberAt(line, 'state')) {
    case 'running':
      if (reading.state.turn.running) return;
      reading.changeTurn({ running: true });
      // Without a prompt under way the agent has begun by itself: a task in the background has ended.
      return reading.emit({ type: 'turn_started' });
    case 'requires_action':
      return;
    case 'idle':
      return settleTurn(reading);
    default:
      return reading.unrecognized('an unknown state of the session');
  }
}

function settleTurn(reading: Reading): void {
  const { turn } = reading.state;
  endStream(reading);
  reading.change({ turn: noTurn, calls: [], asked: [] });
  if (!turn.running && !turn.echoed && turn.ending === null) return;
  const run = turn.run === null ? {} : { run: turn.run };
  const item = reading.nextItem();
  const mark = turn.mark === null ? {} : { mark: turn.mark };
  reading.emit({ type: 'turn_ended', item, ...run, ...endOf(reading, turn), ...mark });
}

function endOf(reading: Reading, turn: Reading['state']['turn']): Ending {
  if (turn.ending !== null) return turn.ending;
  if (turn.cancelled) return { outcome: 'cancelled', stopReason: 'cancelled' };
  if (turn.echoed && !turn.running) {
    // Said again after a crash: Claude Code has answered it and does not do so twice.
    reading.notice('repeated', 'Claude Code had this prompt already; it was not run again.');
    return { outcome: 'completed', stopReason: 'repeated' };
  }
  return {
    outcome: 'failed',
    error: failure('protocol', 'The turn ended without a result.'),
  };
}
