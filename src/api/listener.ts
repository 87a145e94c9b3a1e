import { once } from 'node:events';
import { chmod, lstat, unlink } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { getRequestListener } from '@hono/node-server';
import { limits } from '../domain/limits.ts';
import type { Calls } from './calls.ts';
import { checkPlace, guardOf, type Guard } from './guard.ts';
import type { HttpApp, NodePair } from './http.ts';
import { refusalAnswer, securityHeaders, writeAnswer, writeRawAnswer } from './http-answer.ts';
import type { Upgrades } from './rpc/upgrades.ts';

const headersMs = 5000;
const requestMs = 30_000;
/** Slow requests are looked for this often. */
const checkMs = 1000;
/** Bytes of a Unix socket's path that every system takes. */
const maxPathBytes = 103;

export interface Faces {
  calls: Calls;
  app: HttpApp;
  upgrades: Upgrades;
}

/** One server on one address, TCP or Unix; what it answers is the same. */
export class Listener {
  #faces: Faces;
  #server: Server;
  #sockets = new Set<Socket>();
  #closing = false;
  #guard: Guard = { hosts: new Set(), origins: new Set() };

  constructor(faces: Faces) {
    this.#faces = faces;
    this.#server = createServer({
      headersTimeout: headersMs,
      requestTimeout: requestMs,
      connectionsCheckingInterval: checkMs,
      shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === 'websocket',
    });
    this.#server.maxConnections = faces.calls.options.config.connections ?? limits.connections;
    const listener = getRequestListener(
      (request, env) => faces.app.fetch(request, env as NodePair),
      {
        overrideGlobalObjects: false,
      },
    );
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    this.#server.on('request', (incoming, outgoing) => {
      outgoing.once('close', () => this.#answered());
      if (this.#admit(incoming, outgoing)) void listener(incoming, outgoing);
    });
    this.#server.on('upgrade', (request, socket, head) => {
      void faces.upgrades.upgrade({ request, socket, head }, this.#guard);
    });
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      answerBadRequest(error, socket);
    });
  }

  /** Answers the address, `http://…` with the port that it got. */
  async listenTcp(host: string, port: number): Promise<string> {
    this.#server.listen({ host, port });
    await once(this.#server, 'listening');
    const { port: own } = this.#server.address() as AddressInfo;
    this.#ready(own);
    return `http://${host.includes(':') ? `[${host}]` : host}:${own}`;
  }

  async listenUnix(path: string): Promise<void> {
    if (Buffer.byteLength(path) > maxPathBytes) {
      throw new RangeError(`The path of a Unix socket has at most ${maxPathBytes} bytes: ${path}`);
    }
    await removeStale(path);
    this.#server.listen({ path });
    await once(this.#server, 'listening');
    await chmod(path, 0o600);
    this.#ready(null);
  }

  /**
   * Takes no more connections, lets answers under way leave until the deadline, then closes all.
   */
  async close(deadlineMs: number): Promise<void> {
    const { clock } = this.#faces.calls.options;
    this.#closing = true;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeIdleConnections();
    const cancel = clock.after(deadlineMs, () => {
      for (const socket of this.#sockets) socket.destroy();
    });
    await closed;
    cancel();
  }

  /** A connection that was kept for more has nothing more to wait for. */
  #answered(): void {
    if (this.#closing) setImmediate(() => this.#server.closeIdleConnections());
  }

  #ready(port: number | null): void {
    const { config, log } = this.#faces.calls.options;
    this.#guard = guardOf(port, config);
    this.#server.on('error', (error) => log({ event: 'listener.failed', error }));
  }

  /** What holds for every request, before anything looks at what it asks for. */
  #admit(incoming: IncomingMessage, outgoing: ServerResponse): boolean {
    const { calls } = this.#faces;
    const request = calls.options.clock.newId();
    for (const [name, value] of Object.entries(securityHeaders)) outgoing.setHeader(name, value);
    outgoing.setHeader('x-request-id', request);
    try {
      checkPlace(incoming, this.#guard);
      return true;
    } catch (error) {
      incoming.resume();
      writeAnswer(outgoing, refusalAnswer(calls.refusalOf(error, { request })));
      return false;
    }
  }
}

/** A socket of a daemon that was killed; the lock on the state directory says that none lives. */
async function removeStale(path: string): Promise<void> {
  const stats = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (stats?.isSocket() === true) await unlink(path);
}

function answerBadRequest({ code }: NodeJS.ErrnoException, socket: Duplex): void {
  if (code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const answers: { readonly [code: string]: readonly [number, string] } = {
    HPE_HEADER_OVERFLOW: [431, 'The headers are too large.'],
    ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request came too slowly.'],
  };
  const [status, message] = answers[code ?? ''] ?? [400, 'This is no HTTP request.'];
  writeRawAnswer(socket, refusalAnswer({ code: 'invalid', message }, { status }));
}
