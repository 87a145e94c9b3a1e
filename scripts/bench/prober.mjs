// Asks a daemon for its health, once in 50 ms, whether or not the last answer has come:
// `prober.mjs URL`. Told to report it answers {first, times, failed}
// over the channel and ends; the first answer also opened the connection.
import { Agent, get } from 'node:http';
import process from 'node:process';

const everyMs = 50;
const url = `${process.argv[2]}/v1/health`;
const agent = new Agent({ keepAlive: true, maxSockets: 16 });
const times = [];
let failed = 0;
let open = 0;
let reporting = false;

function probe() {
  const began = performance.now();
  open += 1;
  const done = (ok) => {
    if (ok) times.push(performance.now() - began);
    else failed += 1;
    open -= 1;
    if (reporting && open === 0) report();
  };
  get(url, { agent }, (answer) => {
    answer.resume();
    answer.once('end', () => done(answer.statusCode === 200));
  }).once('error', () => done(false));
}

function report() {
  const [first, ...rest] = times;
  process.send({ first, times: rest, failed }, () => process.exit(0));
}

const timer = setInterval(probe, everyMs);
process.once('message', () => {
  reporting = true;
  clearInterval(timer);
  if (open === 0) report();
});
process.once('disconnect', () => process.exit(0));
