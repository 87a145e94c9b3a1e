import process from 'node:process';
import { lineAgent } from './agent.ts';
import { type Measure, quantile, result } from './result.ts';
import { openFeed, RunEnds } from './watch.ts';

const everyMs = 100;

interface Notification {
  method?: string;
  params?: { entry?: { kind: string; data: { items?: { content: string }[] } } };
}

/**
 * From the moment in which an agent writes a line to the moment in which a subscriber in another process
 * has its entry: spool, decoder, commit with fsync, feed, WebSocket. One small Node process for each agent.
 */
export const latency: Measure = async (place) => {
  const sessions = Array.from({ length: place.size(100, 3) }, (_, number) => `s${number + 1}`);
  const lines = place.size(150, 5);
  const daemon = await place.daemon('state', { as: { agent: lineAgent(place) }, probed: true });
  const times: number[] = [];
  const socket = await daemon.socket();
  socket.on('message', (data: Buffer) => {
    const now = process.hrtime.bigint();
    const { method, params } = JSON.parse(data.toString()) as Notification;
    if (method !== 'entry' || params?.entry?.kind !== 'plan') return;
    const written = params.entry.data.items?.[0]?.content;
    if (written !== undefined) times.push(Number(now - BigInt(written)) / 1e6);
  });
  for (const session of sessions) {
    await daemon.call('sessions.create', { id: session, cwd: place.work });
    openFeed(socket, session);
  }
  const ends = new RunEnds(socket);
  const runAll = async (content: string): Promise<void> => {
    const ended = sessions.map((session) => ends.next(session));
    for (const session of sessions) await daemon.call('sessions.send', { session, content });
    await Promise.all(ended);
  };
  // A first short run opens the hosts, so that the measured one has nothing to start.
  await runAll(`lines 1 ${everyMs}`);
  times.length = 0;
  await runAll(`lines ${lines} ${everyMs}`);
  socket.terminate();
  await daemon.stop();
  const sent = sessions.length * lines;
  const title = `agent line to subscriber, ${sessions.length} sessions, p50`;
  return [
    result('line-p50', title, quantile(times, 0.5), 'ms', { atMost: 2 }),
    result('line-p99', '… p99', quantile(times, 0.99), 'ms', { atMost: 10 }),
    result('line-lost', `… lost of ${sent}`, sent - times.length, '', { atMost: 0 }),
  ];
};
