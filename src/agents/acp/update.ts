import type { PlanItem } from '../../domain/content.ts';
import type { Json } from '../../domain/json.ts';
import { limits } from '../../domain/limits.ts';
import { readAside } from './asides.ts';
import { blockOf } from './content.ts';
import { failureTextChars, typedFailureOf } from './failure.ts';
import { ignoredUpdates } from './ignored.ts';
import type { UpdateKind } from './quirks.ts';
import { readOptions } from './settings.ts';
import { countAt, listAt, memberAt, objectAt, textAt } from '../shape.ts';
import type { OpenItem, Phase, Reading } from './state.ts';
import { parentCallOf, readToolCall } from './tool-call.ts';
import { readCost, readRequestUsage } from './usage.ts';

type Reader = (reading: Reading, update: Json) => void;

/** Every kind of update that ACP v1 knows is read here or listed as ignored; tsc sees a forgotten one. */
const readers: { readonly [Kind in Exclude<UpdateKind, keyof typeof ignoredUpdates>]: Reader } = {
  agent_message_chunk: (reading, update) => readChunk(reading, update, 'text'),
  agent_thought_chunk: (reading, update) => readChunk(reading, update, 'thought'),
  tool_call: (reading, update) => void readToolCall(reading, update),
  tool_call_update: (reading, update) => void readToolCall(reading, update),
  plan: readPlan,
  usage_update: readUsage,
  current_mode_update: readMode,
  config_option_update: (reading, update) => reading.report(readOptions(update)),
  session_info_update: readInfo,
  notice: readNotice,
  compaction_update: readCompaction,
};

/** `session/update`. */
export function readUpdate(reading: Reading, params: Json): void {
  const update = objectAt(params, 'update');
  const kind = textAt(update, 'sessionUpdate');
  if (update === undefined || kind === undefined) {
    return reading.unrecognized('an update without a kind');
  }
  const { phase, session } = reading.state;
  const of = textAt(params, 'sessionId');
  if (session !== null && of !== undefined && of !== session) {
    return reading.unrecognized('an update of another session');
  }
  if (isHistory(phase)) return readHistory(reading, kind, update);
  readFailure(reading, update);
  readRequestUsage(reading, update);
  if (Object.hasOwn(ignoredUpdates, kind)) return;
  if (kind === 'agent_message_chunk' && readAside(reading, update)) return;
  if (!Object.hasOwn(readers, kind)) {
    return reading.unrecognized(`an update of an unknown kind: ${kind.slice(0, 80)}`);
  }
  readers[kind as keyof typeof readers](reading, update);
}

/** Before a session is open again nothing can happen in it; what is told then has happened long ago. */
function isHistory(phase: Phase): boolean {
  return phase === 'resume' || phase === 'load' || phase === 'replay';
}

/** A replay repeats what the log has already. Only the cost so far is of use: turns are charged from it. */
function readHistory(reading: Reading, kind: string, update: Json): void {
  if (kind === 'usage_update') readCost(reading, update);
  const isOver = reading.state.phase === 'replay' && kind === reading.quirks.replayUntil;
  if (isOver) reading.change({ phase: 'open' });
}

function readChunk(reading: Reading, update: Json, part: 'text' | 'thought'): void {
  const content = blockOf(memberAt(update, 'content'));
  if (content === undefined) return reading.unrecognized('a chunk without known content');
  const parentCall = parentCallOf(update) ?? null;
  // A text that is too long for one entry is no part of a stream: it is moved to a blob where it is read.
  if (content.type !== 'text' || content.text.length > limits.textChars) {
    reading.activity();
    const event = { type: 'block', item: reading.nextItem(), part, content } as const;
    reading.emit(parentCall === null ? event : { ...event, parentCall });
    return;
  }
  if (content.text === '') return;
  const message = textAt(update, 'messageId')?.slice(0, 256) ?? null;
  const item = continued(reading, { item: '', part, message, parentCall });
  const event = { type: 'text', item, part, delta: content.text } as const;
  reading.emit(parentCall === null ? event : { ...event, parentCall });
  if (reading.quirks.failureText === undefined || part !== 'text') return;
  const whole = (reading.state.lastMessage ?? '') + content.text;
  reading.change({ lastMessage: whole.slice(0, failureTextChars + 1) });
}

/** The id of the item that the chunk continues, or of the one that begins with it. */
function continued(reading: Reading, chunk: OpenItem): string {
  const { text } = reading.state;
  const same =
    text !== null &&
    text.part === chunk.part &&
    text.message === chunk.message &&
    text.parentCall === chunk.parentCall;
  if (same) {
    reading.change({ failure: null });
    return text.item;
  }
  reading.activity();
  const item = reading.nextItem();
  reading.change({ text: { ...chunk, item } });
  return item;
}

const priorities: { readonly [Priority in PlanItem['priority']]: true } = {
  high: true,
  medium: true,
  low: true,
};
const statuses: { readonly [Status in PlanItem['status']]: true } = {
  pending: true,
  in_progress: true,
  completed: true,
};

function readPlan(reading: Reading, update: Json): void {
  const told = listAt(update, 'entries');
  if (told === undefined) return reading.unrecognized('a plan without entries');
  const items = told.flatMap((value) => planItemOf(value) ?? []);
  if (items.length < told.length) reading.unrecognized('a plan entry of an unknown shape');
  reading.activity();
  reading.emit({ type: 'plan', item: reading.nextItem(), items });
}

function planItemOf(value: Json): PlanItem | undefined {
  const content = textAt(value, 'content');
  const priority = textAt(value, 'priority') ?? '';
  const status = textAt(value, 'status') ?? '';
  if (content === undefined || !Object.hasOwn(statuses, status)) return undefined;
  return {
    content,
    priority: Object.hasOwn(priorities, priority) ? (priority as PlanItem['priority']) : 'medium',
    status: status as PlanItem['status'],
  };
}

function readUsage(reading: Reading, update: Json): void {
  const used = countAt(update, 'used');
  const size = countAt(update, 'size');
  if (used === undefined || size === undefined) {
    return reading.unrecognized('a usage update without used and size');
  }
  // Counted when a message is done. It also ends what an agent says outside of any turn.
  reading.endText();
  readCost(reading, update);
  reading.report({ used, size });
}

function readMode(reading: Reading, update: Json): void {
  const mode = textAt(update, 'currentModeId');
  if (mode === undefined) return reading.unrecognized('a mode update without a mode');
  reading.report({ mode: mode.slice(0, 1024) });
}

function readInfo(reading: Reading, update: Json): void {
  const title = textAt(update, 'title');
  if (title !== undefined) reading.report({ title: title.slice(0, 1024) });
}

function readNotice(reading: Reading, update: Json): void {
  const title = textAt(update, 'title');
  if (title === undefined) return reading.unrecognized('a notice without a title');
  const more = textAt(update, 'description');
  reading.notice('agent', more === undefined ? title : `${title}\n${more}`);
}

/** We do not ask for compactions as entries of their own, but a session that was compacted shows it. */
function readCompaction(reading: Reading, update: Json): void {
  const status = textAt(update, 'status');
  if (status === undefined) return reading.unrecognized('a compaction without a status');
  const error = textAt(update, 'error');
  const text = `The agent’s own compaction: ${status.slice(0, 80)}`;
  reading.notice('agent-compaction', error === undefined ? `${text}.` : `${text} (${error}).`);
}

/** A typed failure beside the turn; whether the turn fails of it is seen at the turn's end. */
function readFailure(reading: Reading, update: Json): void {
  const told = typedFailureOf(update);
  if (told === undefined) return;
  if (told.severity === 'warning') reading.notice('agent-warning', told.failure.message);
  else reading.change({ failure: told.failure });
}
