import type { Json } from '../../domain/json.ts';
import { listAt, memberAt, objectAt, textAt } from '../shape.ts';
import { blockOfApi } from './content.ts';
import { isUuid } from './ids.ts';
import type { Reading } from './state.ts';
import { giveUp } from '../broken-text.ts';
import { endBlock } from './stream.ts';
import { parentOf, readToolResult, readToolUse } from './tool-call.ts';

/** What Claude Code says itself, in the place of a model. */
export const syntheticModel = '<synthetic>';

/** `assistant`: whole blocks of a message, most of which were streamed before. */
export function readAssistant(reading: Reading, line: Json): void {
  const message = objectAt(line, 'message');
  const content = listAt(message, 'content');
  if (content === undefined) return reading.unrecognized('a message without content');
  mark(reading, line);
  const isError = memberAt(line, 'is_api_error_message') === true;
  if (isError && textAt(message, 'model') === syntheticModel) return readMishap(reading, content);
  reading.goesOn();
  const parent = parentOf(line);
  const aborted = memberAt(line, 'aborted') === true;
  for (const block of content) readBlock(reading, block, { parent, aborted });
}

/** How far the main conversation has come: lines of both sides are in its transcript under their names. */
function mark(reading: Reading, line: Json): void {
  if (parentOf(line) !== null) return;
  const name = textAt(line, 'uuid') ?? '';
  reading.changeTurn({ mark: isUuid(name) ? name : null });
}

/** An error of the model service. A turn that ends with it says so itself. */
function readMishap(reading: Reading, content: readonly Json[]): void {
  giveUp(reading);
  const text = content.map((block) => textAt(block, 'text') ?? '').join('');
  reading.change({ mishap: text.slice(0, 4096) });
}

function readBlock(
  reading: Reading,
  block: Json,
  of: { parent: string | null; aborted: boolean },
): void {
  const type = textAt(block, 'type') ?? '';
  switch (type) {
    case 'text':
      return readWhole(reading, 'text', textAt(block, 'text') ?? '', of);
    case 'thinking':
      return readWhole(reading, 'thought', textAt(block, 'thinking') ?? '', of);
    case 'tool_use':
    case 'server_tool_use':
    case 'mcp_tool_use':
      return readToolUse(reading, block, of.parent);
    case 'redacted_thinking':
      // Encrypted for the model alone.
      return;
    default:
      if (type.endsWith('tool_result')) return readToolResult(reading, block, null);
      reading.unrecognized(`a block of an unknown kind: ${type.slice(0, 80)}`);
  }
}

function readWhole(
  reading: Reading,
  part: 'text' | 'thought',
  text: string,
  of: { parent: string | null; aborted: boolean },
): void {
  if (of.parent === null) return endBlock(reading, part, text, of.aborted);
  if (text === '') return;
  const content = { type: 'text', text } as const;
  const item = reading.nextItem();
  reading.emit({ type: 'block', item, part, content, parentCall: of.parent });
}

/** `user`: the echo of a prompt, results of tools, or what Claude Code tells the model by itself. */
export function readUser(reading: Reading, line: Json): void {
  const content = memberAt(objectAt(line, 'message'), 'content');
  if (content === undefined) return reading.unrecognized('a user message without content');
  if (memberAt(line, 'isReplay') === true) return readEcho(reading, line);
  mark(reading, line);
  if (!Array.isArray(content)) return;
  for (const block of content as readonly Json[]) {
    const type = textAt(block, 'type') ?? '';
    if (type === 'tool_result') readToolResult(reading, block, line);
    // Texts here are Claude Code's own words to the model, or the task of a sub-agent.
    else if (blockOfApi(block) === undefined)
      reading.unrecognized('a user block of an unknown kind');
  }
}

/** The prompt has reached the conversation, and with the first of them there is one to be resumed. */
function readEcho(reading: Reading, line: Json): void {
  const native = textAt(line, 'uuid') ?? '';
  const sent = reading.state.prompts.find((known) => known.native === native);
  confirmSession(reading, line);
  // One that is said again stands somewhere before the end.
  reading.changeTurn({ mark: null });
  if (sent === undefined) return;
  const { prompts, turn } = reading.state;
  reading.change({ prompts: prompts.filter((known) => known !== sent) });
  reading.changeTurn({ echoed: true, run: turn.run ?? sent.run });
  reading.emit({ type: 'prompt_taken', prompt: sent.prompt });
}

function confirmSession(reading: Reading, line: Json): void {
  const session = textAt(line, 'session_id') ?? '';
  if (!isUuid(session) || session === reading.state.session) return;
  reading.change({ session });
  reading.emit({ type: 'opened', nativeId: session, resumed: false });
}
