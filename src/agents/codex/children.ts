import { isObject, type Json } from '../../domain/json.ts';
import { listAt, memberAt, objectAt, short, textAt } from '../shape.ts';
import { readResolved } from './approval.ts';
import { closeCalls, leaveRunning, readCall, readOutput } from './calls.ts';
import type { Child, Reading } from './state.ts';
import { wholeText } from './texts.ts';
import { isCall } from './tool-call.ts';
import { endRunning, settle } from './turn.ts';
import { readChildUsage } from './usage.ts';

const childCount = 64;
const idChars = 256;

/**
 * A notification of another thread than ours: a sub-agent's, since no other threads are opened here. What it
 * says comes whole and stands in the call that began it.
 */
export function readChild(reading: Reading, method: string, params: Json): void {
  const thread = short(memberAt(params, 'threadId'), idChars) ?? '';
  const child = childOf(reading, thread);
  switch (method) {
    case 'turn/started':
      return change(reading, child, { turn: turnOf(params) });
    case 'turn/completed':
      return readEnd(reading, child, params);
    case 'thread/closed':
      change(reading, child, { turn: null });
      return settle(reading);
    case 'thread/tokenUsage/updated':
      return change(reading, child, { spent: readChildUsage(reading, params, child) });
    case 'item/started':
      return readChildItem(reading, child, { params, ended: false });
    case 'item/completed':
      return readChildItem(reading, child, { params, ended: true });
    case 'item/commandExecution/outputDelta':
      return readOutput(reading, params);
    case 'serverRequest/resolved':
      return readResolved(reading, params);
  }
}

/** Known from the first thing that it says: the call that begins it ends only after that. */
function childOf(reading: Reading, thread: string): Child {
  const known = reading.state.children.find((child) => child.thread === thread);
  if (known !== undefined) return known;
  const call = reading.state.calls.findLast(({ toolCall }) => toolCall.name === 'spawnAgent');
  return { thread, call: call?.toolCall.call ?? null, model: null, turn: null, spent: null };
}

function change(reading: Reading, child: Child, changes: Partial<Child>): void {
  const others = reading.state.children.filter(({ thread }) => thread !== child.thread);
  reading.change({ children: [...others, { ...child, ...changes }].slice(-childCount) });
}

/** The end of a call that began sub-agents names their threads. */
export function nameChildren(reading: Reading, item: Json): void {
  if (textAt(item, 'tool') !== 'spawnAgent') return;
  const call = short(memberAt(item, 'id'), 1024) ?? null;
  const model = short(memberAt(item, 'model')) ?? null;
  for (const thread of listAt(item, 'receiverThreadIds') ?? []) {
    if (typeof thread !== 'string' || thread.length > idChars) continue;
    change(reading, childOf(reading, thread), { call, model: model === '' ? null : model });
  }
}

function turnOf(params: Json): string | null {
  return short(memberAt(objectAt(params, 'turn'), 'id'), idChars) ?? null;
}

function readEnd(reading: Reading, child: Child, params: Json): void {
  const turn = turnOf(params);
  if (turn === null || child.turn !== turn) return;
  change(reading, child, { turn: null });
  const status = textAt(objectAt(params, 'turn'), 'status');
  if (status === 'interrupted') endRunning(reading, child.thread, turn);
  else {
    leaveRunning(reading, turn);
    closeCalls(reading, turn);
  }
  settle(reading);
}

function readChildItem(
  reading: Reading,
  child: Child,
  { params, ended }: { params: Json; ended: boolean },
): void {
  const item = memberAt(params, 'item');
  const type = textAt(item, 'type') ?? '';
  if (!isObject(item)) return reading.unrecognized('an item of an unknown shape');
  if (isCall(type)) {
    const owner = { thread: child.thread, turn: child.turn ?? '', parentCall: child.call };
    readCall(reading, item, { ...owner, ended });
    if (type === 'collabAgentToolCall') nameChildren(reading, item);
    return settle(reading);
  }
  const text = ended ? wholeText(item) : '';
  if (text === '') return;
  const content = { type: 'text', text } as const;
  const part = type === 'reasoning' ? 'thought' : 'text';
  const parentCall = child.call === null ? {} : { parentCall: child.call };
  reading.emit({ type: 'block', item: reading.nextItem(), part, content, ...parentCall });
}
