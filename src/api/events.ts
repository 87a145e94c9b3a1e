import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FeedSink, FeedSnapshot } from '../engine/frames.ts';
import type { Calls } from './calls.ts';
import { demandScope, type Caller } from './caller.ts';
import { EventStream } from './event-stream.ts';
import { FeedGate } from './feed-gate.ts';
import { eventText, FrameBytes } from './frame-bytes.ts';
import { listFilter } from './list-filter.ts';
import { listReach } from './reach.ts';
import { readFlag, readQuery, readSeq } from './query.ts';
import { WholeEntries } from './whole-entries.ts';

/** A GET that goes on as a stream of events. */
export interface StreamRequest {
  incoming: IncomingMessage;
  outgoing: ServerResponse;
  parameters: URLSearchParams;
  caller: Caller;
}

/** Feeds as server-sent events: a `snapshot` first, then frames under their own names. */
export class Events {
  #calls: Calls;
  #bytes = new FrameBytes(eventText);

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  /**
   * Resolves when the stream has begun; rejects with the refusal while there is still a response.
   */
  async ofSession(name: string, request: StreamRequest): Promise<void> {
    const query = readQuery(request.parameters, ['after', 'partials']);
    const last = request.incoming.headers['last-event-id'];
    // What a browser saw last wins over the address, which it asks again as it was.
    const from = typeof last === 'string' && last !== '' ? last : query.after;
    const after = from === undefined ? undefined : readSeq(from, 'after');
    const partials = readFlag(query.partials ?? '1', 'partials');
    demandScope(request.caller, 'view', 'The event stream');
    const session = await this.#calls.session(name, request.caller);
    const stream = this.#stream(request);
    const gate = new FeedGate(stream, this.#bytes);
    stream.onEnd(() => gate.close());
    const sink = partials ? gate : this.#whole(gate, session, stream);
    const { engine } = this.#calls.options;
    const feed = await engine.openFeed(session, after === undefined ? {} : { after }, sink);
    stream.onEnd(() => feed.close());
    this.#begin(stream, JSON.stringify(snapshotOf(session, feed.snapshot, partials)));
    gate.open();
  }

  async ofList(request: StreamRequest): Promise<void> {
    const { archived, ...query } = readQuery(request.parameters, [...filterNames, 'archived']);
    demandScope(request.caller, 'view', 'The event stream');
    const { engine, store } = this.#calls.options;
    const reach = listReach(store, request.caller);
    const asked = {
      ...query,
      ...(archived === undefined ? {} : { archived: readFlag(archived, 'archived') }),
    };
    const filter = await listFilter(asked, (name) => this.#calls.session(name, request.caller));
    const stream = this.#stream(request);
    const gate = new FeedGate(stream, this.#bytes);
    const list = engine.openList({ ...filter, ...reach.filter }, gate);
    stream.onEnd(() => {
      gate.close();
      list.close();
    });
    await reach.complete();
    this.#begin(stream, JSON.stringify({ asOf: list.asOf }));
    gate.open();
  }

  #stream({ outgoing, caller }: StreamRequest): EventStream {
    return new EventStream(outgoing, caller, {
      clock: this.#calls.options.clock,
      tokens: this.#calls.tokens,
    });
  }

  /**
   * From here on the stream ends with its token, which may have ended while the feed was opened.
   */
  #begin(stream: EventStream, snapshot: string): void {
    const { live, tokens } = this.#calls;
    live.add(stream);
    stream.onEnd(() => live.remove(stream));
    stream.begin(snapshot);
    if (!tokens.isCurrent(stream.caller)) stream.cut();
  }

  #whole(gate: FeedGate, session: string, stream: EventStream): FeedSink {
    const { store, log } = this.#calls.options;
    return new WholeEntries(gate, { session, store }, (error) => {
      log({ event: 'feed.failed', error });
      stream.cut();
    });
  }
}

const filterNames = ['agent', 'label', 'cwd', 'parent'] as const;

/** As `feeds.open` answers it. */
export function snapshotOf(
  session: string,
  snapshot: FeedSnapshot & { key: string | null },
  partials = true,
): object {
  return { session, ...snapshot, ...(partials ? {} : { partials: [] }) };
}
