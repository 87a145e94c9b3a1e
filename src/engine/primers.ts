import { limits } from '../domain/limits.ts';
import { Primer } from '../domain/primer.ts';
import type { Clock } from '../ports/clock.ts';
import type { Store } from '../ports/store.ts';
import { type LogPlace, pathBackwards } from './ancestry.ts';
import type { Told } from './prompt-contents.ts';

/**
 * A text that tells the conversation up to a place; null where there is none. It begins at `from`; without
 * that where readers of the conversation begin, too: at its last compaction or reset.
 */
export async function primerOf(
  { store, clock }: { store: Store; clock: Clock },
  place: LogPlace & { node: string | null },
  { from, summary }: { from: number | null; summary: string | undefined } = {
    from: null,
    summary: undefined,
  },
): Promise<Told | null> {
  const primer = new Primer(limits.primerChars);
  let begins = from === null ? null : { session: place.session, seq: from };
  let before = summary;
  for await (const { session, entry } of pathBackwards(store, place)) {
    if (entry.kind === 'reset') break;
    if (begins !== null && (session !== begins.session || entry.seq < begins.seq)) break;
    if (begins === null && entry.kind === 'compaction') {
      begins = { session, seq: entry.data.keepSeq };
      before = entry.data.summary;
    }
    primer.add(entry);
    if (primer.full) break;
  }
  if (primer.empty && before === undefined) return null;
  const text = primer.text(before);
  const bytes = new TextEncoder().encode(text);
  return { ref: await store.putBlob(bytes, clock.sha256(bytes)), text };
}
