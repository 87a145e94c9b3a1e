import type * as acp from '@agentclientprotocol/sdk/unstable';
import { serveEditor } from '../acp-face/face.ts';
import type { ServeEditor } from '../api/options.ts';
import { createClient } from '../client/client.ts';
import { nodeSocket } from '../client/node/node-socket.ts';
import { unixFetch } from '../client/node/unix-fetch.ts';
import { realPace } from '../client/pace.ts';
import { version } from './version.ts';

/**
 * Serves each editor of `/acp` by a client of its own on the daemon's Unix socket, with the editor's token:
 * whatever it asks for passes the same scopes, limits and records as a call of anybody else.
 */
export function editorsAt(socket: string): ServeEditor {
  return ({ readable, writable, secret }) =>
    serveEditor({ readable, writable } as acp.Stream, {
      client: async (name) =>
        createClient({
          url: 'http://localhost',
          token: secret,
          name,
          WebSocket: nodeSocket(socket),
          fetch: unixFetch(socket),
        }),
      version,
      pace: realPace,
    });
}
