import type * as acp from '@agentclientprotocol/sdk/unstable';
import type { ContentBlock, ToolCall, ToolContent } from '../domain/content.ts';
import { type Blobs, editorBlock, wholeText } from './content.ts';

/** Contents above this are shown as far as the log shows them by itself. */
const wholeBytes = 256 * 1024;

/** A state of a tool call as an update has it; what the entry does not tell stays as it was. */
export async function toolCallFields(
  call: ToolCall,
  blobs: Blobs,
): Promise<Omit<acp.ToolCallUpdate, 'toolCallId'>> {
  const { title, name, kind, input, output, locations, content } = call;
  return {
    title,
    kind,
    // The protocol has no word for a call whose run ended before it did.
    status: call.status === 'cancelled' ? 'failed' : call.status,
    ...(name === undefined ? {} : { name }),
    ...(input === undefined ? {} : { rawInput: input }),
    ...(output === undefined ? {} : { rawOutput: output }),
    ...(locations === undefined ? {} : { locations: locations.map((one) => ({ ...one })) }),
    ...(content === undefined ? {} : { content: await contents(content, blobs) }),
  };
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
