import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type { Client } from '../../src/client/index.ts';
import type { Entry } from '../../src/domain/entry.ts';
import type { Calls } from './calls.ts';
import { Notes } from './notes.ts';
import type { Dice } from './random.ts';

export interface Subscriber {
  readonly notes: Notes;
  readonly session: string;
  stop(): void;
}

/** A follower with the product's own client, which comes back by itself. */
export function follow(session: string, client: Client): Subscriber {
  const notes = new Notes(`client of ${session}`);
  const leaving = new AbortController();
  const following = client.follow(session, {
    after: 0,
    signal: leaving.signal,
    onEntry: (entry) => notes.entry(entry, false),
    onPartial: ({ entryId, part, whole, replaced }) => {
      if (part === 'output') return;
      if (replaced) notes.fault(`the text of ${entryId} was replaced`);
      notes.text(entryId, whole);
    },
    onAbandoned: ({ entryId, part }) => {
      if (part !== 'output') notes.fault(`the text of ${entryId} was abandoned`);
    },
    onSnapshot: () => (notes.connections += 1),
  });
  following.catch((error: unknown) => notes.fault(`the feed ended: ${String(error)}`));
  return { notes, session, stop: () => leaving.abort() };
}

/** Bare JSON-RPC on a WebSocket of its own: says on return how much of each text it holds. */
export function readSocket(session: string, calls: Calls, dice: Dice): Subscriber {
  const notes = new Notes(`socket of ${session}`);
  const reader = new Reader(dice, () => {
    const socket = new WebSocket(`${calls.url.replace(/^http/, 'ws')}/rpc`, {
      headers: { authorization: `Bearer ${calls.token}` },
    });
    socket.on('open', () => {
      const params = { session, after: notes.cursor, partials: notes.offsets };
      socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'feeds.open', params }));
    });
    socket.on('message', (data: Buffer) => socketMessage(notes, data.toString()));
    return {
      closed: new Promise((resolve) => {
        socket.on('close', () => resolve());
        socket.on('error', () => resolve());
      }),
      close: () => socket.terminate(),
    };
  });
  return { notes, session, stop: () => reader.stop() };
}

function socketMessage(notes: Notes, text: string): void {
  const message = JSON.parse(text) as {
    id?: number;
    method?: string;
    params?: Record<string, unknown>;
    result?: { partials: Parameters<Notes['piece']>[0][] };
    error?: { data?: { code?: string }; message: string };
  };
  if (message.result !== undefined) {
    notes.connections += 1;
    for (const piece of message.result.partials) notes.piece(piece);
  } else if (message.error !== undefined) notes.fault(`feeds.open: ${message.error.message}`);
  else if (message.method !== undefined) frame(notes, message.method, message.params ?? {});
}

function frame(notes: Notes, event: string, params: Record<string, unknown>): void {
  if (event === 'entry') notes.entry(params['entry'] as Entry, params['sealed'] === true);
  if (event === 'partial') notes.piece(params as unknown as Parameters<Notes['piece']>[0]);
}

/** Server-sent events: goes on from the last entry, and gets text in progress from its beginning. */
export function readStream(session: string, calls: Calls, dice: Dice): Subscriber {
  const notes = new Notes(`stream of ${session}`);
  const reader = new Reader(dice, () => {
    const leaving = new AbortController();
    return {
      closed: readEvents(notes, { session, calls, signal: leaving.signal }),
      close: () => leaving.abort(),
    };
  });
  return { notes, session, stop: () => reader.stop() };
}

async function readEvents(
  notes: Notes,
  { session, calls, signal }: { session: string; calls: Calls; signal: AbortSignal },
): Promise<void> {
  notes.letGo();
  try {
    const url = `${calls.url}/v1/sessions/${session}/events?after=${notes.cursor}`;
    const headers = { authorization: `Bearer ${calls.token}` };
    const answer = await fetch(url, { headers, signal });
    if (!answer.ok || answer.body === null) return;
    let rest = '';
    for await (const text of answer.body.pipeThrough(new TextDecoderStream())) {
      const blocks = (rest + text).split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) streamEvent(notes, block);
    }
  } catch (error) {
    // The daemon was killed, or the reader left: both are what this is for.
    const cut = error instanceof TypeError || (error as Error).name === 'AbortError';
    if (!cut) notes.fault(`the stream broke: ${String(error)}`);
  }
}

function streamEvent(notes: Notes, block: string): void {
  // By lines and not by a pattern, whose dot would end at U+2028 within a text.
  const field = (name: string): string | undefined =>
    block
      .split('\n')
      .find((line) => line.startsWith(`${name}: `))
      ?.slice(name.length + 2);
  const [event, data] = [field('event'), field('data')];
  if (event === undefined || data === undefined) return;
  const params = JSON.parse(data) as Record<string, unknown>;
  if (event !== 'snapshot') return frame(notes, event, params);
  notes.connections += 1;
  for (const piece of params['partials'] as Parameters<Notes['piece']>[0][]) notes.piece(piece);
}

/** Connects again and again, and now and then lets go of a connection that is fine. */
class Reader {
  #stopped = false;
  #close: () => void = () => undefined;

  constructor(dice: Dice, connect: () => { closed: Promise<void>; close: () => void }) {
    void this.#run(dice, connect);
  }

  stop(): void {
    this.#stopped = true;
    this.#close();
  }

  async #run(
    dice: Dice,
    connect: () => { closed: Promise<void>; close: () => void },
  ): Promise<void> {
    while (!this.#stopped) {
      const { closed, close } = connect();
      this.#close = close;
      const timer = dice.chance(0.3) ? setTimeout(close, dice.whole(50, 2000)) : undefined;
      await closed;
      clearTimeout(timer);
      close();
      await sleep(dice.whole(10, 60));
    }
  }
}
