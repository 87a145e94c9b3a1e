import { type Client, RefusalError, type SessionRow } from 'turnkeep/client';

/** What may be done with several sessions at once. */
export type Several = 'stop' | 'archive' | 'unarchive';

export interface Outcome {
  done: number;
  /** Why the others were not: each reason once. */
  reasons: readonly string[];
  refused: number;
}

/** So many are asked for at the same time. */
const together = 8;

/** Whether the action means anything for a session. */
export function applies(what: Several, row: SessionRow): boolean {
  if (what === 'stop') return row.activeRun !== null;
  return row.archived !== (what === 'archive');
}

/** Does it with each, whatever becomes of the others. */
export async function doWithAll(
  client: Client,
  what: Several,
  rows: readonly SessionRow[],
): Promise<Outcome> {
  const left = [...rows];
  const reasons = new Set<string>();
  let refused = 0;
  const work = async () => {
    for (let row = left.shift(); row !== undefined; row = left.shift()) {
      try {
        await doWith(client, what, row);
      } catch (error) {
        refused += 1;
        reasons.add(messageOf(error));
      }
    }
  };
  await Promise.all(Array.from({ length: together }, work));
  return { done: rows.length - refused, refused, reasons: [...reasons] };
}

function doWith(client: Client, what: Several, row: SessionRow): Promise<unknown> {
  const session = row.id;
  switch (what) {
    case 'stop':
      // The run that is shown, and none that has begun since.
      return row.activeRun === null
        ? Promise.resolve()
        : client.sessions.abort({ session, run: row.activeRun.id });
    case 'archive':
    case 'unarchive':
      return client.sessions.patch({ session, archived: what === 'archive' });
  }
}

/** The words of a refusal; anything else is a fault of the page, and thrown. */
export function messageOf(error: unknown): string {
  if (!(error instanceof RefusalError)) throw error;
  return error.refusal.message;
}
