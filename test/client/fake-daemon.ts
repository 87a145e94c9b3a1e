import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';
import type { FeedFrame } from '../../src/client/feed-cursor.ts';
import { type Act, ModelServer } from './model-server.ts';

export interface Asked {
  operation: string;
  input: Record<string, unknown>;
  headers: IncomingMessage['headers'];
}
export interface Answer {
  status?: number;
  headers?: Record<string, string>;
  body?: unknown;
  /** Do not answer: drop the connection. */
  drop?: boolean;
}

/** An HTTP and WebSocket server that speaks a daemon's frames over a model of one session, `s`. */
export class FakeDaemon {
  readonly model = new ModelServer();
  readonly asked: Asked[] = [];
  readonly opens: unknown[] = [];
  /** Answers HTTP calls; history is answered from the model. */
  answer: (asked: Asked) => Answer = () => ({ body: {} });
  refuseUpgrades: number | null = null;
  connections = 0;
  readonly #http = createServer((request, response) => void this.#call(request, response));
  readonly #sockets = new WebSocketServer({ noServer: true });
  readonly #feeds = new Set<WebSocket>();

  async listen(): Promise<string> {
    this.#http.on('upgrade', (request, socket, head) => {
      if (this.refuseUpgrades !== null) {
        socket.end(`HTTP/1.1 ${this.refuseUpgrades} No\r\nConnection: close\r\n\r\n`);
        return;
      }
      this.#sockets.handleUpgrade(request, socket, head, (opened) => this.#serve(opened));
    });
    await new Promise<void>((resolve) => this.#http.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => {
      this.#http.close(resolve);
      this.#http.closeAllConnections();
    });
  }

  /** Something happens in the session. `twice` sends its frames again. */
  act(act: Act, twice = false): void {
    const frames = this.model.act(act);
    this.send(twice ? [...frames, ...frames] : frames);
  }

  send(frames: readonly FeedFrame[]): void {
    for (const socket of this.#feeds) for (const frame of frames) notify(socket, frame);
  }

  /** All sockets are gone at once. */
  cut(): void {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#feeds.clear();
  }

  #serve(socket: WebSocket): void {
    this.connections += 1;
    socket.on('close', () => this.#feeds.delete(socket));
    socket.on('message', (data: Buffer) => {
      const { id, method, params } = JSON.parse(data.toString()) as Rpc;
      const reply = (result: unknown) =>
        socket.send(JSON.stringify({ jsonrpc: '2.0', id, result }));
      if (method === 'feeds.close') {
        this.#feeds.delete(socket);
        return reply({ closed: true });
      }
      if (method !== 'feeds.open') {
        this.asked.push({ operation: method, input: params, headers: {} });
        return reply({ over: 'socket' });
      }
      this.opens.push(params);
      if (params['session'] !== 's') {
        const error = { code: -32003, message: 'No such session.', data: { code: 'not_found' } };
        return socket.send(JSON.stringify({ jsonrpc: '2.0', id, error }));
      }
      reply({ session: 's', key: null, ...this.model.snapshot(params as { partials?: [] }) });
      for (const frame of this.model.replay(Number(params['after'] ?? this.model.log.length))) {
        notify(socket, frame);
      }
      notify(socket, { event: 'feed.state', state: 'live' });
      this.#feeds.add(socket);
    });
  }

  async #call(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const operation = (request.url ?? '').replace('/v1/', '');
    const asked = {
      operation,
      input: JSON.parse(body) as Asked['input'],
      headers: request.headers,
    };
    this.asked.push(asked);
    const history = { body: { entries: this.model.log.slice(Number(asked.input['after'] ?? 0)) } };
    const answer = operation === 'sessions.history' ? history : this.answer(asked);
    if ('drop' in answer && answer.drop === true) {
      request.socket.destroy();
      return;
    }
    const { status = 200, headers = {} } = answer as Answer;
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(answer.body));
  }
}

interface Rpc {
  id: number;
  method: string;
  params: Record<string, unknown>;
}

function notify(socket: WebSocket, frame: FeedFrame): void {
  const { event } = frame;
  const more =
    frame.event === 'entry'
      ? { entry: frame.entry, ...(frame.sealed ? { sealed: true } : {}) }
      : frame.event === 'partial'
        ? frame.piece
        : { state: frame.state };
  socket.send(JSON.stringify({ jsonrpc: '2.0', method: event, params: { session: 's', ...more } }));
}
