import type { Client } from '../client/client.ts';
import type { Entry } from '../domain/entry.ts';

/**
 * The whole history of a session in its order, page by page: first what it was forked from, then its own
 * log. Nothing but one page is held, however long it is. Answers the seq up to which it has come.
 */
export async function* wholeHistory(
  client: Client,
  session: string,
): AsyncGenerator<{ entry: Entry; inherited: boolean }, number, undefined> {
  for (const page of (await inheritedPages(client, session)).toReversed()) {
    const { entries } = await client.sessions.history({ session, inherited: page, ...inPages });
    for (const entry of entries.toReversed()) yield { entry, inherited: true };
  }
  let seq = 0;
  for (let after: number | null = 0; after !== null;) {
    const page: { entries: Entry[]; next: number | null } = await client.sessions.history({
      session,
      after,
      ...inPages,
    });
    for (const entry of page.entries) {
      seq = entry.seq;
      yield { entry, inherited: false };
    }
    after = page.next;
  }
  return seq;
}

const inPages = { limit: 500, maxBytes: 512 * 1024 };

/** Where each page of the inherited history begins, the newest first: such pages are read backwards only. */
async function inheritedPages(
  client: Client,
  session: string,
): Promise<{ session: string; before: number }[]> {
  const { sessions } = client;
  const pages: { session: string; before: number }[] = [];
  // The oldest entry of a log says whether there is more of it elsewhere.
  let page = await sessions.history({ session, before: 2, limit: 1, maxBytes: 1024 });
  while (page.inherited !== null) {
    pages.push(page.inherited);
    page = await sessions.history({ session, inherited: page.inherited, ...inPages });
  }
  return pages;
}
