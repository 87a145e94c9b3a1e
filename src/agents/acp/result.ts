import type { PromptResponse } from '@agentclientprotocol/sdk';
import type { AgentEvent } from '../../domain/agent-event.ts';
import type { RunFailure } from '../../domain/entry.ts';
import type { Json } from '../../domain/json.ts';
import {
  failure,
  failureOfError,
  failureOfText,
  failureTextChars,
  typedFailureOf,
} from './failure.ts';
import { errorCodes, type Answer } from './json-rpc.ts';
import { memberAt, textAt } from '../shape.ts';
import type { Reading } from './state.ts';
import { reportUsage } from './usage.ts';

type StopReason = PromptResponse['stopReason'];
type TurnEnded = Extract<AgentEvent, { type: 'turn_ended' }>;
type Ending = Pick<TurnEnded, 'outcome' | 'stopReason' | 'error'>;

/** What each stop reason proves. Only `end_turn` says that the agent was done, and not even that always. */
const stopReasons: { readonly [Reason in StopReason]: Ending } = {
  end_turn: { outcome: 'completed' },
  cancelled: { outcome: 'cancelled' },
  refusal: { outcome: 'failed', error: failure('request', 'The model refused to go on.') },
  max_tokens: {
    outcome: 'failed',
    error: failure('limit', 'The turn reached the limit of tokens.'),
  },
  max_turn_requests: {
    outcome: 'failed',
    error: failure('limit', 'The turn reached the limit of requests to the model.'),
  },
};

/** The answer to a prompt: the turn is over. Its id names the run. */
export function readPromptAnswer(reading: Reading, run: string, answer: Answer): void {
  const ending = endingOf(reading, answer);
  if (reading.state.phase === 'replay') {
    reading.notice('replay', 'Nothing told the replayed history from the answer, which is lost.');
    reading.change({ phase: 'open' });
  }
  reading.endText();
  if (run !== reading.state.lastRun) {
    reportUsage(reading, run, answer.type === 'result' ? answer.result : null);
    reading.change({ lastRun: run.slice(0, 256) });
  }
  reading.change({ calls: [], questions: [], failure: null, lastMessage: null });
  reading.emit({ type: 'turn_ended', item: reading.nextItem(), run, ...ending });
}

function endingOf(reading: Reading, answer: Answer): Ending {
  if (answer.type === 'error') {
    if (memberAt(answer.error, 'code') === errorCodes.cancelled) return { outcome: 'cancelled' };
    return { outcome: 'failed', error: failureOfError(answer.error) };
  }
  const stopReason = textAt(answer.result, 'stopReason')?.slice(0, 256);
  if (stopReason === undefined) {
    reading.unrecognized('an answer to a prompt without a stop reason');
    return {
      outcome: 'failed',
      error: failure('protocol', 'The turn ended without a stop reason.'),
    };
  }
  if (!Object.hasOwn(stopReasons, stopReason)) {
    const error = failure('unknown', `The turn stopped for an unknown reason: ${stopReason}`);
    return { outcome: 'failed', stopReason, error };
  }
  const ending = { ...stopReasons[stopReason as StopReason], stopReason };
  if (ending.outcome === 'cancelled') return ending;
  const error = disguised(reading, answer.result);
  return error === undefined ? ending : { outcome: 'failed', stopReason, error };
}

/** The failure that an agent told in another place than the stop reason (R3). */
function disguised(reading: Reading, result: Json): RunFailure | undefined {
  const told = typedFailureOf(result);
  if (told?.severity === 'error') return told.failure;
  const { failure: published, lastMessage } = reading.state;
  if (published !== null) return published;
  const { failureText } = reading.quirks;
  if (failureText === undefined || lastMessage === null) return undefined;
  if (lastMessage.length > failureTextChars) return undefined;
  return failureText.exec(lastMessage)?.[0] === lastMessage
    ? failureOfText(lastMessage)
    : undefined;
}
