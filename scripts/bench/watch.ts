import type { WebSocket } from 'ws';

const place = /"session":"([^"]+)","entry":\{"seq":(\d+)/;
const kindOf = /"kind":"([a-z_]+)"/;

/** The beginning of an entry's frame, without reading the rest of it; null for other frames. */
export function readEntry(data: Buffer): { session: string; seq: number; kind: string } | null {
  const start = data.toString('latin1', 0, 600);
  const [, session, seq] = place.exec(start) ?? [];
  const kind = kindOf.exec(start)?.[1];
  if (session === undefined || kind === undefined) return null;
  return { session, seq: Number(seq), kind };
}

/** Opens a feed from the beginning; what it brings comes to the socket's listeners. */
export function openFeed(socket: WebSocket, session: string): void {
  const params = { session, after: 0 };
  socket.send(JSON.stringify({ jsonrpc: '2.0', id: session, method: 'feeds.open', params }));
}

/** Tells when runs end, of the sessions whose feeds are open on the socket. */
export class RunEnds {
  readonly #ended = new Map<string, () => void>();

  constructor(socket: WebSocket) {
    socket.on('message', (data: Buffer) => {
      const entry = readEntry(data);
      if (entry?.kind === 'run_ended') this.#ended.get(entry.session)?.();
    });
  }

  /** Resolves with the next end of a run of that session. */
  next(session: string): Promise<void> {
    return new Promise((resolve) => this.#ended.set(session, resolve));
  }
}
