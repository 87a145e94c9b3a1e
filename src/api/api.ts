import { Calls } from './calls.ts';
import { Events } from './events.ts';
import { httpApp } from './http.ts';
import { Listener } from './listener.ts';
import { Live } from './live.ts';
import type { ApiOptions } from './options.ts';
import { Upgrades } from './rpc/upgrades.ts';
import { Tokens } from './tokens.ts';

/** The faces of one daemon: HTTP, server-sent events and JSON-RPC over WebSocket. */
export interface Api {
  /** Rejects where the address cannot be had; then nothing listens. */
  listen(at: ListenAt): Promise<Listening>;
  /**
   * Closes what a token has open. To be called for tokens revoked by other means than
   * `tokens.revoke`.
   */
  revoked(token: string): void;
}

export interface ListenAt {
  /** A loopback address, unless the operator asked for another. */
  host: string;
  /** 0 for a free one. */
  port: number;
  /** A Unix socket beside it, at most 103 bytes; its directory is the caller's to protect. */
  socketPath?: string;
}

export interface Listening {
  url: string;
  /**
   * Ends streams and sockets, and resolves when every connection is gone, at most at the deadline.
   */
  close(deadlineMs: number): Promise<void>;
}

export function createApi(options: ApiOptions): Api {
  const live = new Live(options.clock);
  const calls = new Calls(
    options,
    new Tokens(options.store.tokens, options.clock, options.logins),
    live,
  );
  const faces = { calls, app: httpApp(calls, new Events(calls)), upgrades: new Upgrades(calls) };
  return {
    async listen({ host, port, socketPath }) {
      const tcp = new Listener(faces);
      const url = await tcp.listenTcp(host, port);
      const listeners = [tcp];
      const close = async (deadlineMs: number): Promise<void> => {
        const closing = listeners.map((each) => each.close(deadlineMs));
        live.end();
        await Promise.all(closing);
      };
      if (socketPath === undefined) return { url, close };
      const unix = new Listener(faces);
      try {
        await unix.listenUnix(socketPath);
      } catch (error) {
        await close(0);
        throw error;
      }
      listeners.push(unix);
      return { url, close };
    },
    revoked: (token) => calls.revoked(token),
  };
}
