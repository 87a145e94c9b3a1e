import type { Page, WebSocketRoute } from 'playwright-core';

interface Asked {
  id: number;
  method: string;
  params: { readonly [name: string]: unknown };
}

/** What is held on a line: questions before the daemon gets them, or their answers. */
export interface Held {
  /** Resolves when so many of them are held. */
  are(count: number): Promise<void>;
  readonly count: number;
  /** Lets the first ones go on, or all and what follows. */
  release(first?: number): void;
}

/** What a page and its daemon say to each other: seen, held back, or cut off. */
export class Line {
  /** What the page has asked over its socket. */
  readonly asked: Asked[] = [];
  /** How often it has opened one. */
  dials = 0;
  readonly #page: Page;
  readonly #answered = Promise.withResolvers<void>();
  readonly #open = new Set<WebSocketRoute>();
  readonly #holds = new Set<Hold>();
  #isCut = false;
  #isMute = false;

  private constructor(page: Page) {
    this.#page = page;
  }

  /** Lies under what the page opens from now on. */
  static async under(page: Page): Promise<Line> {
    const line = new Line(page);
    await page.routeWebSocket(/\/rpc$/, (socket) => line.#dialled(socket));
    return line;
  }

  /** Resolves when the socket is in use: what is asked before that may go another way. */
  ready(): Promise<void> {
    return this.#answered.promise;
  }

  hold(method: string, what: 'asked' | 'answered'): Held {
    const hold = new Hold(method, what);
    this.#holds.add(hold);
    return hold;
  }

  /** Of what the daemon says nothing comes any more, until it is mended; what is held is held. */
  mute(): void {
    this.#isMute = true;
  }

  /** Neither socket nor calls reach the daemon, and nothing comes of it, until it is mended. */
  async cut(): Promise<void> {
    this.#isCut = true;
    await this.#page.route('**/v1/**', (route) => route.abort());
    for (const socket of this.#open) await socket.close();
    this.#open.clear();
  }

  /** Of calls alone: the socket stays cut. */
  mendCalls(): Promise<void> {
    return this.#page.unroute('**/v1/**');
  }

  async mend(): Promise<void> {
    await this.mendCalls();
    this.#isCut = false;
    this.#isMute = false;
  }

  #dialled(page: WebSocketRoute): void {
    this.dials += 1;
    if (this.#isCut) return void page.close();
    this.#open.add(page);
    const daemon = page.connectToServer();
    const methods = new Map<number, string>();
    page.onMessage((text) => {
      const asked = JSON.parse(String(text)) as Asked;
      this.asked.push(asked);
      methods.set(asked.id, asked.method);
      this.#pass({ what: 'asked', method: asked.method }, () => daemon.send(text));
    });
    daemon.onMessage((text) => {
      const { id } = JSON.parse(String(text)) as { id?: number };
      const method = id === undefined ? undefined : methods.get(id);
      this.#pass({ what: 'answered', method }, () => {
        if (this.#open.has(page)) page.send(text);
        if (method !== undefined && method !== 'hello') this.#answered.resolve();
      });
    });
  }

  #pass(message: { what: 'asked' | 'answered'; method: string | undefined }, on: () => void): void {
    const hold = [...this.#holds].find(({ takes }) => takes(message));
    if (hold !== undefined) return hold.take(on);
    if (message.what === 'asked' || !this.#isMute) on();
  }
}

class Hold implements Held {
  readonly takes: (message: { what: string; method: string | undefined }) => boolean;
  #kept: (() => void)[] = [];
  #all = 0;
  #over = false;
  #waiting: { count: number; tell: () => void }[] = [];

  constructor(method: string, what: string) {
    this.takes = (message) => !this.#over && message.method === method && message.what === what;
  }

  get count(): number {
    return this.#all;
  }

  take(on: () => void): void {
    this.#kept.push(on);
    this.#all += 1;
    for (const { tell } of this.#waiting.filter(({ count }) => count <= this.#all)) tell();
  }

  are(count: number): Promise<void> {
    if (this.#all >= count) return Promise.resolve();
    return new Promise((tell) => this.#waiting.push({ count, tell }));
  }

  release(first?: number): void {
    const [now, later] = [
      this.#kept.slice(0, first),
      first === undefined ? [] : this.#kept.slice(first),
    ];
    this.#kept = later;
    this.#over = first === undefined;
    for (const on of now) on();
  }
}
