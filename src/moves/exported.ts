import { createHash } from 'node:crypto';
import type { SessionRow } from '../domain/row.ts';
import type { FormatPorts, RunningHash } from '../formats/format.ts';
import { writeTurnkeep } from '../formats/turnkeep/write.ts';
import type { Clock } from '../ports/clock.ts';
import type { Store } from '../ports/store.ts';

/** How much of a log has gone out. */
export interface Sent {
  entries: number;
  bytes: number;
}

/** A log from an entry on, as the bytes of a file; `sent` is told of each piece when the next is asked for. */
export async function* exported(
  { row, after }: { row: SessionRow; after: number },
  { store, clock }: { store: Store; clock: Clock },
  sent: (piece: Sent) => void,
): AsyncGenerator<Uint8Array> {
  const { id, key, agent, cwd, title, createdAt, lastSeq, head, forkedFrom, model } = row;
  const told = { id, key, agent, cwd, title, model, createdAt, lastSeq, head, forkedFrom };
  const ports: FormatPorts = { store, sha256: (content) => clock.sha256(content), newHash };
  for await (const text of writeTurnkeep({ ...told, after }, ports)) {
    const bytes = Buffer.from(text, 'utf8');
    yield bytes;
    sent({ entries: text.match(entryLine)?.length ?? 0, bytes: bytes.byteLength });
  }
}

const entryLine = /^\{"type":"entry"/gm;

function newHash(): RunningHash {
  const hash = createHash('sha256');
  return { update: (content) => void hash.update(content), digest: () => hash.digest('hex') };
}
