import type { BlobRef, ToolCall, ToolContent } from '../domain/content.ts';
import type { Store } from '../ports/store.ts';

/** Kinds of tools whose locations are files that they read or write. */
const ofFiles: ReadonlySet<string> = new Set(['read', 'edit', 'delete', 'move']);

/** The files that a tool call is about, as the agent names them; none of a shell's. */
export function namedFiles({ kind, content = [], locations = [] }: ToolCall): readonly string[] {
  const diffs = content.flatMap((item) => (item.type === 'diff' ? [item.path] : []));
  const named = ofFiles.has(kind) ? locations.map(({ path }) => path) : [];
  return [...new Set([...diffs, ...named])];
}

/** Whether it names files, or may do so in what was moved into a blob. */
export function mayNameFiles({ kind, content }: ToolCall): boolean {
  return ofFiles.has(kind) || hasDiff(content);
}

/** Whether the call is said to write its files. */
export function writes({ kind, content = [] }: ToolCall): boolean {
  return kind !== 'read' || content.some((item) => item.type === 'diff');
}

/** What the states of a call say together: a later one lacks what was too large to be remembered for it. */
export function joined(states: readonly ToolCall[]): ToolCall | undefined {
  const [first] = states;
  if (first === undefined) return undefined;
  return states.reduce((before, { content, ...after }) => {
    const told =
      hasDiff(content) || !hasDiff(before.content) ? (content ?? before.content) : before.content;
    return { ...before, ...after, ...(told === undefined ? {} : { content: told }) };
  }, first);
}

function hasDiff(content: readonly ToolContent[] | undefined): boolean {
  return content?.some((item) => item.type === 'diff' || isFolded(item)) === true;
}

/** Contents that were too large together lie in a blob, as JSON. */
function isFolded(item: ToolContent): boolean {
  return item.type === 'content' && item.content.type === 'text' && item.content.blob !== undefined;
}

/** What an agent says of a file that it wrote. `whole`: of all of it; else it may be of a part. */
export interface ToldFile {
  whole: boolean;
  /** Null for a file that was not there; undefined where nothing is told. */
  before: string | null | undefined;
  after: string | undefined;
}

type Diff = Extract<ToolContent, { type: 'diff' }>;
type Blobs = Pick<Store, 'getBlob'>;

/** The call with the contents that were moved into a blob together. */
export async function unfolded(toolCall: ToolCall, blobs: Blobs): Promise<ToolCall> {
  const [item, ...others] = toolCall.content ?? [];
  if (item === undefined || others.length > 0 || !isFolded(item)) return toolCall;
  const { blob } = (item as { content: { blob: BlobRef } }).content;
  const text = await textOf('', blob, blobs);
  if (text?.startsWith('[{') !== true) return toolCall;
  try {
    const content = JSON.parse(text) as readonly ToolContent[];
    return content.some(({ type }) => type === 'diff') ? { ...toolCall, content } : toolCall;
  } catch (error) {
    // The output of a tool that begins like ours.
    if (error instanceof SyntaxError) return toolCall;
    throw error;
  }
}

/** What the call tells of a file, by the name that the agent has for it. */
export async function toldOf(
  { content = [] }: ToolCall,
  named: string,
  blobs: Blobs,
): Promise<ToldFile | undefined> {
  const diffs = content.filter((item): item is Diff => item.type === 'diff' && item.path === named);
  const [diff] = diffs;
  if (diff === undefined) return undefined;
  const before = diff.oldText === null ? null : await textOf(diff.oldText, diff.oldBlob, blobs);
  const after = await textOf(diff.newText, diff.newBlob, blobs);
  if (diff.original !== undefined) {
    const original = await textOf(diff.original, diff.originalBlob, blobs);
    const only =
      diffs.length === 1 ? replaced(original, { before, after }, diff.everywhere) : undefined;
    return { whole: true, before: original, after: only };
  }
  // Several parts of one file: none of them is all of it.
  return diffs.length > 1 ? undefined : { whole: diff.whole === true, before, after };
}

/** All of the file with one part of it replaced; undefined where that part is not in it. */
function replaced(
  original: string | undefined,
  { before, after }: { before: string | null | undefined; after: string | undefined },
  everywhere = false,
): string | undefined {
  if (original === undefined || after === undefined || (before ?? '') === '') return undefined;
  if (!original.includes(before!)) return undefined;
  return everywhere
    ? original.replaceAll(before!, () => after)
    : original.replace(before!, () => after);
}

async function textOf(
  text: string,
  blob: BlobRef | undefined,
  blobs: Blobs,
): Promise<string | undefined> {
  if (blob === undefined) return text;
  const bytes = await blobs.getBlob(blob.digest);
  return bytes && new TextDecoder().decode(bytes);
}
