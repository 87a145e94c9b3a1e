import type {
  Client,
  Entry,
  EntryKind,
  EntryOf,
  InputOf,
  SessionRow,
} from '../../src/client/index.ts';
import { agentOf } from './processes.ts';

export interface TalkParts {
  client: Client;
  state: string;
  session: string;
  cwd: string;
}

type Placed<Kind extends EntryKind> = EntryOf<Kind> & Entry;

/** One session as a client sees it: all that its feed has told, and waiting for what it will tell. */
export class Talk {
  readonly client: Client;
  readonly state: string;
  readonly session: string;
  readonly cwd: string;
  readonly entries: Entry[] = [];
  /** Hosts that were seen, with the pid of the agent, which leads a session of processes. */
  readonly hosts = new Map<string, number | null>();
  /** Text in progress, by the id of the entry that it will be. */
  readonly live = new Map<string, string>();
  readonly #stop = new AbortController();
  readonly #waiting = new Set<() => void>();
  readonly #following: Promise<void>;
  #failed: Error | null = null;

  constructor({ client, state, session, cwd }: TalkParts) {
    this.client = client;
    this.state = state;
    this.session = session;
    this.cwd = cwd;
    this.#following = this.#follow().catch((error: Error) => {
      this.#failed = error;
      this.#wake();
    });
  }

  async send(
    content: string,
    more: Partial<Omit<InputOf<'sessions.send'>, 'session' | 'content'>> = {},
  ): ReturnType<Client['sessions']['send']> {
    return this.client.sessions.send({ session: this.session, content, ...more });
  }

  abort(more: { force?: boolean; wait?: boolean } = {}): ReturnType<Client['sessions']['abort']> {
    return this.client.sessions.abort({ session: this.session, ...more });
  }

  decide(approval: string, verdict: 'allow' | 'deny'): ReturnType<Client['approvals']['decide']> {
    return this.client.approvals.decide({ session: this.session, approval, verdict });
  }

  of<Kind extends EntryKind>(kind: Kind): Placed<Kind>[] {
    return this.entries.filter((entry): entry is Placed<Kind> => entry.kind === kind);
  }

  /** The first entry of a kind for which it is so, now or within the deadline. */
  async next<Kind extends EntryKind>(
    kind: Kind,
    so: (entry: Placed<Kind>) => boolean = () => true,
    ms = 15_000,
  ): Promise<Placed<Kind>> {
    return this.#until(`${kind} of ${this.session}`, ms, () => this.of(kind).find(so));
  }

  /** The terminal of the n-th run. */
  async end(n = 1, ms = 15_000): Promise<Placed<'run_ended'>> {
    const terminals = (): Placed<'run_ended'>[] => this.of('run_ended');
    return this.#until(`end of run ${n} of ${this.session}`, ms, () => terminals()[n - 1]);
  }

  /** Waits until what the agent has said in messages matches; gives the match. */
  async says(pattern: RegExp, ms = 15_000): Promise<RegExpExecArray> {
    return this.#until(`${pattern} in ${this.session}`, ms, () => {
      return pattern.exec(this.texts('message').join('\n')) ?? undefined;
    });
  }

  /** Waits until a text in progress, or one that was in progress, matches. */
  async shows(pattern: RegExp, ms = 15_000): Promise<RegExpExecArray> {
    return this.#until(`${pattern} shown in ${this.session}`, ms, () => {
      return (
        pattern.exec([...this.live.values(), ...this.texts('message')].join('\n')) ?? undefined
      );
    });
  }

  /** The pid of the agent that works now. */
  async agent(): Promise<number> {
    const { data } = await this.next('host', (entry) => entry.data.state === 'opened');
    return this.hosts.get(data.host)!;
  }

  texts(kind: 'message' | 'thought'): string[] {
    return this.of(kind).map(({ data }) =>
      data.content.map((block) => (block.type === 'text' ? block.text : '')).join(''),
    );
  }

  /** The end of the session's present host is stored. */
  async hostEnd(ms = 15_000): Promise<Placed<'host'>> {
    return this.next('host', ({ data }) => data.state === 'ended', ms);
  }

  /** The whole log and the row that belongs to it, read page by page. */
  async whole(): Promise<{ entries: Entry[]; row: SessionRow }> {
    for (;;) {
      const { session: row } = await this.client.sessions.get({ session: this.session });
      const entries: Entry[] = [];
      for (let after: number | null = 0; after !== null;) {
        const page: { entries: Entry[]; next: number | null } = await this.client.sessions.history({
          session: this.session,
          after,
          limit: 1000,
        });
        entries.push(...page.entries);
        after = page.next;
      }
      if (entries.length === row.lastSeq) return { entries, row };
    }
  }

  /** The feed is left; what it told stays. */
  async quiet(): Promise<void> {
    this.#stop.abort();
    await this.#following;
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stop;
    for await (const event of this.client.watch(this.session, { after: 0, signal })) {
      if (event.type === 'partial') {
        this.live.set(event.entryId, event.whole);
        this.#wake();
      }
      if (event.type !== 'entry') continue;
      const { entry } = event;
      this.entries.push(entry);
      if (entry.kind === 'host' && entry.data.state !== 'ended') {
        const { host } = entry.data;
        this.hosts.set(host, (await agentOf(this.state, host)) ?? this.hosts.get(host) ?? null);
      }
      this.#wake();
    }
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
  }

  async #until<Value>(what: string, ms: number, look: () => Value | undefined): Promise<Value> {
    const deadline = performance.now() + ms;
    for (;;) {
      if (this.#failed !== null) throw this.#failed;
      const found = look();
      if (found !== undefined) return found;
      const left = deadline - performance.now();
      if (left <= 0) throw new Error(`not in ${ms} ms: ${what}; ${this.#story()}`);
      await this.#change(left);
    }
  }

  #change(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.#waiting.add(done);
    });
  }

  /** What happened so far, for the message of a wait that was in vain. */
  #story(): string {
    const last = this.entries.slice(-20);
    return last
      .map(({ seq, kind, data }) => {
        return `\n${seq} ${kind} ${JSON.stringify(data).slice(0, 160)}`;
      })
      .join('');
  }
}
