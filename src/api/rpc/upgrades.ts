import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { limits } from '../../domain/limits.ts';
import { refuse } from '../../domain/refusal.ts';
import { AcpSocket } from '../acp-socket.ts';
import { HttpRefusal } from '../answer.ts';
import type { Caller } from '../caller.ts';
import type { Calls } from '../calls.ts';
import { FrameBytes, notificationText } from '../frame-bytes.ts';
import { checkPlace, type Guard } from '../guard.ts';
import { credentialsOf } from '../http.ts';
import { refusalAnswer, writeRawAnswer } from '../http-answer.ts';
import { type Credentials, secretOf } from '../tokens.ts';
import { greet, type Hello } from './hello.ts';
import { RpcSocket } from './socket.ts';

const subprotocol = 'turnkeep.v1';

/**
 * Turns requests for `/rpc` and `/acp` into sockets. Everything is checked before the handshake is answered.
 */
export class Upgrades {
  #calls: Calls;
  #bytes = new FrameBytes(notificationText);
  #server: WebSocketServer;

  constructor(calls: Calls) {
    this.#calls = calls;
    this.#server = new WebSocketServer({
      noServer: true,
      maxPayload: calls.options.config.bodyBytes ?? limits.bodyBytes,
      maxFragments: limits.messageFragments,
      maxBufferedChunks: limits.frameChunks,
      perMessageDeflate: false,
      clientTracking: false,
      handleProtocols: (offered) => (offered.has(subprotocol) ? subprotocol : false),
    });
    this.#server.on('wsClientError', (_error, socket) => {
      const message = 'This is no WebSocket handshake of version 13.';
      writeRawAnswer(socket, refusalAnswer({ code: 'invalid', message }));
    });
  }

  /** Never rejects: what goes wrong is the answer. */
  async upgrade(asked: { request: IncomingMessage; socket: Duplex; head: Buffer }, guard: Guard) {
    const { request, socket, head } = asked;
    const gone = () => socket.destroy();
    socket.on('error', gone);
    try {
      checkPlace(request, guard);
      const credentials = credentialsOf(request);
      if (isPage(request.url, credentials)) return this.#greet(asked, credentials, gone);
      const caller = await this.#calls.tokens.authenticate(credentials);
      const serve = this.#faceAt(request.url, credentials);
      this.#server.handleUpgrade(request, socket, head, (opened) => {
        socket.off('error', gone);
        serve(opened, caller);
      });
    } catch (error) {
      const where = { request: this.#calls.options.clock.newId(), operation: 'upgrade' };
      const refusal = this.#calls.refusalOf(error, where);
      writeRawAnswer(socket, refusalAnswer(refusal, error instanceof HttpRefusal ? error : {}));
    }
  }

  /** A page says its half of the login when the socket is open: until then it is nobody's. */
  #greet(
    { request, socket, head }: { request: IncomingMessage; socket: Duplex; head: Buffer },
    credentials: Credentials,
    gone: () => void,
  ): void {
    const { options, tokens } = this.#calls;
    const serve = this.#faceAt(request.url, credentials);
    this.#server.handleUpgrade(request, socket, head, (opened) => {
      socket.off('error', gone);
      const authenticate = ({ page, client }: Hello) =>
        tokens.authenticate({ ...credentials, client, login: { ...credentials.login, page } });
      void greet({ socket: opened, wire: socket }, options.clock, authenticate).then((caller) => {
        if (caller !== null) serve(opened, caller);
      });
    });
  }

  #faceAt(
    url: string | undefined,
    credentials: Credentials,
  ): (opened: WebSocket, caller: Caller) => void {
    const calls = this.#calls;
    const { editors } = calls.options;
    if (url === '/rpc') {
      return (opened, caller) => new RpcSocket(opened, caller, { calls, bytes: this.#bytes });
    }
    if (url === '/acp' && editors !== undefined) {
      const secret = secretOf(credentials);
      return (opened, caller) => new AcpSocket(opened, caller, { calls, secret, serve: editors });
    }
    throw refuse('not_found', 'The WebSockets here are /rpc and /acp, without a query.');
  }
}

/** Browsers send the cookie of a login with an upgrade, and can send no header. */
function isPage(url: string | undefined, { authorization, login }: Credentials): boolean {
  return url === '/rpc' && authorization === undefined && login.cookie !== undefined;
}
