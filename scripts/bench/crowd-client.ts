// Subscribers in a process of their own: `crowd-client.ts URL TOKEN SOCKETS SESSION…`. Tells when all feeds
// are open; asked to report it answers how many milliseconds each line took, when all runs have ended.
import process from 'node:process';
import type { WebSocket } from 'ws';
import { openSocket } from './daemon.ts';

const [url, token, sockets, ...sessions] = process.argv.slice(2);
const times: number[] = [];
const moment = /"content":"(\d+)"/;
let opening = Number(sockets) * sessions.length;
/** Feeds whose run has not ended yet: the measured one, since they show nothing from before. */
let running = Number(sockets) * sessions.length;
let reporting = false;

process.once('disconnect', () => process.exit(0));
process.once('message', () => {
  reporting = true;
  reportIfDone();
});
for (let left = Number(sockets); left > 0; left--) {
  const socket = await openSocket({ url: url!, token: token! });
  socket.on('message', (data: Buffer) => take(data));
  openFeeds(socket);
}

/** From the end of the log: only what comes from now on. */
function openFeeds(socket: WebSocket): void {
  for (const session of sessions) {
    const request = { jsonrpc: '2.0', id: session, method: 'feeds.open', params: { session } };
    socket.send(JSON.stringify(request));
  }
}

function take(data: Buffer): void {
  const now = process.hrtime.bigint();
  const start = data.toString('latin1', 0, 1000);
  if (start.includes('"kind":"plan"')) {
    const written = moment.exec(start)?.[1];
    if (written !== undefined) times.push(Number(now - BigInt(written)) / 1e6);
  } else if (start.includes('"kind":"run_ended"')) {
    running -= 1;
    reportIfDone();
  } else if (start.startsWith('{"jsonrpc":"2.0","id"')) {
    if (start.includes('"error"')) throw new Error(start);
    opening -= 1;
    if (opening === 0) process.send!('open');
  }
}

function reportIfDone(): void {
  if (!reporting || running > 0) return;
  process.send!(times, () => process.exit(0));
}
