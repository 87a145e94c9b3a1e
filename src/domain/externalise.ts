import type { AgentEvent } from './agent-event.ts';
import type { BlobRef, ContentBlock, ToolCall, ToolContent } from './content.ts';
import type { NativeLine } from './entry.ts';
import { isObject, type Json } from './json.ts';
import { limits } from './limits.ts';

/** Keeps a content and gives its reference; base64 is of binary content, a text is kept as UTF-8. */
export type PutBlob = (content: { text: string } | { base64: string }) => BlobRef;

/** Moves what is too large for an entry into blobs; the entry keeps digest, size and a preview. */
export function externalise(event: AgentEvent, put: PutBlob): AgentEvent {
  switch (event.type) {
    case 'block':
      return { ...event, content: smallBlock(event.content, put) };
    case 'tool_call':
      return { ...event, toolCall: smallToolCall(event.toolCall, put) };
    case 'approval':
      return event.toolCall === undefined
        ? event
        : { ...event, toolCall: smallToolCall(event.toolCall, put) };
    case 'native':
      return { ...event, line: smallLine(event.line, put) };
    default:
      return event;
  }
}

export function smallBlocks(
  content: readonly ContentBlock[],
  put: PutBlob,
): readonly ContentBlock[] {
  return content.map((block) => smallBlock(block, put));
}

export function smallBlock(block: ContentBlock, put: PutBlob): ContentBlock {
  switch (block.type) {
    case 'text':
      if (block.blob !== undefined || utf8AtMost(block.text, limits.inlineBytes)) return block;
      return { type: 'text', text: preview(block.text), blob: put({ text: block.text }) };
    case 'image':
    case 'audio': {
      if (block.data === undefined || block.data.length <= limits.pieceChars) return block;
      const { data, ...rest } = block;
      return { ...rest, blob: put({ base64: data }) };
    }
    case 'resource':
    case 'resource_link':
      return block;
  }
}

/** A line is whole in its entry or whole in a blob. */
export function smallLine(native: NativeLine, put: PutBlob): NativeLine {
  if (utf8AtMost(native.line, limits.inlineBytes / 2)) return native;
  return { ...native, line: preview(native.line), blob: put({ text: native.line }) };
}

export function smallToolCall(toolCall: ToolCall, put: PutBlob): ToolCall {
  const small: ToolCall = { ...toolCall, title: toolCall.title.slice(0, limits.previewChars) };
  if (toolCall.input !== undefined) small.input = smallJson(toolCall.input, put);
  if (toolCall.output !== undefined) small.output = smallJson(toolCall.output, put);
  if (toolCall.content !== undefined) small.content = smallContents(toolCall.content, put);
  if (toolCall.locations !== undefined) {
    small.locations = toolCall.locations
      .filter(({ path }) => path.length <= limits.previewChars)
      .slice(0, 100);
  }
  return small;
}

/** A JSON value over the limit becomes `{blob, preview}`. */
function smallJson(value: Json, put: PutBlob): Json {
  const text = JSON.stringify(value);
  if (text.length <= limits.pieceChars) return value;
  const { digest, size } = put({ text });
  return { blob: { digest, size }, preview: preview(text) };
}

/** Whether a value is what stands in an entry for one that was too large: nobody else may give such a one. */
export function isReference(value: Json): boolean {
  if (!isObject(value) || Object.keys(value).length !== 2) return false;
  const { blob = null, preview: begins } = value;
  return typeof begins === 'string' && isObject(blob) && typeof blob['digest'] === 'string';
}

function smallContents(contents: readonly ToolContent[], put: PutBlob): readonly ToolContent[] {
  const small = contents.map((item) => smallContent(item, put));
  const text = JSON.stringify(small);
  if (text.length <= limits.inlineBytes / 2) return small;
  const blob = put({ text: JSON.stringify(contents) });
  return [{ type: 'content', content: { type: 'text', text: preview(text), blob } }];
}

function smallContent(item: ToolContent, put: PutBlob): ToolContent {
  switch (item.type) {
    case 'content':
      return { type: 'content', content: smallPiece(item.content, put) };
    case 'diff':
      return smallDiff(item, put);
    case 'terminal':
      return item;
  }
}

function smallPiece(block: ContentBlock, put: PutBlob): ContentBlock {
  if (block.type !== 'text' || block.text.length <= limits.pieceChars)
    return smallBlock(block, put);
  return { type: 'text', text: preview(block.text), blob: put({ text: block.text }) };
}

function smallDiff(diff: Extract<ToolContent, { type: 'diff' }>, put: PutBlob): ToolContent {
  const small = { ...diff };
  if (diff.oldText !== null && diff.oldText.length > limits.pieceChars) {
    small.oldBlob = put({ text: diff.oldText });
    small.oldText = preview(diff.oldText);
  }
  if (diff.newText.length > limits.pieceChars) {
    small.newBlob = put({ text: diff.newText });
    small.newText = preview(diff.newText);
  }
  if (diff.original !== undefined && diff.original.length > limits.pieceChars) {
    small.originalBlob = put({ text: diff.original });
    small.original = preview(diff.original);
  }
  return small;
}

/** The beginning of a text, never cut inside a surrogate pair. */
export function preview(text: string): string {
  return text.slice(0, wholeUnits(text, limits.previewChars));
}

/** The largest cut at or below `end` that does not split a surrogate pair. */
export function wholeUnits(text: string, end: number): number {
  if (end >= text.length) return text.length;
  const unit = text.charCodeAt(end - 1);
  return unit >= 0xd800 && unit <= 0xdbff ? end - 1 : end;
}

function utf8AtMost(text: string, bytes: number): boolean {
  if (text.length * 3 <= bytes) return true;
  if (text.length > bytes) return false;
  return new TextEncoder().encode(text).length <= bytes;
}
