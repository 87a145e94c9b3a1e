import { request, type ClientRequest } from 'node:http';
import { Waiting } from './follower.ts';
import type { Http } from './http.ts';

export interface ServerEvent {
  event: string;
  id: string | null;
  data: string;
}

/** A stream of server-sent events, as a browser would read it. */
export class EventSource {
  readonly events: ServerEvent[] = [];
  readonly #waiting = new Waiting();
  readonly #request: ClientRequest;
  #text = '';

  private constructor(asked: ClientRequest) {
    this.#request = asked;
  }

  /** Resolves when the snapshot is there. */
  static async open(http: Http, path: string, lastEventId = ''): Promise<EventSource> {
    const last = lastEventId === '' ? {} : { 'last-event-id': lastEventId };
    const asked = request(`${http.url}${path}`, { headers: { ...http.headers(), ...last } });
    const source = new EventSource(asked);
    // Ends with the daemon, or by `close`.
    asked.on('error', () => undefined);
    asked.on('response', (answer) => {
      answer.on('error', () => undefined);
      answer.setEncoding('utf8').on('data', (chunk: string) => source.#read(chunk));
    });
    asked.end();
    await source.until(({ event }) => event === 'snapshot');
    return source;
  }

  until(meant: (event: ServerEvent) => boolean): Promise<ServerEvent> {
    return this.#waiting.until(
      'a server-sent event',
      () => this.events.find(meant),
      () => this.events.slice(-3),
    );
  }

  close(): void {
    this.#request.destroy();
  }

  #read(chunk: string): void {
    const blocks = (this.#text + chunk).split('\n\n');
    this.#text = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = new Map(block.split('\n').map((line) => [nameOf(line), valueOf(line)]));
      const event = fields.get('event');
      // A comment keeps the connection alive.
      if (event === undefined) continue;
      this.events.push({ event, id: fields.get('id') ?? null, data: fields.get('data') ?? '' });
    }
    this.#waiting.changed();
  }
}

const nameOf = (line: string): string => line.slice(0, line.indexOf(':'));
const valueOf = (line: string): string => line.slice(line.indexOf(':') + 2);
