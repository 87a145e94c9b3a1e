// The smallest agent there is: at a prompt `COUNT EVERY` it writes COUNT plans, one in EVERY
// milliseconds, each with the moment (of the machine's monotonic clock) at which it was written.
import process from 'node:process';
import { createInterface } from 'node:readline';

const write = (message) =>
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
const modes = { currentModeId: 'ask', availableModes: [{ id: 'ask', name: 'Ask' }] };

function plan(sessionId) {
  const content = String(process.hrtime.bigint());
  const update = {
    sessionUpdate: 'plan',
    entries: [{ content, priority: 'low', status: 'pending' }],
  };
  write({ method: 'session/update', params: { sessionId, update } });
}

function perform({ id, params }) {
  const [count, every] = params.prompt[0].text.split(' ').map(Number);
  let left = count;
  // Agents are not in step with each other.
  setTimeout(() => {
    const timer = setInterval(() => {
      plan(params.sessionId);
      left -= 1;
      if (left > 0) return;
      clearInterval(timer);
      write({ id, result: { stopReason: 'end_turn' } });
    }, every);
  }, Math.random() * every);
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const message = JSON.parse(line);
  const { id, method } = message;
  if (method === 'initialize') {
    const result = {
      protocolVersion: 1,
      agentCapabilities: { loadSession: true },
      authMethods: [],
    };
    write({ id, result });
  } else if (method === 'session/new')
    write({ id, result: { sessionId: `n${process.pid}`, modes } });
  else if (method === 'session/prompt') perform(message);
  else if (id !== undefined && method !== undefined) write({ id, result: {} });
});
