import { mkdir, mkdtemp, readFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import type { InputOf } from '../../../src/client/index.ts';
import { processes } from '../../app/processes.ts';
import type { Talk } from '../../app/talk.ts';
import { Place } from '../place.ts';
import type { Dialect, Failure } from './dialect.ts';

/** Agents start slowly, and try again before they give up. */
const patience = 60_000;
/** For an end that is expected not to come. */
const briefly = 8_000;

export type Scenario = (world: World) => Promise<void>;

/** What a cell works with: a daemon in a process of its own, the real agent, and a scripted model. */
export class World {
  readonly place: Place;
  readonly dialect: Dialect;
  /** How long is waited for what an agent does, in milliseconds. */
  readonly patience = patience;
  #endless = false;
  readonly #opened: string[] = [];
  #stories = 0;
  #undisturbed: Promise<unknown> | null = null;

  private constructor(place: Place, dialect: Dialect) {
    this.place = place;
    this.dialect = dialect;
  }

  static async open(dialect: Dialect): Promise<World> {
    return new World(await Place.open(['trusted'], dialect.agent), dialect);
  }

  /** Before a cell. */
  begin(failure: Failure | undefined): void {
    this.#endless = failure?.endless === true;
  }

  /** After a cell. An agent may take half a gigabyte: its host does not wait for the next one. */
  async tidy(): Promise<void> {
    for (const session of this.#opened.splice(0)) {
      await this.place.client.sessions.abort({ session, force: true, wait: true });
      await this.place.client.sessions.delete({ session });
    }
  }

  /** A session, in a directory of its own where none is named. */
  async session(more: Partial<InputOf<'sessions.create'>> = {}): Promise<Talk> {
    const cwd = more.cwd ?? (await mkdtemp(path.join(this.place.root, 'work-')));
    const input = { ...more, cwd, agent: this.dialect.agent };
    const { session } = await this.place.client.sessions.create(input);
    this.#opened.push(session.id);
    return this.place.talk(session.id, cwd);
  }

  /** A directory whose own settings the agent may use. */
  async trustedDirectory(name: string): Promise<string> {
    const directory = path.join(this.place.root, 'trusted', name);
    await mkdir(directory);
    return directory;
  }

  /** The same session, seen by a client of the next daemon. */
  async restarted(before: Talk): Promise<Talk> {
    await this.place.start();
    return this.place.talk(before.session, before.cwd);
  }

  /** The n-th run has ended. */
  end(talk: Talk, n = 1): ReturnType<Talk['end']> {
    return talk.end(n, patience);
  }

  /** The first run has ended; where it is expected to go on and on, that is not waited for long. */
  async failure(talk: Talk): ReturnType<Talk['end']> {
    await talk.next('host', ({ data }) => data.state === 'opened', patience);
    return talk.end(1, this.#endless ? briefly : patience);
  }

  /** The n-th approval or question, unless its run ends without one. */
  async asked<Kind extends 'approval' | 'question'>(
    talk: Talk,
    kind: Kind,
    n = 1,
  ): ReturnType<typeof talk.next<Kind>> {
    const ends = talk.of('run_ended').length;
    const nth = talk.next(kind, () => talk.of(kind).length >= n, patience);
    const ended = talk.end(ends + 1, patience);
    ended.catch(() => undefined);
    await Promise.race([nth, ended]);
    const found = talk.of(kind)[n - 1];
    nth.catch(() => undefined);
    if (found === undefined) throw new Error(`the run ended, and there was no ${kind} ${n}`);
    return found;
  }

  /** Allows what is asked about next, after `n - 1` that were decided. */
  async allow(talk: Talk, n = 1): Promise<void> {
    await talk.decide((await this.asked(talk, 'approval', n)).id, 'allow');
  }

  /** How often the model was asked to go on from this text; what is asked without tools is a title or so. */
  asks(text: string): number {
    return this.place.model.requests.filter(({ messages = [], tools = [] }) => {
      const last = messages.findLast(({ role }) => role === 'user');
      return tools.length > 0 && JSON.stringify(last?.content ?? '').includes(text);
    }).length;
  }

  /** The results of tools that the model was told last. */
  results(): string {
    const last = this.place.model.requests.flatMap(({ messages = [] }) =>
      messages.slice(messages.findLastIndex(({ role }) => role === 'assistant') + 1),
    );
    const results = last.flatMap(({ content }) =>
      typeof content === 'string' ? [] : content.filter(({ type }) => type === 'tool_result'),
    );
    return JSON.stringify(results.at(-1) ?? null);
  }

  /** A name that no other story of this agent has. */
  hold(): string {
    this.#stories += 1;
    return `story${this.#stories}`;
  }

  /** Made once, by the first that asks. */
  undisturbed(make: () => Promise<unknown>): Promise<unknown> {
    this.#undisturbed ??= make();
    return this.#undisturbed;
  }
}

/** How often a host was launched. */
export function launches(talk: Talk): number {
  return talk.of('host').filter(({ data }) => data.state === 'launched').length;
}

/** A number of seconds to sleep that no other process has: processes are found by it. */
export function uniqueSleep(nth: number): string {
  return `1${nth}${String(process.pid % 10_000).padStart(4, '0')}.25`;
}

/** Whether a process with these words as its arguments runs. */
export async function runs(words: string): Promise<boolean> {
  const lines = (await processes()).map(({ pid }) =>
    readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => ''),
  );
  return (await Promise.all(lines)).some((line) => line.split('\0').join(' ').trim() === words);
}
