/** The part of a WebSocket that the client needs; the browser's and that of the package ws both fit. */
export interface WebSocketLike {
  send(text: string): void;
  close(code?: number, reason?: string): void;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  onerror: ((event: never) => void) | null;
}

/** Who the socket is for. A browser cannot send headers: there a cookie must do. */
export interface SocketIdentity {
  token: string;
  name: string | undefined;
}

export type MakeSocket = (url: string, identity: SocketIdentity) => WebSocketLike;

/** Codes with which a socket closes when the server does not let it in: it is not tried again. */
export const closeCodes = { unauthenticated: 4401, forbidden: 4403 } as const;

export const browserSocket: MakeSocket = (url) => new WebSocket(url) as unknown as WebSocketLike;
