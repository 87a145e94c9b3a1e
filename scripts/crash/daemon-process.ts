// A daemon in a process of its own, to be killed: `daemon-process.ts STATE PORT`.
import process from 'node:process';
import { startDaemon } from '../../src/app/daemon.ts';

const [state, port] = process.argv.slice(2);
if (state === undefined || port === undefined)
  throw new Error('Usage: daemon-process.ts STATE PORT');
const daemon = await startDaemon({ state, port: Number(port) });
const readyMs = Math.round(performance.now());
process.stdout.write(`${JSON.stringify({ url: daemon.url, readyMs })}\n`);
await daemon.ended;
process.exit(0);
