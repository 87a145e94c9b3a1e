import { fromBase64 } from '../../domain/base64.ts';
import type { EntryOf } from '../../domain/entry.ts';
import { type RefusalError } from '../../domain/refusal.ts';
import type { Client } from '../client.ts';

type Native = EntryOf<'native'>;

/** A line of an agent's memory, with its place in the log. */
export interface StoredLine {
  seq: number;
  file: string;
  text: string;
}

/** The lines of a session after a seq, as they were written; none where there is no such session. */
export async function* storedLines(
  client: Client,
  session: string,
  from: number,
): AsyncGenerator<StoredLine, void, undefined> {
  for (let after: number | null = from; after !== null;) {
    const page = await pageOf(client, session, after);
    if (page === null) return;
    for (const entry of page.entries) {
      const { seq, data } = entry as Native;
      if (data.differs === true) continue;
      const text = data.blob === undefined ? data.line : await textOf(client, session, data.blob);
      yield { seq, file: data.file, text };
    }
    after = page.next;
  }
}

type Page = Awaited<ReturnType<Client['sessions']['history']>>;

async function pageOf(client: Client, session: string, after: number): Promise<Page | null> {
  try {
    return await client.sessions.history({
      session,
      after,
      kinds: ['native'],
      limit: 1000,
      maxBytes: 1024 * 1024,
    });
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/** A line that was too large for its entry. */
async function textOf(
  client: Client,
  session: string,
  { digest }: { digest: string },
): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for (let offset: number | null = 0; offset !== null;) {
    const part: { base64: string; next: number | null } = await client.blobs.get({
      session,
      digest,
      offset,
    });
    text += decoder.decode(fromBase64(part.base64), { stream: true });
    offset = part.next;
  }
  return text + decoder.decode();
}

export function isMissing(error: unknown): boolean {
  return (error as Partial<RefusalError>).refusal?.code === 'not_found';
}
