import type { WebSocket } from 'ws';
import { Growing, lengthen, openAt } from './fill.ts';
import { type Measure, result } from './result.ts';
import { openFeed, readEntry } from './watch.ts';

const subscribers = 10;
const entryChars = 20_000;

/** Ten subscribers that each read the same long log from its beginning, all at once. */
export const replay: Measure = async (place) => {
  const entries = place.size(5000, 50);
  const store = await openAt(place.path('state'));
  await lengthen(store, new Growing('s1', entryChars), { entries, together: 50 });
  await store.close();
  const daemon = await place.daemon('state', { as: { agent: null }, probed: true });
  const sockets = await Promise.all(Array.from({ length: subscribers }, () => daemon.socket()));
  const before = daemon.memory().now;
  daemon.forgetPeak();
  await daemon.delays();
  const began = performance.now();
  await Promise.all(sockets.map((socket) => readAll(socket, entries)));
  const seconds = (performance.now() - began) / 1000;
  const { stallMs, stallP99Ms, workMs } = await daemon.delays();
  const { peak } = daemon.memory();
  for (const socket of sockets) socket.terminate();
  await daemon.stop();
  const title = `${subscribers} replays of ${entries} x 20 KB: longest stall`;
  return [
    result('replay-stall', title, stallMs, 'ms', { atMost: 25 }),
    result('replay-work', '… of the processor in one turn, most', workMs, 'ms'),
    result('replay-stall-p99', '… delay of the main thread, p99', stallP99Ms, 'ms'),
    result('replay-memory', '… growth of memory', peak - before, 'MiB', { atMost: 100 }),
    result('replay-seconds', '… until all had all', seconds, 's'),
  ];
};

/** Every entry once and in order, or it fails. */
function readAll(socket: WebSocket, entries: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let seen = 0;
    socket.on('message', (data: Buffer) => {
      const entry = readEntry(data);
      if (entry === null) return;
      if (entry.seq !== seen + 1) reject(new Error(`Entry ${entry.seq} came after ${seen}.`));
      seen = entry.seq;
      if (seen === entries) resolve();
    });
    openFeed(socket, 's1');
  });
}
