import type { Json } from '../../domain/json.ts';
import { begin, giveUp, tell, type Part } from '../broken-text.ts';
import { memberAt, objectAt, short, textAt } from '../shape.ts';
import type { Reading } from './state.ts';
import { countMessage } from './usage.ts';

/** A text longer than this is no longer compared with a new attempt: what broke off stays incomplete. */
const comparedChars = 16 * 1024;

/** `stream_event`: the model's own stream, token by token. Only the main conversation is streamed. */
export function readStream(reading: Reading, line: Json): void {
  const event = objectAt(line, 'event');
  const type = textAt(event, 'type');
  if (event === undefined || type === undefined) {
    return reading.unrecognized('a stream event without a type');
  }
  // A sub-agent's messages also come whole; its deltas would be told twice.
  if (typeof memberAt(line, 'parent_tool_use_id') === 'string') return;
  switch (type) {
    case 'message_start':
      return readStart(reading, event);
    case 'content_block_start':
      return readBlockStart(reading, event);
    case 'content_block_delta':
      return readDelta(reading, event);
    case 'content_block_stop':
      // The whole block in an `assistant` line came before it; without one it is not complete.
      return;
    case 'message_delta':
      return countMessage(reading, objectAt(event, 'usage'));
    case 'message_stop':
      withdraw(reading);
      return reading.change({ message: null });
    case 'ping':
      return;
    default:
      return reading.unrecognized(`an unknown stream event: ${type.slice(0, 80)}`);
  }
}

function readStart(reading: Reading, event: Json): void {
  withdraw(reading);
  reading.goesOn();
  const message = objectAt(event, 'message');
  const id = short(memberAt(message, 'id'));
  if (id === undefined) return reading.unrecognized('a message without an id');
  reading.change({ message: { id, model: short(memberAt(message, 'model')) ?? 'unknown' } });
}

function readBlockStart(reading: Reading, event: Json): void {
  withdraw(reading);
  const block = objectAt(event, 'content_block');
  const part = partOf(textAt(block, 'type'));
  if (part === undefined) return;
  reading.change({ block: { part, item: null, text: '' } });
  grow(reading, part, textAt(block, part === 'text' ? 'text' : 'thinking') ?? '');
}

function readDelta(reading: Reading, event: Json): void {
  const delta = objectAt(event, 'delta');
  switch (textAt(delta, 'type')) {
    case 'text_delta':
      return grow(reading, 'text', textAt(delta, 'text') ?? '');
    case 'thinking_delta':
      return grow(reading, 'thought', textAt(delta, 'thinking') ?? '');
    case 'input_json_delta':
    case 'signature_delta':
    case 'citations_delta':
      // The input of a tool comes whole; signatures and citations are the model's own.
      return;
    default:
      return reading.unrecognized('a delta of an unknown kind');
  }
}

function partOf(type: string | undefined): Part | undefined {
  if (type === 'text') return 'text';
  return type === 'thinking' ? 'thought' : undefined;
}

function grow(reading: Reading, part: Part, delta: string): void {
  if (delta === '') return;
  const open = reading.state.block;
  const block = open?.part === part ? open : { part, item: null, text: '' };
  const whole = block.text === null ? null : block.text + delta;
  const text = whole === null || whole.length > comparedChars ? null : whole;
  if (block.item !== null) {
    reading.emit({ type: 'text', item: block.item, part, delta });
    return reading.change({ block: { ...block, text } });
  }
  const begun = begin(reading, part, whole ?? delta);
  reading.change({ block: { part, item: begun, text } });
}

/** A whole text or thinking of the main conversation: the end of the streamed one, or all of it at once. */
export function endBlock(reading: Reading, part: Part, text: string, incomplete: boolean): void {
  const { block } = reading.state;
  const streamed = block?.part === part ? block : null;
  if (streamed !== null) reading.change({ block: null });
  const item = streamed?.item ?? (text === '' ? null : tell(reading, part, text));
  if (item === null) return;
  reading.emit({ type: 'text_end', item, ...(incomplete ? { incomplete } : {}) });
}

/**
 * The stream of a message ends or begins anew while a block is open: its connection broke. Claude Code
 * forgets the block and asks the model again, under another message id.
 */
function withdraw(reading: Reading): void {
  const { block } = reading.state;
  if (block === null) return;
  reading.change({ block: null });
  // What only said again what had been withdrawn leaves that as it was.
  if (block.item === null) return;
  giveUp(reading);
  const { item, part, text } = block;
  if (text === null) reading.emit({ type: 'text_end', item, incomplete: true });
  else reading.change({ withdrawn: { item, part, text } });
}

/** The turn is over: nothing is being said any more. */
export function endStream(reading: Reading): void {
  withdraw(reading);
  giveUp(reading);
  reading.change({ message: null });
}
