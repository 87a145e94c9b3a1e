// A daemon to be measured: `daemon-process.mjs BUILD STATE [AGENT]`. BUILD is the compiled package; AGENT is
// run where the scripted agent would be: it gets the arguments that Node would get. Over the channel it
// tells that it is ready, and how long its main thread was held up since it was last asked. It stops, with
// its hosts, when the channel closes: nothing is left of a bench that was killed.
import path from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import process from 'node:process';
import { pathToFileURL } from 'node:url';

const [build, state, agent] = process.argv.slice(2);
const { startDaemon } = await import(pathToFileURL(path.join(build, 'app', 'daemon.js')).href);
if (agent !== undefined) process.execPath = agent;
const began = performance.now();
const daemon = await startDaemon({ state });
const openMs = performance.now() - began;

const resolution = 1;
const delays = monitorEventLoopDelay({ resolution });
delays.enable();

// The same in the processor's time of the main thread, which other work on the machine does not lengthen.
const worked = () => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
};
let [before, workMs] = [worked(), 0];
setInterval(() => {
  const now = worked();
  workMs = Math.max(workMs, now - before);
  before = now;
}, resolution);

process.on('message', () => {
  // What is recorded is from one tick of its timer to the next.
  const ms = (nanoseconds) => Math.max(0, nanoseconds / 1e6 - resolution);
  process.send({ stallMs: ms(delays.max), stallP99Ms: ms(delays.percentile(99)), workMs });
  delays.reset();
  workMs = 0;
});
process.once('disconnect', () => void daemon.shutdown('stop'));
process.send({ url: daemon.url, openMs });
await daemon.ended;
process.exit(0);
