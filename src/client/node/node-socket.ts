import { connect } from 'node:net';
import { WebSocket } from 'ws';
import { limits } from '../../domain/limits.ts';
import { clientHeader } from '../http-call.ts';
import { closeCodes, type MakeSocket, type WebSocketLike } from '../socket.ts';

/**
 * Sockets of the package ws, because those of Node cannot send the token in a header. `unixSocket` is the
 * path of a Unix socket to reach the daemon by, instead of the host in the URL.
 */
export function nodeSocket(unixSocket?: string): MakeSocket {
  return (url, { token, name }) => {
    const socket = new WebSocket(url, {
      // Not as a `ws+unix:` address, in which a path with a space or a colon is another one.
      ...(unixSocket === undefined ? {} : { createConnection: () => connect(unixSocket) }),
      headers: {
        ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
        ...(name === undefined ? {} : { [clientHeader]: name }),
      },
      handshakeTimeout: 10_000,
      maxPayload: 16 * limits.bodyBytes,
      perMessageDeflate: false,
    });
    return adapt(socket);
  };
}

/** An answer 401 or 403 to the upgrade becomes a close code, as a server's own closing would be. */
function adapt(socket: WebSocket): WebSocketLike {
  let refused = 0;
  const like: WebSocketLike = {
    send: (text) => socket.send(text),
    close: (code, reason) => socket.close(code, reason),
    onopen: null,
    onmessage: null,
    onclose: null,
    onerror: null,
  };
  socket.on('unexpected-response', (request, response) => {
    if (response.statusCode === 401) refused = closeCodes.unauthenticated;
    if (response.statusCode === 403) refused = closeCodes.forbidden;
    request.destroy();
    socket.terminate();
  });
  socket.on('open', () => like.onopen?.(undefined as never));
  socket.on('message', (data: Buffer) => like.onmessage?.({ data: data.toString('utf8') }));
  socket.on('close', (code, reason) =>
    like.onclose?.({ code: refused || code, reason: String(reason) }),
  );
  socket.on('error', () => like.onerror?.(undefined as never));
  return like;
}
