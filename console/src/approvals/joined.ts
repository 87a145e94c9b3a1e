import type { ToolCall, ToolContent } from 'turnkeep/client';
import type { BlobRef } from '../text/whole.tsx';
import { textAt } from '../tools/facts.ts';

type Json = ToolCall['input'];
type Texts = ReadonlyMap<string, string>;

/** What of a tool call lies beside its entry. */
export function blobsOf(call: ToolCall): BlobRef[] {
  const input = referenceIn(call.input);
  const contents = (call.content ?? []).flatMap((content) => {
    if (content.type === 'diff') return [content.oldBlob, content.newBlob];
    return content.type === 'content' && content.content.type === 'text'
      ? [content.content.blob]
      : [];
  });
  return [input, ...contents].filter((blob) => blob !== undefined);
}

/** What the entry has of it: the beginnings of what is too large. */
export function begunOf(call: ToolCall): ToolCall {
  const begins = referenceIn(call.input) === undefined ? undefined : textAt(call.input, 'preview');
  const content = call.content?.flatMap((one) => contentOf(one, () => undefined));
  return {
    ...call,
    ...(begins === undefined ? {} : { input: begins }),
    ...(content === undefined ? {} : { content }),
  };
}

/** The call as the agent made it; null where what lies beside it is not what it was. */
export function joined(call: ToolCall, texts: Texts): ToolCall | null {
  const textOf = (blob: BlobRef | undefined) =>
    blob === undefined ? undefined : texts.get(blob.digest);
  const input = textOf(referenceIn(call.input));
  const whole = input === undefined ? call.input : parsed(input);
  if (input !== undefined && whole === undefined) return null;
  const contents = call.content?.flatMap((content) => contentOf(content, textOf));
  return {
    ...call,
    ...(whole === undefined ? {} : { input: whole }),
    ...(contents === undefined ? {} : { content: contents }),
  };
}

/** An input that was too large for its entry stands there as `{blob, preview}`, and nothing else. */
function referenceIn(input: Json): BlobRef | undefined {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return undefined;
  const { blob, preview, ...others } = input as { readonly [name: string]: unknown };
  if (typeof preview !== 'string' || Object.keys(others).length > 0) return undefined;
  if (typeof blob !== 'object' || blob === null) return undefined;
  const { digest, size } = blob as { readonly [name: string]: unknown };
  if (typeof digest !== 'string' || typeof size !== 'number') return undefined;
  return { digest, size };
}

function contentOf(
  content: ToolContent,
  textOf: (blob: BlobRef | undefined) => string | undefined,
): readonly ToolContent[] {
  if (content.type === 'diff') {
    const { oldBlob, newBlob, ...diff } = content;
    const oldText = textOf(oldBlob) ?? diff.oldText;
    return [{ ...diff, oldText, newText: textOf(newBlob) ?? diff.newText }];
  }
  if (content.type !== 'content' || content.content.type !== 'text') return [content];
  const text = textOf(content.content.blob);
  const list = text === undefined ? undefined : listIn(text);
  if (list !== undefined) return list;
  return [{ type: 'content', content: { type: 'text', text: text ?? content.content.text } }];
}

/** Many contents that together were too large lie in one blob, as they are. */
function listIn(text: string): readonly ToolContent[] | undefined {
  if (!text.startsWith('[{"type":')) return undefined;
  const list: unknown = parsed(text);
  return Array.isArray(list) && list.every(isContent) ? list : undefined;
}

/** Undefined for what is no JSON. */
function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    // A hook may have changed it, or a text only begins like it.
    return undefined;
  }
}

function isContent(value: unknown): value is ToolContent {
  if (typeof value !== 'object' || value === null) return false;
  const { type, content, path, oldText, newText } = value as { readonly [name: string]: unknown };
  if (type === 'diff') {
    const isBefore = oldText === null || typeof oldText === 'string';
    return typeof path === 'string' && isBefore && typeof newText === 'string';
  }
  if (type !== 'content' || typeof content !== 'object' || content === null) return false;
  return 'type' in content && content.type === 'text' && 'text' in content;
}
