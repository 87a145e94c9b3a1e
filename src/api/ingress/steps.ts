import { toBase64 } from '../../domain/base64.ts';
import type { BlobRef } from '../../domain/content.ts';
import type { Entry } from '../../domain/entry.ts';
import { refuse } from '../../domain/refusal.ts';
import { transcriptEntry } from '../../formats/claude/entry.ts';
import type { Blobs } from '../../formats/whole-content.ts';
import type { Store } from '../../ports/store.ts';
import type { History, HistoryPlace, Segment } from './segments.ts';
import { isBoundary } from './segments.ts';

/** Where the next page of a history begins; `parent` is what the next entry that is made follows. */
export interface Cursor extends HistoryPlace {
  parent: string | null;
}

/** An entry of a history as programs read it. */
export interface Step {
  entry: Entry;
  compaction: boolean;
  payload: Payload | null;
  /** What comes after it. */
  cursor: Cursor;
}

/** JSON as a text, or as a blob that holds it: a line that was too large for its entry. */
export type Payload = { text: string } | { blob: BlobRef };

const page = { limit: 500, maxBytes: 256 * 1024 } as const;

/**
 * The history from a place on, page by page: of agents' own lines where there are any, else of our entries,
 * of which those of the conversation are made into such lines.
 */
export async function* steps(
  store: Store,
  { format, history, from }: { format: string; history: History; from: Cursor },
): AsyncGenerator<readonly Step[]> {
  const { segments, view } = history;
  let { parent } = from;
  for (const [segment, part] of segments.entries()) {
    if (segment < from.segment) continue;
    const reader = part.native ? lineReader(format) : entryReader(store, view.row, parent);
    let after: number | null = segment === from.segment ? from.after : 0;
    while (after !== null && after < part.last) {
      const found = await pageOf(store, part, after);
      const read: Step[] = [];
      for (const entry of found.entries) {
        const step = await reader(entry);
        if (step === null) continue;
        ({ parent } = step);
        read.push({ ...step, entry, cursor: { segment, after: entry.seq, parent } });
      }
      yield read;
      after = found.next;
    }
  }
}

async function pageOf(
  store: Store,
  { session, last, native }: Segment,
  after: number,
): Promise<{ entries: readonly Entry[]; next: number | null }> {
  const kinds = native ? { kinds: ['native'] as const } : {};
  const found = await store.history({ session, after, ...kinds, ...page });
  return { ...found, entries: found.entries.filter(({ seq }) => seq <= last) };
}

type Read = Omit<Step, 'entry' | 'cursor'> & { parent: string | null };
type Reader = (entry: Entry) => Promise<Read | null> | Read | null;

/** The lines of the main file as they were written; those of sub-agents are in files of their own. */
function lineReader(format: string): Reader {
  return (entry) => {
    if (entry.kind !== 'native') return null;
    const { data } = entry;
    if (data.format !== format || data.file !== '' || data.differs === true) return null;
    const payload = data.blob === undefined ? { text: data.line } : { blob: data.blob };
    return { compaction: isBoundary(entry), payload, parent: null };
  };
}

function entryReader(
  store: Store,
  { id, cwd, model, agent }: History['view']['row'],
  first: string | null,
): Reader {
  let parent = first;
  const blobs = blobsOf(store);
  return async (entry) => {
    const place = { parent, session: id, cwd, model: model ?? agent };
    const made = await transcriptEntry(entry, place, blobs);
    if (made !== null) parent = entry.id;
    const payload = made === null ? null : { text: JSON.stringify(made) };
    return { compaction: isBoundary(entry), payload, parent };
  };
}

function blobsOf(store: Store): Blobs {
  const text = async (digest: string): Promise<string | null> => {
    const bytes = await store.getBlob(digest);
    return bytes === undefined ? null : new TextDecoder().decode(bytes);
  };
  const base64 = async (digest: string): Promise<string | null> => {
    const bytes = await store.getBlob(digest);
    return bytes === undefined ? null : toBase64(bytes);
  };
  return { text, base64 };
}

/** A payload as it is sent; what lies in a blob comes back to the byte. */
export async function payloadBytes(store: Store, payload: Payload): Promise<string | Uint8Array> {
  if ('text' in payload) return payload.text;
  const bytes = await store.getBlob(payload.blob.digest);
  if (bytes !== undefined) return bytes;
  throw refuse('unavailable', 'The content of a line is not there any more.');
}
