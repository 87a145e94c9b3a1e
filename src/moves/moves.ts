import type { By, Entry, Place } from '../domain/entry.ts';
import type { Move } from '../domain/move.ts';
import { refuse, RefusalError } from '../domain/refusal.ts';
import type { SessionRow } from '../domain/row.ts';
import { stateVersion } from '../domain/session-state.ts';
import type { BeginMove, Departure, MoveOps } from '../ports/moves.ts';
import type { OutputOf } from '../protocol/operations.ts';
import { type Begun, Departing, type MovesContext } from './departing.ts';
import { OtherDaemon } from './other-daemon.ts';
import { staysOf } from './stays.ts';

/** Moves that have ended are told of as long as there are not more than these. */
const remembered = 100;

/** Sessions that leave for other daemons. */
export class Moves implements MoveOps {
  readonly #context: MovesContext;
  /** Null while it is only being agreed on. */
  readonly #moves = new Map<string, Departing | null>();
  #closed = false;

  constructor(context: MovesContext) {
    this.#context = context;
  }

  /** Takes up what an earlier daemon has left: what was not given up stays, what was is delivered. */
  async recover(): Promise<void> {
    const { store, log } = this.#context;
    for (const departure of await store.moves.departures()) {
      const { session } = departure;
      await this.#recoverOne(departure).catch((error: unknown) => {
        log('move.recover', { session, message: String(error) });
      });
    }
  }

  async begin(session: string, input: BeginMove, by: By): Promise<Move> {
    const known = this.#moves.get(session);
    // What has moved may be told to its new place anew: at another address, with another directory.
    const free = known === undefined || (known !== null && isOpen(known.move) === false);
    if (!free || this.#closed) {
      throw refuse('busy', 'This session moves already: moves.cancel lets it stay.', {
        field: 'session',
      });
    }
    this.#moves.set(session, null);
    try {
      const begun = await this.#agree(session, input, by);
      known?.close();
      return this.#start(begun).move;
    } catch (error) {
      if (known === undefined) this.#moves.delete(session);
      else this.#moves.set(session, known);
      throw error;
    }
  }

  list(): readonly Move[] {
    const all = [...this.#moves.values()].flatMap((one) => (one === null ? [] : [one.move]));
    return all.toSorted((a, b) => b.startedAt.localeCompare(a.startedAt));
  }

  async cancel(session: string): Promise<Move> {
    const departing = this.#moves.get(session);
    if (departing === undefined || departing === null || departing.move.endedAt !== null) {
      const message = 'This session does not move.';
      throw refuse('not_found', message, { field: 'session' });
    }
    if (isOpen(departing.move)) {
      departing.cancel();
      await departing.decided;
    }
    const { move } = departing;
    if (move.phase === 'cancelled' || move.phase === 'failed') return move;
    const message = `It has moved to ${move.to.url} already.`;
    throw refuse('conflict', message, { field: 'session', data: { to: { ...move.to } } });
  }

  /** Leaves all of them to the next daemon. */
  async close(): Promise<void> {
    this.#closed = true;
    const all = [...this.#moves.values()].filter((one) => one !== null);
    for (const one of all) one.close();
    await Promise.all(all.map((one) => one.over));
  }

  async #recoverOne(departure: Departure): Promise<void> {
    const { engine, store } = this.#context;
    const { session, to } = departure;
    const row = await this.#rowOf(session);
    const { state, to: target } = row?.writer ?? { state: 'host', to: null };
    const mine = target?.server === to.server && (state === 'moving' || state === 'moved');
    if (!mine) return store.moves.endDeparture(session);
    const phase = state === 'moved' ? 'activating' : 'stopping';
    const stays = await staysOf(session, engine);
    this.#start({ departure, from: { phase }, stays, by: { type: 'server' } });
  }

  async #rowOf(session: string): Promise<SessionRow | null> {
    try {
      return (await this.#context.engine.get(session)).row;
    } catch (error) {
      if (error instanceof RefusalError && error.refusal.code === 'not_found') return null;
      throw error;
    }
  }

  /** The other side expects it, and from here on nobody writes it here. */
  async #agree(session: string, input: BeginMove, by: By): Promise<Begun> {
    const { engine, store, clock } = this.#context;
    const { row } = await engine.get(session);
    const url = addressOf(input.url);
    demandMovable(row);
    const offer = await this.#offer(row, { ...input, url });
    const { ticket, server } = offer;
    const to = { server, url };
    const at = new Date(clock.now()).toISOString();
    const departure = { session, to, ticket, cwd: input.cwd ?? null, at };
    try {
      const after = await this.#checkOffer(row, offer);
      const stays = await staysOf(session, engine);
      if (row.writer.state === 'moved') {
        await store.moves.endDeparture(session);
        await store.moves.depart(departure);
        return { departure, from: { phase: 'activating' }, stays, by };
      }
      await store.moves.depart(departure);
      await this.#give(session, to, by);
      return { departure, from: { phase: 'copying', after }, stays, by };
    } catch (error) {
      await this.#takeBack(departure);
      throw error;
    }
  }

  async #give(session: string, to: Place, by: By): Promise<void> {
    const { engine, store } = this.#context;
    try {
      await engine.owners.give(session, to, by);
    } catch (error) {
      const row = await this.#rowOf(session);
      // Stored, although nobody was told.
      if (row?.writer.state === 'moving') return;
      await store.moves.endDeparture(session);
      throw error;
    }
  }

  async #offer(row: SessionRow, { url, token, cwd }: BeginMove): Promise<Offer> {
    const { server } = this.#context;
    const { id: session, agent, key } = row;
    const place = cwd ?? row.cwd;
    if (place === '') {
      throw refuse('invalid', 'Say in which directory it goes on there.', { field: 'cwd' });
    }
    const { lastSeq } = row;
    const wanted = { session, agent, key, cwd: place, server, lastSeq, stateVersion };
    try {
      return await new OtherDaemon(url, token).offer(wanted);
    } catch (error) {
      throw thereRefused(error);
    }
  }

  /** What is there already has to be the beginning of what is here. Answers after which entry to go on. */
  async #checkOffer({ id, lastSeq, writer }: SessionRow, offer: Offer): Promise<number> {
    const { server } = this.#context;
    if (offer.server === server) {
      throw refuse('conflict', 'That is this daemon itself.', { field: 'to' });
    }
    if (writer.state === 'moved' && writer.to?.server !== offer.server) {
      const message = `It has moved to ${writer.to?.url ?? 'another daemon'}, and that is another one.`;
      throw refuse('fenced', message, { field: 'to' });
    }
    const there = offer.lastSeq;
    if (there === 0) return 0;
    const last = there <= lastSeq ? await this.#entryAt(id, there) : null;
    if (last !== null && last.digest === offer.digest) return there;
    // A hook of the other side has left something else of it: sent again it is compared as that leaves it.
    if (last !== null && last.id === offer.id) return there - 1;
    const message = 'The other daemon has a session with this id whose log goes on otherwise.';
    throw refuse('conflict', message, { field: 'to', data: { seq: there } });
  }

  async #entryAt(session: string, seq: number): Promise<Entry | null> {
    const query = { session, after: seq - 1, limit: 1, maxBytes: 1024 * 1024 };
    const [entry] = (await this.#context.store.history(query)).entries;
    return entry?.seq === seq ? entry : null;
  }

  async #takeBack({ session, to, ticket }: Departure): Promise<void> {
    await new OtherDaemon(to.url, ticket).withdraw(session).catch((error: unknown) => {
      this.#context.log('move.withdraw', { session, message: String(error) });
    });
  }

  #start(begun: Begun): Departing {
    const departing = new Departing(begun, this.#context);
    this.#moves.delete(departing.session);
    this.#moves.set(departing.session, departing);
    const ended = [...this.#moves].filter(([, one]) => one !== null && one.move.endedAt !== null);
    for (const [session] of ended.slice(0, -remembered)) this.#moves.delete(session);
    return departing;
  }
}

type Offer = OutputOf<'moves.offer'>;

/** Whether it can still stay. */
function isOpen({ phase, endedAt }: Move): boolean {
  return endedAt === null && phase !== 'activating';
}

function demandMovable({ writer }: SessionRow): void {
  if (writer.state === 'host' || writer.state === 'moved') return;
  const message =
    writer.state === 'external'
      ? 'It is written from outside: sessions.takeOver has it go on here, then it can move.'
      : 'This session moves already, or is on its way here.';
  throw refuse(writer.state === 'external' ? 'conflict' : 'busy', message, { field: 'session' });
}

/** As it stands in entries: without anything that could be a secret. */
function addressOf(given: string): string {
  const { protocol, username, password, search, hash, origin, pathname } = new URL(given);
  const plain = username === '' && password === '' && search === '' && hash === '';
  if (plain && /^https?:$/.test(protocol)) return `${origin}${pathname.replace(/\/+$/, '')}`;
  const message = 'Give an http or https address without a name, a password, a query or a part.';
  throw refuse('invalid', message, { field: 'to.url' });
}

/** What the other daemon refuses is told as that: a token that it does not know is not the caller's. */
function thereRefused(error: unknown): unknown {
  if (!(error instanceof RefusalError)) return error;
  const { code, message, data } = error.refusal;
  const kept = code === 'unauthenticated' || code === 'forbidden' ? 'forbidden' : code;
  return refuse(kept, `The other daemon: ${message}`, {
    field: 'to',
    ...(data === undefined ? {} : { data }),
  });
}
