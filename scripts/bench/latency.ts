import { chmodSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { BenchDaemon } from './daemon.ts';
import { type Measure, quantile, result } from './result.ts';

const sessions = 100;
const lines = 150;
const everyMs = 100;
const agent = fileURLToPath(new URL('./line-agent.mjs', import.meta.url));

interface Notification {
  method?: string;
  params?: { entry?: { kind: string; data: { items?: { content: string }[] } } };
}

/**
 * From the moment in which an agent writes a line to the moment in which a subscriber in another process
 * has its entry: spool, decoder, commit with fsync, feed, WebSocket. One small Node process for each agent.
 */
export const latency: Measure = async (work) => {
  const program = path.join(work, 'agent');
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${agent}'\n`);
  chmodSync(program, 0o755);
  const daemon = await BenchDaemon.start(path.join(work, 'state'), program);
  const times: number[] = [];
  const socket = await daemon.socket();
  socket.on('message', (data: Buffer) => {
    const now = process.hrtime.bigint();
    const { method, params } = JSON.parse(data.toString()) as Notification;
    if (method !== 'entry' || params?.entry?.kind !== 'plan') return;
    const written = params.entry.data.items?.[0]?.content;
    if (written !== undefined) times.push(Number(now - BigInt(written)) / 1e6);
  });
  for (let number = 1; number <= sessions; number++) {
    const session = `s${number}`;
    await daemon.call('sessions.create', { id: session, cwd: work });
    const params = { session, after: 0 };
    socket.send(JSON.stringify({ jsonrpc: '2.0', id: number, method: 'feeds.open', params }));
  }
  // A first short run opens the hosts, so that the measured one has nothing to start.
  await runAll(daemon, `1 ${everyMs}`);
  times.length = 0;
  await runAll(daemon, `${lines} ${everyMs}`);
  socket.terminate();
  await daemon.stop();
  const lost = sessions * lines - times.length;
  return [
    result('line-p50', 'agent line to subscriber, 100 sessions, p50', quantile(times, 0.5), 'ms', {
      atMost: 2,
    }),
    result('line-p99', '… p99', quantile(times, 0.99), 'ms', { atMost: 10 }),
    result('line-lost', '… lost of 15,000', lost, '', { atMost: 0 }),
  ];
};

async function runAll(daemon: BenchDaemon, content: string): Promise<void> {
  for (let number = 1; number <= sessions; number++) {
    await daemon.call('sessions.send', { session: `s${number}`, content });
  }
  for (let open = true; open;) {
    await sleep(500);
    const { runs } = (await daemon.call('runs.list', { open: true, limit: 200 })) as {
      runs: unknown[];
    };
    open = runs.length > 0;
  }
  await sleep(200);
}
