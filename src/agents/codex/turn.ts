import type { Json } from '../../domain/json.ts';
import { listAt, memberAt, objectAt, textAt } from '../shape.ts';
import { closeCalls, isRunning, leaveRunning } from './calls.ts';
import { endingOf, failure, refusalOf, type Ending } from './failure.ts';
import { requestLine, type Answer } from './message.ts';
import { short, type Reading, type Turn } from './state.ts';
import { endTexts } from './texts.ts';

const idChars = 256;
const steeredPrompts = 64;

/** Ids of our requests: an answer says by itself what was asked, also after a restart. */
export const requestIds = {
  prompt: (run: string, prompt: string) => `prompt:${run}:${prompt}`,
  steer: (run: string, prompt: string) => `steer:${run}:${prompt}`,
  cancel: (run: string) => `cancel:${run}`,
  running: (turn: string) => `running:${turn}`,
  stillRunning: (turn: string) => `still-running:${turn}`,
  end: (turn: string, process: string) => `end:${turn}:${process}`,
} as const;

/** The parts of such an id after its first; the last may have any character. */
export function partsOf(id: string): { kind: string; of: string; rest: string } {
  const [kind = '', of = '', ...rest] = id.split(':');
  return { kind, of, rest: rest.join(':') };
}

/** The answer to `turn/start`: which turn a run's prompt has begun. */
export function readStarted(reading: Reading, id: string, answer: Answer): void {
  const { of: run, rest: prompt } = partsOf(id);
  const turn = answer.type === 'result' ? textAt(objectAt(answer.result, 'turn'), 'id') : undefined;
  if (turn !== undefined && turn !== '' && turn.length <= idChars) {
    const known = reading.state.turn?.id === turn ? reading.state.turn : newTurn(turn);
    return reading.change({ turn: { ...known, run } });
  }
  const why =
    answer.type === 'error' ? refusalOf(answer.error) : 'Codex began a turn without an id.';
  reading.emit({ type: 'prompt_dropped', prompt });
  const error = failure(answer.type === 'error' ? 'request' : 'protocol', why);
  reading.emit({ type: 'turn_ended', item: reading.nextItem(), run, outcome: 'failed', error });
}

/** The answer to `turn/steer`. One that is refused is in no conversation; one that is taken waits there. */
export function readSteered(reading: Reading, id: string, answer: Answer): void {
  const { rest: prompt } = partsOf(id);
  if (answer.type === 'error') return reading.emit({ type: 'prompt_dropped', prompt });
  const steered = [...(reading.state.turn?.steered ?? []), prompt];
  reading.changeTurn({ steered: steered.slice(-steeredPrompts) });
}

/** A prompt is seen in the conversation. */
export function takePrompt(reading: Reading, prompt: string): void {
  reading.emit({ type: 'prompt_taken', prompt });
  const steered = reading.state.turn?.steered ?? [];
  reading.changeTurn({ steered: steered.filter((other) => other !== prompt) });
}

/** `turn/started`: one that no prompt of ours began is Codex's own. */
export function readTurnStarted(reading: Reading, params: Json): void {
  const id = short(memberAt(objectAt(params, 'turn'), 'id'), idChars) ?? '';
  if (id === '') return reading.unrecognized('a turn without an id');
  if (reading.state.turn?.id === id) return;
  reading.change({ turn: newTurn(id) });
  reading.emit({ type: 'turn_started' });
}

function newTurn(id: string): Turn {
  return { id, run: null, steered: [], ending: null };
}

/** `turn/completed`: the turn is over, but commands of a cancelled one run on until they are ended. */
export function readTurnCompleted(reading: Reading, params: Json): void {
  const told = memberAt(params, 'turn') ?? null;
  const { turn, thread } = reading.state;
  const id = textAt(told, 'id');
  if (turn === null || turn.id !== id) return reading.unrecognized('the end of an unknown turn');
  if (turn.ending !== null) return;
  const ending = endingOf(told);
  endTexts(reading);
  if (ending.outcome !== 'cancelled') {
    leaveRunning(reading, turn.id);
    return finish(reading, ending);
  }
  // What was steered and not read yet is forgotten with the turn.
  for (const prompt of turn.steered) reading.emit({ type: 'prompt_dropped', prompt });
  if (!reading.state.calls.some((call) => isRunning(call, turn.id))) return finish(reading, ending);
  reading.changeTurn({ ending, steered: [] });
  const list = requestLine(requestIds.running(turn.id), 'thread/backgroundTerminals/list', {
    threadId: thread,
  });
  reading.send(list);
}

/** The commands that still run: those of the cancelled turn are ended, not what was started before it. */
export function readRunning(reading: Reading, id: string, answer: Answer): void {
  const { turn, calls, thread } = reading.state;
  if (turn === null || turn.ending === null || partsOf(id).of !== turn.id) return;
  const listed = answer.type === 'result' ? (listAt(answer.result, 'data') ?? []) : [];
  const own = listed.flatMap((entry) => {
    const item = textAt(entry, 'itemId');
    const process = textAt(entry, 'processId');
    const isOwn = calls.some((call) => isRunning(call, turn.id) && call.toolCall.call === item);
    return isOwn && process !== undefined ? [process.slice(0, idChars)] : [];
  });
  if (own.length === 0) return finish(reading, turn.ending);
  for (const processId of own) {
    const params = { threadId: thread, processId };
    const line = requestIds.end(turn.id, processId);
    reading.send(requestLine(line, 'thread/backgroundTerminals/terminate', params));
  }
  const params = { threadId: thread };
  const still = requestIds.stillRunning(turn.id);
  reading.send(requestLine(still, 'thread/backgroundTerminals/list', params));
}

/** What was to be ended has been told to, and either says so itself or never will. */
export function readStillRunning(reading: Reading, id: string): void {
  const { turn } = reading.state;
  if (turn === null || turn.ending === null || partsOf(id).of !== turn.id) return;
  if (!reading.state.calls.some((call) => isRunning(call, turn.id))) finish(reading, turn.ending);
}

/** A command has ended: perhaps the last one that a cancelled turn waits for. */
export function commandEnded(reading: Reading): void {
  const { turn, calls } = reading.state;
  if (turn === null || turn.ending === null) return;
  if (!calls.some((call) => isRunning(call, turn.id))) finish(reading, turn.ending);
}

function finish(reading: Reading, ending: Ending): void {
  const turn = reading.state.turn!;
  closeCalls(reading, turn.id);
  reading.change({ turn: null, asked: [] });
  const run = turn.run === null ? {} : { run: turn.run };
  const item = reading.nextItem();
  reading.emit({ type: 'turn_ended', item, ...run, ...ending, mark: turn.id });
}
