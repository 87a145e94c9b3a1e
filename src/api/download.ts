import { once } from 'node:events';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { limits } from '../domain/limits.ts';
import { readBody } from './body.ts';
import type { Calls } from './calls.ts';
import type { Caller } from './caller.ts';
import type { DownloadName } from './handler.ts';
import type { NodePair } from './node-pair.ts';

export const linesType = 'application/x-ndjson';

/** A reader that takes nothing for so long is let go. */
const stuckMs = 60_000;

/** An answer that is sent as it is made. */
export interface Pieces {
  /** Of the operation or path, for the log. */
  name: string;
  caller: Caller;
  type: string;
  pieces: AsyncGenerator<string | Uint8Array>;
}

/**
 * Answers an operation with a stream, as fast as its reader takes it. It is refused before it begins; one
 * that fails later is broken off, so that nobody takes it for whole.
 */
export async function answerDownload(
  { incoming, outgoing }: NodePair,
  calls: Calls,
  { name, caller }: { name: DownloadName; caller: Caller },
): Promise<Response> {
  const input = await readBody(incoming, calls.options.config.bodyBytes ?? limits.bodyBytes);
  const pieces = calls.download(name, input, caller);
  return sendPieces(outgoing, calls, { name, caller, type: linesType, pieces });
}

/** Sends an answer piece by piece. What it can be refused for has to come before its first piece. */
export async function sendPieces(
  outgoing: NodePair['outgoing'],
  calls: Calls,
  { name, caller, type, pieces }: Pieces,
): Promise<Response> {
  const first = await pieces.next();
  outgoing.writeHead(200, { 'content-type': type });
  const open = { caller, cut: () => void outgoing.destroy() };
  calls.live.add(open);
  try {
    for (let piece = first; piece.done !== true; piece = await pieces.next()) {
      if (outgoing.destroyed) break;
      if (!outgoing.write(piece.value)) await taken(outgoing, calls);
    }
    outgoing.end();
  } catch (error) {
    const request = String(outgoing.getHeader('x-request-id'));
    calls.options.log({ event: 'request.failed', request, operation: name, error });
    outgoing.destroy();
  } finally {
    calls.live.remove(open);
    await pieces.return(undefined);
  }
  return RESPONSE_ALREADY_SENT;
}

/** Resolves when there is room again, or nobody is left to take it. */
async function taken(outgoing: NodePair['outgoing'], calls: Calls): Promise<void> {
  if (outgoing.destroyed) return;
  const gone = new AbortController();
  const { signal } = gone;
  const cancel = calls.options.clock.after(stuckMs, () => outgoing.destroy());
  await Promise.race([once(outgoing, 'drain', { signal }), once(outgoing, 'close', { signal })]);
  cancel();
  gone.abort();
}
