import { expect, test } from 'vitest';
import type { FeedSink, Frame } from '../../src/engine/frames.ts';
import { held } from './agents.ts';
import { by, Workbench } from './workbench.ts';

/** Sends of one turn of the event loop, at most. */
const perTurn = 1000;

/** A subscriber that keeps the seqs of what it was sent, and counts for all. */
class Counted implements FeedSink {
  readonly closed = false;
  readonly seqs: number[] = [];
  text = '';
  readonly #count: () => void;

  constructor(count: () => void) {
    this.#count = count;
  }

  send(frame: Frame): void {
    this.#count();
    if (frame.seq !== null) this.seqs.push(frame.seq);
    if (frame.event === 'partial') {
      const { offset, text } = JSON.parse(frame.params) as { offset: number; text: string };
      expect(offset).toBe(this.text.length);
      this.text += text;
    }
  }

  buffered(): number {
    return 0;
  }

  drained(): Promise<void> {
    return Promise.resolve();
  }
}

/** Opens a feed; answers the text in progress that its snapshot has. */
async function opened(
  bench: Workbench,
  session: string,
  sink: FeedSink,
  options: { after?: number },
): Promise<string> {
  const { snapshot } = await bench.engine.openFeed(session, options, sink);
  return snapshot.partials[0]?.text ?? '';
}

test('V1 V4 V6: thousands of subscribers get everything in order, no turn of the event loop belongs to them alone', async () => {
  const turn = held();
  const bench = await Workbench.open({ play: turn.play });
  const session = await bench.session('go');
  const watch = await bench.watch(session);
  const playing = await turn.begun;
  playing.say('one');
  await watch.entry('delivery');
  let sends = 0;
  let most = 0;
  let over = false;
  const tick = (): void => {
    most = Math.max(most, sends);
    sends = 0;
    if (!over) setImmediate(tick);
  };
  const crowd = Array.from({ length: 3000 }, () => new Counted(() => (sends += 1)));
  const from = (await bench.engine.get(session)).row.lastSeq;
  for (const sink of crowd) sink.text = await opened(bench, session, sink, {});
  sends = 0;
  setImmediate(tick);
  for (const word of [' two', ' three']) {
    playing.say(word);
    while (!JSON.stringify(watch.frames).includes(word)) {
      bench.clock.advance(100);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await bench.engine.logs.append(session, { entries: [{ raw: word }, { raw: 2 }] }, by);
  }
  // Some come in the middle of it.
  const late = Array.from({ length: 100 }, () => new Counted(() => (sends += 1)));
  for (const sink of late) sink.text = await opened(bench, session, sink, { after: from });
  turn.end();
  await watch.entry('run_ended');
  const { lastSeq } = (await bench.engine.get(session)).row;
  const wanted = Array.from({ length: lastSeq - from }, (_, at) => from + at + 1);
  while (![...crowd, ...late].every(({ seqs }) => seqs.length >= wanted.length)) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  over = true;
  for (const { seqs } of [...crowd, ...late]) expect(seqs).toEqual(wanted);
  expect(new Set(crowd.map(({ text }) => text.slice(0, 8))).size).toBe(1);
  // Two frames where a text is completed before its entry.
  expect(most).toBeLessThanOrEqual(2 * perTurn + 200);
  expect(most).toBeGreaterThan(0);
});
