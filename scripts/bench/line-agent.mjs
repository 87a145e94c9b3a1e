// The smallest agent there is. At a prompt `lines COUNT EVERY` it writes COUNT plans, one in EVERY
// milliseconds, each with the moment (of the machine's monotonic clock) at which it was written; at
// `flood COUNT BYTES` it writes COUNT plans of BYTES characters as fast as they are taken; at `hang` it works
// until it is cancelled.
import process from 'node:process';
import { createInterface } from 'node:readline';

const modes = { currentModeId: 'ask', availableModes: [{ id: 'ask', name: 'Ask' }] };
const moment = () => String(process.hrtime.bigint());

function write(message) {
  return process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
}

function plan(sessionId, content) {
  const update = {
    sessionUpdate: 'plan',
    entries: [{ content, priority: 'low', status: 'pending' }],
  };
  return write({ method: 'session/update', params: { sessionId, update } });
}

let hanging = null;

function end(id, stopReason) {
  hanging = null;
  write({ id, result: { stopReason } });
}

function writeLines({ id, params }, [count, every]) {
  let left = count;
  // Agents are not in step with each other.
  setTimeout(() => {
    const timer = setInterval(() => {
      plan(params.sessionId, moment());
      left -= 1;
      if (left > 0) return;
      clearInterval(timer);
      end(id, 'end_turn');
    }, every);
  }, Math.random() * every);
}

async function flood({ id, params }, [count, bytes]) {
  const text = 'abcdefghij '.repeat(bytes / 11 + 1).slice(0, bytes);
  for (let left = count; left > 0; left--) {
    if (!plan(params.sessionId, text))
      await new Promise((resolve) => process.stdout.once('drain', resolve));
  }
  end(id, 'end_turn');
}

function perform(message) {
  const [verb, ...numbers] = message.params.prompt[0].text.split(' ');
  if (verb === 'lines') writeLines(message, numbers.map(Number));
  else if (verb === 'flood') void flood(message, numbers.map(Number));
  else hanging = message.id;
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const message = JSON.parse(line);
  const { id, method } = message;
  if (method === 'initialize') {
    const agentCapabilities = { loadSession: true };
    write({ id, result: { protocolVersion: 1, agentCapabilities, authMethods: [] } });
  } else if (method === 'session/new')
    write({ id, result: { sessionId: `n${process.pid}`, modes } });
  else if (method === 'session/prompt') perform(message);
  else if (method === 'session/cancel') {
    if (hanging !== null) end(hanging, 'cancelled');
  } else if (id !== undefined && method !== undefined) write({ id, result: {} });
});
