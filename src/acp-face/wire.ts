import type { AnyMessage, Stream } from '@agentclientprotocol/sdk/unstable';
import { isObject } from '../domain/json.ts';

/** Requests of an editor that may be open at once: prompts stay open for as long as their runs. */
const openRequests = 64;
const idChars = 200;
/** Notifications that mean something here; others are for other agents. */
const notifications: ReadonlySet<unknown> = new Set(['session/cancel', '$/cancel_request']);

const invalidRequest = -32_600;
const limited = -32_011;

/**
 * A stream from which only sensible messages come: requests with an id that can be told apart from the
 * others', so many at once, and answers to what was asked. All else is answered or dropped here, so that
 * nothing that an editor sends makes anything grow.
 */
export function guarded(stream: Stream): Stream {
  const reader = stream.readable.getReader();
  const writer = stream.writable.getWriter();
  const open = new Set<unknown>();
  const asked = new Set<unknown>();
  const send = (message: AnyMessage): Promise<void> => {
    if ('method' in message) {
      if ('id' in message) asked.add(message.id);
    } else open.delete(message.id);
    return writer.write(message);
  };
  return {
    readable: new ReadableStream<AnyMessage>(
      {
        pull: async (controller) => {
          for (;;) {
            const { value, done } = await reader.read();
            if (done) return controller.close();
            const verdict = judge(value, open, asked);
            if (verdict === 'drop') continue;
            if (verdict === 'take') return controller.enqueue(value);
            await writer.write(verdict);
          }
        },
        cancel: (reason) => reader.cancel(reason),
      },
      { highWaterMark: 0 },
    ),
    writable: new WritableStream<AnyMessage>({
      write: send,
      close: () => writer.close(),
      abort: (reason) => writer.abort(reason),
    }),
  };
}

type Verdict = 'take' | 'drop' | AnyMessage;

function judge(value: unknown, open: Set<unknown>, asked: Set<unknown>): Verdict {
  if (!isObject(value) || value['jsonrpc'] !== '2.0') {
    return refused(null, invalidRequest, 'A message is one JSON-RPC 2.0 object.');
  }
  const { id, method } = value as { id?: unknown; method?: unknown };
  if (method === undefined) return asked.delete(id) ? 'take' : 'drop';
  if (id === undefined) return notifications.has(method) ? 'take' : 'drop';
  if (!isId(id)) {
    const message = `The id of a request is a whole number or a text of at most ${idChars} characters.`;
    return refused(null, invalidRequest, message);
  }
  if (open.has(id)) return refused(null, invalidRequest, 'A request with this id is open.');
  if (open.size >= openRequests) {
    const message = `At most ${openRequests} requests may be open at once.`;
    return refused(id, limited, message);
  }
  open.add(id);
  return 'take';
}

function isId(id: unknown): id is string | number {
  return typeof id === 'string' ? id.length <= idChars : Number.isSafeInteger(id);
}

function refused(id: string | number | null, code: number, message: string): AnyMessage {
  const data = { code: code === limited ? 'limited' : 'invalid' };
  return { jsonrpc: '2.0', id, error: { code, message, data } };
}
