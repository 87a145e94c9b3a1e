// Speaks the stream of JSON lines of Claude Code as far as the scenarios need it: prompts, prompts that are
// steered into a turn, and interrupts. What it does stands in the prompt: `[[say X]]`; `[[listen N]]`, which
// waits for N steered prompts and repeats each; `[[wait]]`, which heeds none and waits for an interrupt;
// `[[look]]`, which says what bytes came along.
import { createHash, randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';

const given = process.argv.slice(2);
const valueOf = (name) => given.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
const session = valueOf('--session-id') ?? valueOf('--resume') ?? randomUUID();

if (given.includes('--version')) {
  process.stdout.write('2.1.329 (Claude Code)\n');
  process.exit(0);
}

function tell(line) {
  const named = { session_id: session, uuid: randomUUID(), ...line };
  process.stdout.write(`${JSON.stringify(named)}\n`);
}

const state = (name) => tell({ type: 'system', subtype: 'session_state_changed', state: name });

function say(text) {
  const id = `msg_${randomUUID()}`;
  const event = (content) =>
    tell({ type: 'stream_event', event: content, parent_tool_use_id: null });
  event({ type: 'message_start', message: { id, role: 'assistant', content: [] } });
  event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } });
  event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } });
  const message = { id, role: 'assistant', content: [{ type: 'text', text }] };
  tell({ type: 'assistant', message, parent_tool_use_id: null });
  event({ type: 'content_block_stop', index: 0 });
  event({ type: 'message_stop' });
}

const echo = ({ uuid, message }) => tell({ type: 'user', message, uuid, isReplay: true });
const textOf = ({ message }) => message.content.map(({ text = '' }) => text).join('');

/** Prompts that have not been looked at, and the names of all that came. */
const waiting = [];
const known = new Set();
let turn = null;

/** Steps of a prompt; each answers whether it is done, and is asked again when something has come. */
function stepsOf(prompt) {
  const steps = [...textOf(prompt).matchAll(/\[\[(\w+)(?: ([^\]]*))?\]\]/g)];
  return steps.map(([, name, value = '']) => {
    if (name === 'wait') return () => false;
    if (name === 'look') return () => (say(lookedAt(prompt)), true);
    if (name !== 'listen') return () => (say(value), true);
    let left = Number(value);
    return () => {
      for (; left > 0; left--) {
        // Those that were not steered wait for a turn of their own.
        const at = waiting.findIndex(({ priority }) => priority === 'next');
        if (at === -1) break;
        const [steered] = waiting.splice(at, 1);
        echo(steered);
        say(`heard: ${textOf(steered)}`);
      }
      return left === 0;
    };
  });
}

function lookedAt({ message }) {
  const sums = message.content.flatMap(({ type, source }) => {
    if (source?.data === undefined) return [];
    const bytes = Buffer.from(source.data, 'base64');
    return [`${type} ${createHash('sha256').update(bytes).digest('hex')} ${bytes.length}`];
  });
  return sums.join('\n') || 'nothing';
}

function advance() {
  for (;;) {
    if (turn === null) {
      const prompt = waiting.shift();
      if (prompt === undefined) return;
      begin(prompt);
    }
    while (turn.steps.length > 0) {
      if (!turn.steps[0]()) return;
      turn.steps.shift();
    }
    end({
      subtype: 'success',
      is_error: false,
      stop_reason: 'end_turn',
      terminal_reason: 'completed',
    });
  }
}

function begin(prompt) {
  turn = { steps: stepsOf(prompt) };
  state('running');
  echo(prompt);
}

function end(how) {
  turn = null;
  tell({
    type: 'result',
    num_turns: 1,
    result: '',
    total_cost_usd: 0,
    usage: {},
    modelUsage: {},
    ...how,
  });
  state('idle');
}

function interrupt() {
  for (const { uuid } of waiting.splice(0)) {
    tell({ type: 'command_lifecycle', command_uuid: uuid, state: 'cancelled' });
  }
  if (turn === null) return;
  end({ subtype: 'error_during_execution', is_error: true, terminal_reason: 'aborted_streaming' });
}

function answer({ request_id: id, request }) {
  const response = request.subtype === 'initialize' ? opening : {};
  tell({ type: 'control_response', response: { subtype: 'success', request_id: id, response } });
  if (request.subtype === 'interrupt') interrupt();
}

const opening = { claude_code_version: '2.1.329', current_permission_mode: 'default' };

createInterface({ input: process.stdin }).on('line', (text) => {
  const line = JSON.parse(text);
  if (line.type === 'control_request') return answer(line);
  if (line.type !== 'user') return;
  if (known.has(line.uuid)) return;
  known.add(line.uuid);
  waiting.push(line);
  advance();
});
