import type * as acp from '@agentclientprotocol/sdk/unstable';
import type { ContentBlock, ToolCall, ToolContent } from '../domain/content.ts';
import { isObject, type Json } from '../domain/json.ts';
import { RefusalError } from '../domain/refusal.ts';
import { type Blobs, editorBlock, wholeText } from './content.ts';

/** Contents above this are shown as far as the log shows them by itself. */
const wholeBytes = 256 * 1024;

/** A state of a tool call as an update has it; what the entry does not tell stays as it was. */
export async function toolCallFields(
  call: ToolCall,
  blobs: Blobs,
): Promise<Omit<acp.ToolCallUpdate, 'toolCallId'>> {
  const { title, name, kind, input, output, locations } = call;
  const content = await shownContents(call, blobs);
  return {
    title,
    kind,
    // The protocol has no word for a call whose run ended before it did.
    status: call.status === 'cancelled' ? 'failed' : call.status,
    ...(name === undefined ? {} : { name }),
    ...(input === undefined ? {} : { rawInput: input }),
    ...(output === undefined ? {} : { rawOutput: output }),
    ...(locations === undefined ? {} : { locations: locations.map((one) => ({ ...one })) }),
    ...(content === undefined ? {} : { content }),
  };
}

/** Contents, or else the output: editors show contents, and many agents tell their output beside them. */
async function shownContents(
  { kind, content, output }: ToolCall,
  blobs: Blobs,
): Promise<acp.ToolCallContent[] | undefined> {
  const shown = content === undefined ? undefined : await contents(content, blobs);
  // What is said of a change never takes the place of its diff, which an earlier state may have told.
  if (shown?.length || changes.has(kind) || output === undefined) return shown;
  const text = await printed(output, blobs);
  if (text === '') return shown;
  return [textContent(verbatim.has(kind) ? fenced(text) : text)];
}

const changes: ReadonlySet<string> = new Set<ToolCall['kind']>(['edit', 'delete', 'move']);
const verbatim: ReadonlySet<string> = new Set<ToolCall['kind']>(['execute', 'read', 'search']);

/** An output that is a text; one that is large is known by what lies beside its entry. */
async function printed(output: Json, blobs: Blobs): Promise<string> {
  if (typeof output === 'string') return output;
  const { preview, digest, size } = besideOf(output);
  if (size > wholeBytes) {
    const start = textIn(`${preview.replace(/\\[^\\"]{0,5}$/, '')}"`);
    return start === '' ? '' : `${start}\n… (${size} bytes in all)`;
  }
  if (digest === '') return '';
  try {
    return textIn(await blobs.text({ digest, size }));
  } catch (error) {
    // An output of the agent's own that only looks like one of ours: there is no such text, or not of this size.
    if (error instanceof RangeError) return '';
    if (error instanceof RefusalError && error.refusal.code === 'not_found') return '';
    throw error;
  }
}

/** What an entry has of an output that lies beside it; empty for any other. */
function besideOf(output: Json): { preview: string; digest: string; size: number } {
  const { blob = null, preview } = isObject(output) ? output : {};
  const { digest, size } = isObject(blob) ? blob : {};
  const known = typeof preview === 'string' && typeof digest === 'string';
  if (!known || !/^[0-9a-f]{64}$/.test(digest) || typeof size !== 'number') return nothing;
  return Number.isSafeInteger(size) && size >= 0 ? { preview, digest, size } : nothing;
}

const nothing = { preview: '', digest: '', size: 0 };

function textIn(json: string): string {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'string' ? value : '';
  } catch (error) {
    if (error instanceof SyntaxError) return '';
    throw error;
  }
}

/** What a program prints is no Markdown, as which editors read texts; nothing in it ends the block. */
export function fenced(text: string): string {
  let longest = 2;
  for (const [ticks] of text.matchAll(/`+/g)) longest = Math.max(longest, ticks.length);
  const fence = '`'.repeat(longest + 1);
  return `${fence}\n${text.endsWith('\n') ? text : `${text}\n`}${fence}`;
}

export function textContent(text: string): acp.ToolCallContent {
  return { type: 'content', content: { type: 'text', text } };
}

async function contents(
  given: readonly ToolContent[],
  blobs: Blobs,
): Promise<acp.ToolCallContent[]> {
  const shown: acp.ToolCallContent[] = [];
  for (const item of await unfolded(given, blobs)) {
    const one = await content(item, blobs);
    if (one !== null) shown.push(one);
  }
  return shown;
}

async function content(item: ToolContent, blobs: Blobs): Promise<acp.ToolCallContent | null> {
  switch (item.type) {
    case 'content': {
      const block = isLarge(item.content) ? plain(item.content) : item.content;
      const shown = await editorBlock(block, blobs);
      return shown === null ? null : { type: 'content', content: shown };
    }
    case 'diff': {
      const { path, oldText, newText, oldBlob, newBlob } = item;
      const [before, after] = [
        oldText === null ? null : await short({ text: oldText, blob: oldBlob }, blobs),
        await short({ text: newText, blob: newBlob }, blobs),
      ];
      return { type: 'diff', path, oldText: before, newText: after };
    }
    case 'terminal':
      // Of another client of the agent: this one has no such terminal.
      return null;
  }
}

/** Contents that were too many for their entry lie in one blob, as JSON. */
async function unfolded(
  given: readonly ToolContent[],
  blobs: Blobs,
): Promise<readonly ToolContent[]> {
  const [only, ...others] = given;
  if (only?.type !== 'content' || only.content.type !== 'text' || others.length > 0) return given;
  const { text, blob } = only.content;
  if (blob === undefined || blob.size > wholeBytes || !text.startsWith('[{"type":')) return given;
  try {
    const whole: unknown = JSON.parse(await blobs.text(blob));
    return Array.isArray(whole) ? (whole as ToolContent[]) : given;
  } catch (error) {
    // A text of the tool that only begins like contents.
    if (error instanceof SyntaxError) return given;
    throw error;
  }
}

function isLarge(block: ContentBlock): boolean {
  return block.type === 'text' && (block.blob?.size ?? 0) > wholeBytes;
}

function plain(block: ContentBlock): ContentBlock {
  if (block.type !== 'text') return block;
  return { type: 'text', text: `${block.text}\n… (${block.blob?.size} bytes in all)` };
}

function short(
  { text, blob }: { text: string; blob: { digest: string; size: number } | undefined },
  blobs: Blobs,
): Promise<string> {
  if (blob === undefined || blob.size > wholeBytes) return Promise.resolve(text);
  return wholeText({ text, blob }, blobs);
}
