import type { IncomingMessage } from 'node:http';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { refuse } from '../domain/refusal.ts';
import { HttpRefusal } from './answer.ts';
import type { Calls } from './calls.ts';
import type { Caller } from './caller.ts';
import { linesType } from './download.ts';
import type { UploadName } from './handler.ts';
import { type HttpAnswer, jsonAnswer, refusalAnswer, writeAnswer } from './http-answer.ts';
import type { NodePair } from './node-pair.ts';
import { readQuery } from './query.ts';
import type { Operation } from '../protocol/operation.ts';
import { operations } from '../protocol/operations.ts';

const bytesType = 'application/octet-stream';

/** A sender that sends nothing for so long is let go; how long the whole takes is not looked at. */
const silentMs = 30_000;
/** So long may one that was refused go on sending: what it sends is not looked at. */
const lingerMs = 10_000;

/** Takes an operation whose body is a stream, as fast as it can be stored. */
export async function answerUpload(
  pair: NodePair,
  calls: Calls,
  { name, caller, query }: { name: UploadName; caller: Caller; query: URLSearchParams },
): Promise<Response> {
  const { incoming, outgoing } = pair;
  const answer = await answerOf(pair, calls, { name, caller, query });
  writeAnswer(outgoing, answer);
  if (incoming.complete) return RESPONSE_ALREADY_SENT;
  // Whoever still sends reads the refusal only if the connection lives until it has.
  incoming.resume();
  const cancel = calls.options.clock.after(lingerMs, () => incoming.destroy());
  incoming.once('close', cancel);
  return RESPONSE_ALREADY_SENT;
}

async function answerOf(
  { incoming, outgoing, untimed }: NodePair,
  calls: Calls,
  { name, caller, query }: { name: UploadName; caller: Caller; query: URLSearchParams },
): Promise<HttpAnswer> {
  const open = { caller, cut: () => void incoming.destroy() };
  try {
    checkHeaders(incoming, operations[name]);
    const input = readQuery(query, Object.keys(operations[name].input.shape));
    untimed();
    calls.live.add(open);
    const chunks = chunksOf(incoming, calls);
    return jsonAnswer(await calls.upload(name, input, { caller, chunks }));
  } catch (error) {
    const request = String(outgoing.getHeader('x-request-id'));
    const refusal = calls.refusalOf(error, { request, operation: name });
    return refusalAnswer(refusal, error instanceof HttpRefusal ? error : {});
  } finally {
    calls.live.remove(open);
  }
}

function checkHeaders({ headers }: IncomingMessage, { body }: Operation): void {
  const wanted = body === 'bytes' ? bytesType : linesType;
  const [type = ''] = (headers['content-type'] ?? '').split(';');
  if (type.trim().toLowerCase() !== wanted) {
    throw new HttpRefusal(415, {
      code: 'invalid',
      message: `Send the file as it is, with Content-Type: ${wanted}.`,
      field: 'content-type',
    });
  }
  if (headers['content-encoding'] !== undefined) {
    throw new HttpRefusal(415, {
      code: 'invalid',
      message: 'Send the body without a content encoding.',
      field: 'content-encoding',
    });
  }
}

/** A body as it comes; what is not asked for waits at the sender, and who sends nothing is let go. */
export async function* chunksOf(
  incoming: IncomingMessage,
  calls: Calls,
): AsyncGenerator<Uint8Array> {
  const { clock } = calls.options;
  const chunks = incoming.iterator({ destroyOnReturn: false });
  try {
    for (;;) {
      const cancel = clock.after(silentMs, () => incoming.destroy());
      const next = (await chunks.next().finally(cancel)) as IteratorResult<Uint8Array, undefined>;
      if (next.done === true) return;
      yield next.value;
    }
  } catch (error) {
    if (!incoming.destroyed) throw error;
    throw refuse('invalid', 'The body ended before it was whole.');
  } finally {
    await chunks.return?.();
  }
}
