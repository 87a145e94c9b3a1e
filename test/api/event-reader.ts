import { once } from 'node:events';
import { request, type IncomingHttpHeaders } from 'node:http';
import { onTestFinished } from 'vitest';
import type { Ask, Harness, Json } from './harness.ts';

interface SentEvent {
  event: string;
  id?: string;
  data: Json;
}

/** A reader of server-sent events that keeps all it got. */
export class EventReader {
  status = 0;
  headers: IncomingHttpHeaders = {};
  events: SentEvent[] = [];
  comments = 0;
  text = '';
  ended = false;
  #changed = Promise.withResolvers<void>();
  #stop: () => void = () => undefined;

  static async open(harness: Harness, path: string, more: Ask = {}): Promise<EventReader> {
    const reader = new EventReader();
    const { token = harness.admin, headers } = more;
    const sent = request({
      host: '127.0.0.1',
      port: harness.port,
      path,
      agent: false,
      headers: { ...(token === null ? {} : { authorization: `Bearer ${token}` }), ...headers },
    });
    reader.#stop = () => sent.destroy();
    onTestFinished(reader.#stop);
    sent.on('error', () => reader.#end());
    sent.end();
    const [response] = await once(sent, 'response');
    reader.status = response.statusCode;
    reader.headers = response.headers;
    let rest = '';
    response.setEncoding('utf8').on('data', (chunk: string) => {
      reader.text += chunk;
      const blocks = (rest + chunk).split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) reader.#block(block);
      reader.#tell();
    });
    response.on('close', () => reader.#end());
    response.on('error', () => reader.#end());
    return reader;
  }

  stop(): void {
    this.#stop();
  }

  async until(fits: () => boolean): Promise<void> {
    while (!fits()) {
      if (this.ended) throw new Error(`The stream ended: ${this.text.slice(0, 500)}`);
      await this.#changed.promise;
    }
  }

  async end(): Promise<void> {
    while (!this.ended) await this.#changed.promise;
  }

  #block(block: string): void {
    const fields = block.split('\n').map((line) => /^(\w*): ?(.*)$/.exec(line) ?? []);
    const field = (name: string) => fields.find(([, each]) => each === name)?.[2];
    const event = field('event');
    if (event === undefined) {
      this.comments += 1;
      return;
    }
    const id = field('id');
    const data: Json = JSON.parse(field('data') ?? 'null');
    this.events.push({ event, data, ...(id === undefined ? {} : { id }) });
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }

  #end(): void {
    this.ended = true;
    this.#tell();
  }
}
