import { once } from 'node:events';
import { chmod, lstat, unlink } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { getRequestListener } from '@hono/node-server';
import { limits } from '../domain/limits.ts';
import type { Calls } from './calls.ts';
import { checkPlace, guardOf, type Guard } from './guard.ts';
import type { HttpApp } from './http.ts';
import type { NodePair } from './node-pair.ts';
import type { ApiConfig } from './options.ts';
import {
  type HttpAnswer,
  rawAnswer,
  refusalAnswer,
  securityHeaders,
  writeAnswer,
  writeRawAnswer,
} from './http-answer.ts';
import type { Upgrades } from './rpc/upgrades.ts';

const headersMs = 5000;
const requestMs = 30_000;
/** Slow requests are looked for this often. */
const checkMs = 1000;
/** Connections over the limit that are told so at the same time; others are closed without a word. */
const toldAtOnce = 64;
/** So long may one that was told go on sending; what it sends is not looked at. */
const lingerMs = 1000;
/** Bytes of a Unix socket's path that every system takes. */
const maxPathBytes = 103;

export interface Faces {
  calls: Calls;
  app: HttpApp;
  upgrades: Upgrades;
}

/** A connection that was taken in. */
interface Connection {
  /** Requests of it that are not answered yet: a caller need not wait for one to send the next. */
  underWay: number;
  refused: boolean;
}

/** One server on one address, TCP or Unix; what it answers is the same. */
export class Listener {
  #faces: Faces;
  #server: Server;
  #connections = new Map<Socket, Connection>();
  #closing = false;
  #guard: Guard = { hosts: new Set(), origins: new Set(), ownPages: false };

  constructor(faces: Faces) {
    this.#faces = faces;
    this.#server = createServer({
      headersTimeout: headersMs,
      // A body has its time below, unless it is an upload: those have a time for each silence.
      requestTimeout: 0,
      connectionsCheckingInterval: checkMs,
      // A request without one is refused by the guard, as any other with a wrong one.
      requireHostHeader: false,
      shouldUpgradeCallback: ({ method, headers }) =>
        method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket',
    });
    const most = faces.calls.options.config.connections ?? limits.connections;
    this.#server.maxConnections = most + toldAtOnce;
    const listener = getRequestListener(
      (request, env) => {
        const { incoming, outgoing } = env as NodePair;
        const untimed = this.#timeBody(incoming, outgoing);
        return faces.app.fetch(request, { incoming, outgoing, untimed });
      },
      {
        overrideGlobalObjects: false,
      },
    );
    this.#server.on('connection', (socket) => {
      if (this.#connections.size >= most) return this.#turnAway(socket, most);
      this.#connections.set(socket, { underWay: 0, refused: false });
      socket.once('close', () => this.#connections.delete(socket));
    });
    this.#server.on('request', (incoming, outgoing) => {
      if (!this.#takesMore(incoming.socket, outgoing)) return;
      if (this.#admit(incoming, outgoing)) void listener(incoming, outgoing);
    });
    this.#server.on('upgrade', (request, socket, head) => {
      if (!this.#connections.has(request.socket)) return void socket.resume();
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
      for (const socket of this.#connections.keys()) socket.destroy();
    });
    await closed;
    cancel();
  }

  /** One connection too many is told so, with time to read it before the end. */
  #turnAway(socket: Socket, most: number): void {
    const message = `At most ${most} connections are served at once: try again.`;
    const data = { retryAfter: 1 };
    const cancel = this.#faces.calls.options.clock.after(lingerMs, () => socket.destroy());
    socket.once('close', cancel);
    socket.on('error', () => socket.destroy());
    socket.end(rawAnswer(refusalAnswer({ code: 'limited', message, data })));
  }

  /**
   * Whether a request may begin. A caller that asks on and on and reads no answer is refused in its
   * turn, which ends the connection; what it has sent behind that is not looked at.
   */
  #takesMore(socket: Socket, outgoing: ServerResponse): boolean {
    const connection = this.#connections.get(socket);
    if (connection === undefined) return false;
    if (!connection.refused && connection.underWay < limits.socketAnswers) {
      connection.underWay += 1;
      outgoing.once('close', () => this.#answered(connection));
      return true;
    }
    socket.pause();
    if (!connection.refused) writeAnswer(outgoing, tooManyUnderWay());
    connection.refused = true;
    return false;
  }

  /** Refuses a request whose body takes too long; the answer takes that back. */
  #timeBody(incoming: IncomingMessage, outgoing: ServerResponse): () => void {
    if (incoming.complete) return () => undefined;
    const cancel = this.#faces.calls.options.clock.after(requestMs, () => {
      if (incoming.complete) return;
      if (outgoing.headersSent) incoming.destroy();
      else answerTooSlow(incoming.socket);
    });
    incoming.once('close', cancel);
    return cancel;
  }

  /** A connection that was kept for more has nothing more to wait for. */
  #answered(connection: Connection): void {
    connection.underWay -= 1;
    if (this.#closing) setImmediate(() => this.#server.closeIdleConnections());
  }

  #ready(port: number | null): void {
    const { config, log, pages } = this.#faces.calls.options;
    this.#guard = guardOf(port, placesOf(config, pages !== undefined));
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

/** The public address of the console is a place like those that were listed. */
function placesOf(
  { hosts = [], origins = [], publicUrl }: ApiConfig,
  ownPages: boolean,
): Parameters<typeof guardOf>[1] {
  if (publicUrl === undefined) return { hosts, origins, ownPages };
  const { host, origin } = new URL(publicUrl);
  return { hosts: [...hosts, host], origins: [...origins, origin], ownPages };
}

/** A socket of a daemon that was killed; the lock on the state directory says that none lives. */
async function removeStale(path: string): Promise<void> {
  const stats = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (stats?.isSocket() === true) await unlink(path);
}

function tooManyUnderWay(): HttpAnswer {
  const message = `At most ${limits.socketAnswers} requests of a connection may wait for their answers.`;
  const data = { retryAfter: 1 };
  return refusalAnswer({ code: 'limited', message, data }, { headers: { connection: 'close' } });
}

function answerTooSlow(socket: Duplex): void {
  const refusal = { code: 'invalid', message: 'The request came too slowly.' } as const;
  writeRawAnswer(socket, refusalAnswer(refusal, { status: 408 }));
}

function answerBadRequest({ code }: NodeJS.ErrnoException, socket: Duplex): void {
  if (code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return answerTooSlow(socket);
  const answers: { readonly [code: string]: readonly [number, string] } = {
    HPE_HEADER_OVERFLOW: [431, 'The headers are too large.'],
  };
  const [status, message] = answers[code ?? ''] ?? [400, 'This is no HTTP request.'];
  writeRawAnswer(socket, refusalAnswer({ code: 'invalid', message }, { status }));
}
