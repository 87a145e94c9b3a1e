import { Agent, request } from 'node:http';

export interface Line {
  readonly uuid?: string;
  readonly [name: string]: unknown;
}

/** What became of an entry, as far as its writer was told. */
export type Fate = 'stored' | 'final' | 'given up';

interface Told {
  status: number;
  head: string;
  text: string;
}

const tries = 10;
const firstWaitMs = 500;
const longestWaitMs = 8000;
const mostPages = 100;
const pageEvents = 1000;

/**
 * A client of session ingress as they exist: a double that knows nothing of Turnkeep. It sends one entry at a
 * time, follows the last one that was stored, adopts what a 409 tells, and takes only 401 as final.
 */
export class IngressClient {
  readonly url: string;
  readonly #token: string;
  readonly #more: Readonly<Record<string, string>>;
  /** Port of what stands between it and the daemon. */
  readonly #through: number | undefined;
  readonly #sleep: (ms: number) => Promise<void>;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 4 });
  readonly #heads = new Map<string, string>();
  readonly #tails = new Map<string, Promise<unknown>>();
  /** Every answer and every lost request, in order: a status, or 0 for no answer. */
  readonly statuses: number[] = [];
  readonly waits: number[] = [];

  constructor(
    url: string,
    token: string,
    how: { organization?: string; sleep?: (ms: number) => Promise<void>; through?: number } = {},
  ) {
    this.url = url;
    this.#token = token;
    this.#sleep = how.sleep ?? (() => Promise.resolve());
    this.#through = how.through;
    const { organization } = how;
    this.#more = organization === undefined ? {} : { 'x-organization-uuid': organization };
  }

  /** Sends an entry behind all that were given before it. */
  append(session: string, line: Line): Promise<Fate> {
    const fate = (this.#tails.get(session) ?? Promise.resolve()).then(() =>
      this.#append(session, line),
    );
    this.#tails.set(session, fate);
    return fate;
  }

  /** The whole log in one answer; the next entry follows its last one. */
  async hydrate(session: string, query = ''): Promise<readonly Line[] | null> {
    const { status, text } = await this.#ask('GET', `${this.#path(session)}${query}`);
    if (status === 404) return null;
    if (status !== 200) throw new Error(`GET was answered with ${status}`);
    const { loglines } = JSON.parse(text) as { loglines: Line[] };
    const last = loglines.findLast(({ uuid }) => uuid !== undefined)?.uuid;
    if (last !== undefined) this.#heads.set(session, last);
    return loglines;
  }

  /** Every payload that is there, page by page. */
  async teleport(session: string): Promise<readonly Line[] | null> {
    const lines: Line[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < mostPages; page++) {
      const after = cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const path = `/v1/code/sessions/${session}/teleport-events?limit=${pageEvents}${after}`;
      const { status, text } = await this.#ask('GET', path);
      if (status === 404) return null;
      if (status !== 200) throw new Error(`A page was answered with ${status}`);
      const { data, next_cursor: next } = JSON.parse(text) as {
        data: { payload: Line | null }[];
        next_cursor?: string;
      };
      for (const { payload } of data) if (payload !== null) lines.push(payload);
      if (next === undefined) break;
      cursor = next;
    }
    return lines;
  }

  close(): void {
    this.#agent.destroy();
  }

  async #append(session: string, line: Line): Promise<Fate> {
    for (let attempt = 1; attempt <= tries; attempt++) {
      const head = this.#heads.get(session);
      const known = head === undefined ? {} : { 'last-uuid': head };
      const told = await this.#put(session, line, known);
      if (told?.status === 200 || told?.status === 201) {
        // Of an entry without a uuid nothing is known to follow.
        if (line.uuid === undefined) this.#heads.delete(session);
        else this.#heads.set(session, line.uuid);
        return 'stored';
      }
      if (told?.status === 401) return 'final';
      if (told?.status === 409) {
        if (told.head === '') this.#heads.delete(session);
        else this.#heads.set(session, told.head);
      }
      if (attempt < tries)
        await this.#wait(Math.min(firstWaitMs * 2 ** (attempt - 1), longestWaitMs));
    }
    return 'given up';
  }

  async #put(session: string, line: Line, more: Record<string, string>): Promise<Told | null> {
    try {
      return await this.#ask('PUT', this.#path(session), JSON.stringify(line), more);
    } catch {
      // No answer says nothing of whether it was stored.
      this.statuses.push(0);
      return null;
    }
  }

  async #wait(ms: number): Promise<void> {
    this.waits.push(ms);
    await this.#sleep(ms);
  }

  #path(session: string): string {
    return `/v1/session_ingress/session/${session}`;
  }

  #ask(
    method: 'GET' | 'PUT',
    path: string,
    body?: string,
    more: Record<string, string> = {},
  ): Promise<Told> {
    const type =
      body === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const headers = { authorization: `Bearer ${this.#token}`, ...type, ...this.#more, ...more };
    return new Promise((resolve, reject) => {
      const { host, hostname, port } = new URL(this.url);
      const to = { hostname, port: this.#through ?? port, path, method, agent: this.#agent };
      const sent = request({ ...to, headers: { host, ...headers } }, (got) => {
        const parts: Buffer[] = [];
        got.on('data', (part: Buffer) => parts.push(part));
        got.on('error', reject);
        got.on('end', () => {
          if (!got.complete) return reject(new Error('The answer was cut off.'));
          const status = got.statusCode ?? 0;
          if (method === 'PUT') this.statuses.push(status);
          const head = got.headers['x-last-uuid'];
          const text = Buffer.concat(parts).toString();
          resolve({ status, head: Array.isArray(head) ? head.join() : (head ?? ''), text });
        });
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }
}
