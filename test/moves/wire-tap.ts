import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';

/** Where a request is held: before the other side gets it, or its answer before the caller does. */
export interface Held {
  operation: string;
  when: 'before' | 'after';
  /** So many of that kind pass first. */
  passing?: number;
}

/** The way to a daemon on which requests can be held and lost. */
export class WireTap {
  readonly #server = createServer((asked, answer) => void this.#pass(asked, answer));
  #target: URL;
  #hold: Held | null = null;
  #held: () => void = () => undefined;
  #release: (() => void) | null = null;
  /** Requests, and what came of them. */
  readonly seen: string[] = [];

  private constructor(target: string) {
    this.#target = new URL(target);
  }

  static async open(target: string): Promise<WireTap> {
    const tap = new WireTap(target);
    tap.#server.listen(0, '127.0.0.1');
    await once(tap.#server, 'listening');
    return tap;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The daemon is somewhere else by now. */
  leadTo(target: string): void {
    this.#target = new URL(target);
  }

  /** Holds the next request of that kind; resolves when it is held. */
  hold(held: Held): Promise<void> {
    this.#hold = held;
    return new Promise((resolve) => {
      this.#held = resolve;
    });
  }

  /** What is held never arrives; what comes then does. */
  lose(): void {
    this.#release?.();
    this.#release = null;
    this.#hold = null;
  }

  async close(): Promise<void> {
    this.lose();
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #pass(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    // Not had from the request any more once that has failed.
    const { socket } = asked;
    const operation = /^\/v1\/([\w.]+)/.exec(asked.url ?? '')?.[1] ?? '';
    try {
      if (await this.#isLost({ operation, when: 'before' })) return void socket.destroy();
      const { hostname, port } = this.#target;
      const headers = { ...asked.headers, host: this.#target.host };
      const { method, url: path } = asked;
      const sent = request({ hostname, port, method, path, headers });
      const answered = once(sent, 'response') as Promise<[IncomingMessage]>;
      const body = pipeline(asked, sent);
      // An answer may come before the whole body has gone, or never.
      body.catch(() => undefined);
      const [from] = await answered;
      this.seen.push(`${operation} ${from.statusCode}`);
      if (await this.#isLost({ operation, when: 'after' })) {
        from.destroy();
        return void socket.destroy();
      }
      answer.writeHead(from.statusCode ?? 0, from.headers);
      await pipeline(from, answer);
    } catch {
      // The one side or the other has gone: so does the whole.
      socket.destroy();
    }
  }

  async #isLost({ operation, when }: Held): Promise<boolean> {
    const hold = this.#hold;
    if (hold === null || hold.operation !== operation || hold.when !== when) return false;
    const { passing = 0 } = hold;
    if (passing > 0) {
      this.#hold = { ...hold, passing: passing - 1 };
      return false;
    }
    this.#hold = null;
    this.seen.push(`${operation} lost ${when}`);
    const released = new Promise<void>((resolve) => {
      this.#release = resolve;
    });
    this.#held();
    await released;
    return true;
  }
}
