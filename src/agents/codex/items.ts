import { isObject, type Json } from '../../domain/json.ts';
import { memberAt, textAt } from '../shape.ts';
import { readCall } from './calls.ts';
import { nameChildren } from './children.ts';
import { ignoredItems } from './ignored.ts';
import { confirmThread } from './open.ts';
import type { Reading } from './state.ts';
import { endText, endTexts } from './texts.ts';
import { isCall } from './tool-call.ts';
import { settle, takePrompt } from './turn.ts';

/** `item/started` and `item/completed`: both have the whole item as it is then. */
export function readItem(reading: Reading, params: Json, ended: boolean): void {
  const item = memberAt(params, 'item');
  const type = textAt(item, 'type') ?? '';
  if (!isObject(item)) return reading.unrecognized('an item of an unknown shape');
  if (isCall(type)) {
    const { thread, turn } = reading.state;
    const owner = { thread: thread ?? '', turn: turn?.id ?? '', parentCall: null };
    readCall(reading, item, { ...owner, ended });
    if (type === 'collabAgentToolCall') nameChildren(reading, item);
    return settle(reading);
  }
  if (Object.hasOwn(ignoredItems, type)) return;
  switch (type) {
    case 'agentMessage':
    case 'plan':
    case 'reasoning':
      // It begins with its first piece.
      if (ended) endText(reading, item);
      return;
    case 'userMessage':
      if (ended) readUserMessage(reading, item);
      return;
    case 'contextCompaction':
      if (ended) reading.notice('agent-compaction', 'The agent compacted its context.');
      return;
    default:
      reading.unrecognized(`an item of an unknown type: ${type.slice(0, 80)}`);
  }
}

/**
 * The prompt is in the conversation, under the name that it was sent with. One that is steered breaks off what
 * the model is saying.
 */
function readUserMessage(reading: Reading, item: Json): void {
  confirmThread(reading);
  endTexts(reading);
  const prompt = textAt(item, 'clientId') ?? '';
  if (prompt !== '' && prompt.length <= 256) takePrompt(reading, prompt);
}
