import { limits } from '../../domain/limits.ts';
import { refuse } from '../../domain/refusal.ts';
import type { AppendLinesAnswer } from '../../engine/session-ops.ts';
import { HttpRefusal } from '../answer.ts';
import type { Calls } from '../calls.ts';
import type { NodePair } from '../node-pair.ts';
import { readQuery } from '../query.ts';
import type { Held } from './held.ts';
import { bodyOf, lastUuid, type Put } from './put.ts';

/** What writers of many entries send, one in each line; told to them with each entry that is stored. */
export const batchType = 'application/x-ndjson';

const newLine = 0x0a;

/** Stores entries in their order, all or none: each goes after the one before it. */
export async function putBatch(
  { incoming }: NodePair,
  { calls, held }: { calls: Calls; held: Held },
  { session, format, caller }: Put,
): Promise<AppendLinesAnswer> {
  checkType(incoming.headers['content-type']);
  const file = fileOf(incoming.url ?? '');
  const body = await bodyOf(incoming, { calls, held }, limits.bodyBytes);
  try {
    const { epoch, by } = caller;
    const input = {
      format,
      lines: linesOf(body.bytes).map((text) => ({ text, ...file })),
      expect: { head: lastUuid(incoming) },
      ...(epoch === null ? {} : { epoch }),
    };
    return await calls.options.engine.logs.appendLines(session, input, by);
  } finally {
    body.letGo();
  }
}

function checkType(given: string | undefined): void {
  const [type = ''] = (given ?? '').split(';');
  if (type.trim().toLowerCase() === batchType) return;
  const message = `Send entries one in each line, with Content-Type: ${batchType}.`;
  throw new HttpRefusal(415, { code: 'invalid', message, field: 'content-type' });
}

/** Part of a path, and none that leads anywhere else. */
const fileName = /^(?:[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}\/){0,3}[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$/;

/** Of a sub-agent's memory, where all of them belong to that. */
function fileOf(url: string): { file?: string } {
  const at = url.indexOf('?');
  const { file } = readQuery(new URLSearchParams(at < 0 ? '' : url.slice(at)), ['file']);
  if (file === undefined) return {};
  if (fileName.test(file)) return { file };
  throw refuse('invalid', 'file: Give a path of letters, digits, . - and _.', { field: 'file' });
}

function linesOf(bytes: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = [];
  for (let from = 0; from < bytes.length;) {
    const found = bytes.indexOf(newLine, from);
    const end = found < 0 ? bytes.length : found;
    lines.push(bytes.subarray(from, end));
    from = end + 1;
  }
  if (lines.length > 0 && lines.length <= limits.appendEntries) return lines;
  const message = `Send 1 to ${limits.appendEntries} entries at once.`;
  throw refuse('too_large', message, { field: 'lines' });
}
