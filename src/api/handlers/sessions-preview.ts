import { textOf } from '../../domain/content.ts';
import type { Entry } from '../../domain/entry.ts';
import { wholeUnits } from '../../domain/externalise.ts';
import { RefusalError } from '../../domain/refusal.ts';
import type { OutputOf } from '../../protocol/operations.ts';
import type { Context, Handler } from '../handler.ts';

type Preview = OutputOf<'sessions.preview'>['previews'][number];
type Item = Preview['items'][number];

export const sessionsPreview: Handler<'sessions.preview'> = async (input, context) => {
  const { sessions, items, maxChars } = input;
  const asked = { items, maxChars };
  return { previews: await Promise.all(sessions.map((name) => preview(name, asked, context))) };
};

/** One bad session never fails the others. */
async function preview(
  name: string,
  asked: { items: number; maxChars: number },
  context: Context,
): Promise<Preview> {
  try {
    const id = await context.session(name);
    const items = await lastItems(id, asked, context);
    return { session: name, id, status: items.length === 0 ? 'empty' : 'ok', items };
  } catch (error) {
    const missing = error instanceof RefusalError && error.refusal.code === 'not_found';
    return { session: name, status: missing ? 'missing' : 'error', items: [] };
  }
}

const kinds = ['prompt', 'delivery', 'message', 'tool_call'] as const;

async function lastItems(
  session: string,
  { items, maxChars }: { items: number; maxChars: number },
  { store }: Context,
): Promise<Item[]> {
  const found: Item[] = [];
  const delivered = new Set<string | undefined>();
  let before: number | null = Number.MAX_SAFE_INTEGER;
  // Later states of tool calls show nothing: a few pages may be needed, never the whole log.
  for (let page = 0; page < 4 && before !== null && found.length < items; page++) {
    const { entries, next }: Awaited<ReturnType<typeof store.history>> = await store.history({
      session,
      before,
      kinds,
      limit: 2 * items,
      maxBytes: 512 * 1024,
    });
    for (const entry of entries) {
      if (entry.kind === 'delivery') delivered.add(entry.about);
      // It may have been edited before it was delivered.
      if (entry.kind === 'prompt' && delivered.has(entry.id)) continue;
      const item = itemOf(entry, maxChars);
      if (item !== null && found.length < items) found.push(item);
    }
    before = next;
  }
  return found.toReversed();
}

function itemOf(entry: Entry, maxChars: number): Item | null {
  const { seq, kind } = entry;
  const item = (from: Item['from'], text: string): Item | null =>
    text.trim() === '' ? null : { seq, kind, from, text: cut(text.trim(), maxChars) };
  if (entry.kind === 'delivery') {
    const { content, primed } = entry.data;
    return item('person', textOf(primed === true ? content.slice(1) : content));
  }
  if (entry.parentCall !== undefined || entry.about !== undefined) return null;
  if (entry.kind === 'prompt') return item('person', textOf(entry.data.content));
  if (entry.kind === 'message') return item('agent', textOf(entry.data.content));
  return entry.kind === 'tool_call' ? item('tool', entry.data.title) : null;
}

function cut(text: string, maxChars: number): string {
  return text.length <= maxChars ? text : `${text.slice(0, wholeUnits(text, maxChars - 1))}…`;
}
