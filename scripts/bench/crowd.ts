import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { lineAgent } from './agent.ts';
import type { BenchDaemon } from './daemon.ts';
import type { Place } from './place.ts';
import { type Measure, quantile, result } from './result.ts';
import { openFeed, RunEnds } from './watch.ts';

const program = fileURLToPath(new URL('./crowd-client.ts', import.meta.url));
const clients = 2;
const everyMs = 1000;

/**
 * Thousands of subscribers. A socket has one feed of each session, and the daemon takes a thousand
 * connections, so they are feeds of ten sessions on several hundred sockets, in two processes.
 */
export const crowd: Measure = async (place) => {
  const sessions = Array.from({ length: place.size(10, 2) }, (_, number) => `s${number + 1}`);
  const sockets = place.size(500, 4);
  const lines = place.size(20, 2);
  const daemon = await place.daemon('state', { as: { agent: lineAgent(place) }, probed: true });
  const ends = await prepare(place, daemon, sessions);
  const before = daemon.memory().now;
  const crowds = Array.from({ length: clients }, () =>
    place.client(program, [daemon.url, daemon.token, String(sockets / clients), ...sessions]),
  );
  await Promise.all(crowds.map((client) => told(client)));
  const { now } = daemon.memory();
  await daemon.delays();
  await runAll(daemon, ends, `lines ${lines} ${everyMs}`);
  const { stallMs, workMs } = await daemon.delays();
  const times = (await Promise.all(crowds.map((client) => report(client)))).flat();
  await daemon.stop();
  const feeds = sockets * sessions.length;
  const lost = feeds * lines - times.length;
  const title = `${feeds} subscribers on ${sockets} sockets: delivery p99`;
  return [
    result('crowd-p99', title, quantile(times, 0.99), 'ms', { atMost: 100 }),
    result('crowd-p50', '… p50', quantile(times, 0.5), 'ms'),
    result('crowd-lost', `… lost of ${feeds * lines}`, lost, '', { atMost: 0 }),
    result('crowd-memory', '… memory of each', ((now - before) * 1024) / feeds, 'KiB'),
    result(
      'crowd-socket-memory',
      '… memory of each socket',
      ((now - before) * 1024) / sockets,
      'KiB',
    ),
    result('crowd-stall', '… longest stall', stallMs, 'ms', { atMost: 25 }),
    result('crowd-work', '… of the processor in one turn, most', workMs, 'ms'),
  ];
};

type Ends = ReadonlyMap<string, RunEnds>;

/** The sessions, each with its agent at work: the crowd finds nothing that has still to be started. */
async function prepare(
  place: Place,
  daemon: BenchDaemon,
  sessions: readonly string[],
): Promise<Ends> {
  const socket = await daemon.socket();
  const watch = new RunEnds(socket);
  const ends = new Map(sessions.map((session) => [session, watch]));
  for (const session of sessions) {
    await daemon.call('sessions.create', { id: session, cwd: place.work });
    openFeed(socket, session);
  }
  await runAll(daemon, ends, 'lines 1 1');
  return ends;
}

async function runAll(daemon: BenchDaemon, ends: Ends, content: string): Promise<void> {
  const ended = [...ends].map(([session, watch]) => watch.next(session));
  for (const session of ends.keys()) await daemon.call('sessions.send', { session, content });
  await Promise.all(ended);
}

function told(client: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    client.once('message', resolve);
    client.once('exit', (code) => reject(new Error(`A client ended with ${code}.`)));
  });
}

/** The client answers when each of its feeds has brought the end of the run. */
async function report(client: ChildProcess): Promise<number[]> {
  client.send('report');
  return (await told(client)) as number[];
}
