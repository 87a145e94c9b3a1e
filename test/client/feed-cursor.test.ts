import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  beginAt,
  type FeedCursor,
  fetched,
  opened,
  openInput,
  received,
  type FeedFrame,
  type Step,
} from '../../src/client/feed-cursor.ts';
import type { FeedEvent } from '../../src/client/feed-event.ts';
import { type Act, messageEntry, ModelServer, noticeEntry, row, sealed } from './model-server.ts';

const nothing = { lastSeq: 0, head: null, row, openApprovals: [], partials: [] };
const live = () => opened(beginAt(0), nothing).cursor;
const say = (offset: number, text: string, more = {}): FeedFrame => ({
  event: 'partial',
  piece: { entryId: 'm1', part: 'text', offset, text, ...more },
});
const entry = (seq: number): FeedFrame => ({
  event: 'entry',
  entry: noticeEntry(seq),
  sealed: false,
});

function run(cursor: FeedCursor, frames: readonly FeedFrame[]): Step {
  const events: FeedEvent[] = [];
  for (const frame of frames) {
    const step = received(cursor, frame);
    cursor = step.cursor;
    events.push(...step.events);
    if (step.need !== undefined) return { cursor, events, need: step.need };
  }
  return { cursor, events };
}

describe('entries', () => {
  test('V1: come by seq, and one that was there already is left out', () => {
    const { events } = run(live(), [entry(1), entry(1), entry(2), entry(1), entry(3)]);
    expect(events.map((event) => event.type === 'entry' && event.entry.seq)).toEqual([1, 2, 3]);
  });

  test('V1: after a gap the feed is opened again from its cursor', () => {
    const step = run(live(), [entry(1), entry(3)]);
    expect(step.need).toBe('reopen');
    expect(openInput(step.cursor, 's')).toEqual({ session: 's', after: 1 });
  });

  test('V1: without a start only new ones come, also after a reconnect', () => {
    const first = opened(beginAt(undefined), { ...nothing, lastSeq: 7 });
    expect(openInput(first.cursor, 's')).toEqual({ session: 's', after: 7 });
    expect(run(first.cursor, [entry(8)]).events).toHaveLength(1);
  });

  test('V3: falling back to the log is told, and so is being live again', () => {
    const states = run(live(), [
      { event: 'feed.state', state: 'catching_up' },
      entry(1),
      { event: 'feed.state', state: 'live' },
    ]).events.map((event) => (event.type === 'state' ? event.state : event.type));
    expect(states).toEqual(['catching_up', 'entry', 'live']);
  });
});

describe('text in progress', () => {
  test('V4: is put together by offset, whatever comes twice', () => {
    const { events } = run(live(), [say(0, 'ab'), say(0, 'ab'), say(1, 'bc'), say(3, 'd')]);
    expect(events.map((event) => event.type === 'partial' && [event.offset, event.text])).toEqual([
      [0, 'ab'],
      [2, 'c'],
      [3, 'd'],
    ]);
  });

  test('V4: a missing piece asks again from the held offset', () => {
    const step = run(live(), [say(0, 'ab'), say(5, 'f')]);
    expect(step.need).toBe('reopen');
    expect(openInput(step.cursor, 's')).toEqual({
      session: 's',
      after: 0,
      partials: [{ entryId: 'm1', part: 'text', offset: 2 }],
    });
  });

  test('V4: is shown after the entries that come before it', () => {
    const partials = [{ entryId: 'm1', part: 'text' as const, offset: 0, text: 'now' }];
    const first = opened(beginAt(0), { ...nothing, lastSeq: 1, partials });
    expect(first.events.map((event) => event.type)).toEqual(['snapshot', 'state']);
    const next = received(first.cursor, entry(1));
    expect(next.events.map((event) => event.type)).toEqual(['entry', 'state', 'partial']);
  });

  test('V4: replaced text begins again', () => {
    const { events } = run(live(), [say(0, 'ab'), say(0, 'x', { replaced: true }), say(1, 'y')]);
    expect(
      events.map((event) => event.type === 'partial' && [event.replaced, event.whole]),
    ).toEqual([
      [false, 'ab'],
      [true, 'x'],
      [false, 'xy'],
    ]);
  });

  test('V4: what the server no longer names is abandoned', () => {
    const held = run(live(), [say(0, 'ab')]).cursor;
    const again = opened(held, nothing);
    expect(again.events.at(-1)).toEqual({ type: 'abandoned', entryId: 'm1', part: 'text' });
    expect(again.cursor.held).toEqual([]);
  });

  test("V4: of a tool's output only the last part is kept, and its entry ends it", () => {
    const piece = { entryId: 'o', part: 'output' as const, call: 'c1' };
    const big = 'x'.repeat(70_000);
    const { cursor } = run(live(), [
      { event: 'partial', piece: { ...piece, offset: 0, text: big } },
      { event: 'partial', piece: { ...piece, offset: 70_000, text: 'end' } },
    ]);
    expect(cursor.held[0]?.text).toHaveLength(64 * 1024);
    expect(openInput(cursor, 's')).toMatchObject({ partials: [{ offset: 70_003 }] });
  });
});

describe('a sealed entry', () => {
  const whole = messageEntry(1, 'm1', 'hello');
  const frame: FeedFrame = { event: 'entry', entry: sealed(whole), sealed: true };

  test('V4: gets the held text back when the digest agrees', () => {
    const { events } = run(live(), [say(0, 'hello'), frame]);
    expect(events.at(-1)).toEqual({ type: 'entry', entry: whole });
  });

  test.each([
    ['nothing is held', []],
    ['another text is held', [say(0, 'hullo')]],
    ['a part is held', [say(0, 'hell')]],
  ])('V4: is fetched when %s', (_, before) => {
    const step = run(live(), [...before, frame]);
    expect(step.need).toEqual({ fetch: 1 });
    expect(fetched(step.cursor, whole).events).toEqual([{ type: 'entry', entry: whole }]);
    expect(fetched(step.cursor, whole).cursor.held).toEqual([]);
  });
});

const acts: fc.Arbitrary<Act> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant('say' as const), text: fc.string() }) },
  { weight: 2, arbitrary: fc.constant({ type: 'seal' as const }) },
  fc.record({ type: fc.constant('replace' as const), text: fc.string() }),
  fc.record({ type: fc.constant('restate' as const), text: fc.string() }),
  fc.constant({ type: 'notice' as const }),
);
/** What happens to a frame on its way. */
const fates = fc.constantFrom('arrives', 'arrives', 'arrives', 'twice', 'lost', 'cut' as const);

test('V1 V4: over duplicates, losses and cuts every entry comes once and every text exactly', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(acts, fates), { maxLength: 60 }), (script) => {
      const server = new ModelServer();
      const reader = new Reader(server);
      for (const [act, fate] of script) {
        for (const frame of server.act(act)) {
          if (fate === 'arrives' || fate === 'twice') reader.take(frame);
          if (fate === 'twice') reader.take(frame);
          if (fate === 'cut') reader.open();
        }
      }
      reader.open();
      expect(reader.entries).toEqual(server.log);
      const { openText } = server;
      expect(reader.texts).toEqual(
        openText === null || openText.text === '' ? {} : { [openText.id]: openText.text },
      );
    }),
    { numRuns: 500 },
  );
});

/** A consumer that believes nothing but the events. */
class Reader {
  readonly entries: unknown[] = [];
  texts: Record<string, string> = {};
  readonly #server: ModelServer;
  #cursor = beginAt(0);

  constructor(server: ModelServer) {
    this.#server = server;
    this.open();
  }

  open(): void {
    const { cursor } = this;
    const input = openInput(cursor, 's') as { after?: number; partials?: [] };
    this.#apply(opened(cursor, this.#server.snapshot(input)));
    for (const frame of this.#server.replay(input.after ?? 0)) this.take(frame);
    this.take({ event: 'feed.state', state: 'live' });
  }

  take(frame: FeedFrame): void {
    this.#apply(received(this.cursor, frame));
  }

  get cursor(): FeedCursor {
    return this.#cursor;
  }

  #apply(step: Step): void {
    this.#cursor = step.cursor;
    for (const event of step.events) this.#consume(event);
    if (step.need === 'reopen') this.open();
    else if (step.need !== undefined) {
      this.#apply(fetched(this.cursor, this.#server.log[step.need.fetch - 1]!));
    }
  }

  #consume(event: FeedEvent): void {
    if (event.type === 'entry') {
      this.entries.push(event.entry);
      delete this.texts[event.entry.id];
    } else if (event.type === 'abandoned') delete this.texts[event.entryId];
    else if (event.type === 'partial') {
      const before = event.replaced ? '' : (this.texts[event.entryId] ?? '');
      expect(event.offset).toBe(before.length);
      this.texts[event.entryId] = before + event.text;
      if (this.texts[event.entryId] === '') delete this.texts[event.entryId];
      expect(event.whole).toBe(before + event.text);
    }
  }
}
