import type { Connection } from './connection.ts';
import { entryAt, intactData } from './entries.ts';

const digestPattern = /^[0-9a-f]{64}$/;

/** Where a digest stands in JSON text as ours write it; finds too much rather than too little. */
const written = /"digest":"([0-9a-f]{64})"/g;

/** Digests that the text may name, as often as it names them. */
export function writtenDigests(json: string): string[] {
  return json.includes('"digest"')
    ? [...json.matchAll(written)].map(([, digest = '']) => digest)
    : [];
}

/** Digests of the blob references (`{digest, size}`) in a JSON value, however deep. */
function* refsIn(value: unknown): Generator<string> {
  const waiting = [value];
  while (waiting.length > 0) {
    const one = waiting.pop();
    if (typeof one !== 'object' || one === null) continue;
    const { digest, size } = one as { digest?: unknown; size?: unknown };
    if (typeof digest === 'string' && digestPattern.test(digest) && Number.isInteger(size)) {
      yield digest;
    }
    for (const part of Object.values(one)) waiting.push(part);
  }
}

/** Notes which blobs an entry names, given its data as JSON text. */
export function writeBlobRefs(
  connection: Connection,
  session: number,
  seq: number,
  data: string,
): void {
  if (!data.includes('"digest"')) return;
  for (const digest of refsIn(parsed(data))) {
    connection.run(
      'INSERT INTO blob_refs (digest, session, seq) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
      digest,
      session,
      seq,
    );
  }
}

/** Damaged data names nothing. */
function parsed(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** A fork of a fork of a fork: no longer chain is followed. */
const longestChain = 64;

/** Whether the log of the session names the blob, or the part of another log that it was forked from. */
export function references(connection: Connection, session: string, digest: string): boolean {
  let log: { session: string; seq: number } | undefined = { session, seq: Number.MAX_SAFE_INTEGER };
  for (let chain = 0; chain < longestChain && log !== undefined; chain += 1) {
    const row = connection.get<{ num: number; seq: number | null }>(
      `SELECT s.num, r.seq FROM sessions s LEFT JOIN blob_refs r ON r.session = s.num AND r.digest = ?2
       WHERE s.id = ?1`,
      log.session,
      digest,
    );
    if (row === undefined) return false;
    if (row.seq !== null && row.seq <= log.seq) return true;
    log = baseOf(connection, row.num);
  }
  return false;
}

function baseOf(connection: Connection, num: number): { session: string; seq: number } | undefined {
  const first = entryAt(connection, num, 1);
  const data = first?.kind === 'fork' ? intactData(first) : undefined;
  return data === undefined ? undefined : (JSON.parse(data) as { session: string; seq: number });
}
