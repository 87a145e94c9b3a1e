// A daemon to be measured, as it is built for the package: `daemon-process.ts STATE [AGENT]`. AGENT is run
// where the scripted agent would be: it gets the arguments that Node would get.
import process from 'node:process';
import type { Daemon, DaemonOptions } from '../../src/app/daemon.ts';

interface Built {
  startDaemon: (options: DaemonOptions) => Promise<Daemon>;
}

const built = new URL('../../dist/app/daemon.js', import.meta.url).href;
const { startDaemon } = (await import(built)) as Built;

const [state, agent] = process.argv.slice(2);
if (state === undefined) throw new Error('Usage: daemon-process.ts STATE [AGENT]');
if (agent !== undefined) process.execPath = agent;
const began = performance.now();
const daemon = await startDaemon({ state });
const openMs = performance.now() - began;
process.stdout.write(`${JSON.stringify({ url: daemon.url, openMs })}\n`);
await daemon.ended;
process.exit(0);
