import type { Json } from '../../domain/json.ts';
import { listAt, memberAt, objectAt, short, textAt } from '../shape.ts';
import { closeCalls, isRunning, leaveRunning, runningIn } from './calls.ts';
import { endingOf, failure, refusalOf } from './failure.ts';
import { requestLine, type Answer } from './message.ts';
import type { TurnInterruptParams } from './protocol.ts';
import type { CodexState, Reading, Turn } from './state.ts';
import { endTexts } from './texts.ts';

const idChars = 256;
const steeredPrompts = 64;

/** Ids of our requests: an answer says by itself what was asked, also after a restart. */
export const requestIds = {
  prompt: (run: string, prompt: string) => `prompt:${run}:${prompt}`,
  steer: (run: string, prompt: string) => `steer:${run}:${prompt}`,
  cancel: (run: string) => `cancel:${run}`,
  running: (turn: string) => `running:${turn}`,
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
  // What another turn is saying ends with it, too: what comes of that is told as another text.
  endTexts(reading);
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
  const { turn } = reading.state;
  if (turn?.id === id) return;
  // One that waits for its sub-agents goes on when Codex does.
  reading.change({ turn: { ...newTurn(id), run: turn?.run ?? null } });
  if (turn === null) reading.emit({ type: 'turn_started' });
}

function newTurn(id: string): Turn {
  return { id, run: null, steered: [], ending: null };
}

/** `turn/completed`: it is over but for its sub-agents, and for the commands of a cancelled one. */
export function readTurnCompleted(reading: Reading, params: Json): void {
  const told = memberAt(params, 'turn') ?? null;
  const { turn, thread } = reading.state;
  if (turn === null || turn.id !== textAt(told, 'id')) {
    return reading.unrecognized('the end of an unknown turn');
  }
  if (turn.ending !== null) return;
  const ending = endingOf(told);
  endTexts(reading);
  reading.changeTurn({ ending, steered: [] });
  if (ending.outcome === 'cancelled') {
    // What was steered and not read yet is forgotten with the turn.
    for (const prompt of turn.steered) reading.emit({ type: 'prompt_dropped', prompt });
    for (const line of interruptChildren(reading.state, requestIds.cancel(turn.id)))
      reading.send(line);
    endRunning(reading, thread ?? '', turn.id);
  } else leaveRunning(reading, turn.id);
  settle(reading);
}

/** Sub-agents go on when the turn that began them is interrupted, unless they are, too. */
export function interruptChildren({ children }: CodexState, id: string): readonly string[] {
  return children.flatMap(({ thread, turn }) => {
    if (turn === null) return [];
    const params: TurnInterruptParams = { threadId: thread, turnId: turn };
    return [requestLine(id, 'turn/interrupt', params)];
  });
}

/** An interrupted turn leaves its commands running. */
export function endRunning(reading: Reading, threadId: string, turn: string): void {
  if (runningIn(reading, turn).length === 0) return;
  reading.send(requestLine(requestIds.running(turn), listMethod, { threadId }));
}

const listMethod = 'thread/backgroundTerminals/list';

/** The commands that still run: those of the cancelled turn are ended, not what was started before it. */
export function readRunning(reading: Reading, id: string, answer: Answer): void {
  const turn = partsOf(id).of;
  const calls = runningIn(reading, turn);
  const threadId = calls[0]?.thread;
  if (threadId === undefined) return;
  const listed = answer.type === 'result' ? (listAt(answer.result, 'data') ?? []) : [];
  const own = listed.flatMap((entry) => {
    const item = textAt(entry, 'itemId');
    const process = textAt(entry, 'processId');
    const isOwn = calls.some((call) => call.toolCall.call === item);
    return isOwn && process !== undefined ? [process.slice(0, idChars)] : [];
  });
  if (own.length === 0) {
    // What has only just begun Codex ends by itself.
    closeCalls(reading, turn);
    return settle(reading);
  }
  for (const processId of own) {
    const params = { threadId, processId };
    const line = requestIds.end(turn, processId);
    reading.send(requestLine(line, 'thread/backgroundTerminals/terminate', params));
  }
}

/** The turn ends when nothing of it goes on any more: no command, and no sub-agent. */
export function settle(reading: Reading): void {
  const { turn, calls, children } = reading.state;
  if (turn === null || turn.ending === null) return;
  if (calls.some(isRunning) || children.some((child) => child.turn !== null)) return;
  closeCalls(reading, turn.id);
  endTexts(reading);
  reading.change({ turn: null, asked: [] });
  const run = turn.run === null ? {} : { run: turn.run };
  const item = reading.nextItem();
  reading.emit({ type: 'turn_ended', item, ...run, ...turn.ending, mark: turn.id });
}
