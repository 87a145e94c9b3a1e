import type { WebSocket } from 'ws';
import { lineAgent } from './agent.ts';
import type { BenchDaemon } from './daemon.ts';
import { type Measure, result } from './result.ts';
import { openFeed, readEntry, RunEnds } from './watch.ts';

const lineBytes = 4000;

/** A reader that does not read beside a run of 400 MB and a reader that does: what the one costs. */
export const paused: Measure = async (place) => {
  const lines = place.size(100_000, 500);
  const daemon = await place.daemon('state', { as: { agent: lineAgent(place) }, probed: true });
  const without = await peakOfRun(daemon, { session: 's1', cwd: place.work, lines, idle: null });
  const idle = await daemon.socket();
  const beside = await peakOfRun(daemon, { session: 's2', cwd: place.work, lines, idle });
  const caughtUp = await readRest(idle, lines);
  await daemon.stop();
  const megabytes = Math.round((lines * lineBytes) / 1e6);
  return [
    result(
      'paused-growth',
      `paused reader beside a run of ${megabytes} MB: memory`,
      beside.peak - without.peak,
      'MiB',
      { atMost: 32 },
    ),
    result('paused-peak', '… most memory in that run', beside.peak, 'MiB'),
    result('paused-peak-without', '… most memory in one without it', without.peak, 'MiB'),
    result('paused-stall', '… longest stall', beside.stallMs, 'ms', { atMost: 25 }),
    result('paused-work', '… of the processor in one turn, most', beside.workMs, 'ms'),
    result('paused-run', '… duration of the run', beside.seconds, 's'),
    result('paused-lost', '… entries that the reader missed', lines - caughtUp, '', { atMost: 0 }),
  ];
};

interface Run {
  session: string;
  cwd: string;
  lines: number;
  idle: WebSocket | null;
}

async function peakOfRun(
  daemon: BenchDaemon,
  { session, cwd, lines, idle }: Run,
): Promise<{ peak: number; seconds: number; stallMs: number; workMs: number }> {
  await daemon.call('sessions.create', { id: session, cwd });
  const socket = await daemon.socket();
  const ended = new RunEnds(socket).next(session);
  openFeed(socket, session);
  if (idle !== null) await openAndPause(idle, session);
  daemon.forgetPeak();
  await daemon.delays();
  const began = performance.now();
  await daemon.call('sessions.send', { session, content: `flood ${lines} ${lineBytes}` });
  await ended;
  const seconds = (performance.now() - began) / 1000;
  const { peak } = daemon.memory();
  const { stallMs, workMs } = await daemon.delays();
  socket.terminate();
  return { peak, seconds, stallMs, workMs };
}

/** From the answer that the feed is open on, nothing is taken. */
async function openAndPause(socket: WebSocket, session: string): Promise<void> {
  const answered = new Promise<void>((resolve) => socket.once('message', () => resolve()));
  openFeed(socket, session);
  await answered;
  socket.pause();
}

/** How many of the lines' entries the paused reader gets when it reads again. */
function readRest(socket: WebSocket, lines: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let seen = 0;
    let last = 0;
    socket.on('message', (data: Buffer) => {
      const entry = readEntry(data);
      if (entry === null) return;
      if (last !== 0 && entry.seq !== last + 1) reject(new Error(`${entry.seq} after ${last}.`));
      last = entry.seq;
      if (entry.kind === 'plan') seen += 1;
      if (entry.kind === 'run_ended') resolve(seen);
      if (seen > lines) reject(new Error('An entry came twice.'));
    });
    socket.resume();
  });
}
