#!/usr/bin/env node
// two-asks.mjs: speaks ACP and asks for two permissions at once in each prompt; says of each in the order
// of the answers what came, and ends the turn after both, or at once when it is cancelled.
import process from 'node:process';
import { createInterface } from 'node:readline';

const send = (message) =>
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
const options = [
  { optionId: 'yes', name: 'Yes', kind: 'allow_once' },
  { optionId: 'no', name: 'No', kind: 'reject_once' },
];
let prompt = null;
let open = 0;

function ask(name) {
  open += 1;
  const toolCall = { toolCallId: `call-${name}`, title: `the ${name} thing`, kind: 'execute' };
  const params = { sessionId: 'two', toolCall, options };
  send({ id: name, method: 'session/request_permission', params });
}

function answered(name, { outcome }) {
  open -= 1;
  const text = `${name}: ${outcome.optionId ?? outcome.outcome}`;
  const content = { type: 'text', text };
  const update = { sessionUpdate: 'agent_message_chunk', content, messageId: name };
  if (prompt !== null) send({ method: 'session/update', params: { sessionId: 'two', update } });
  if (open === 0) end('end_turn');
}

function end(stopReason) {
  if (prompt !== null) send({ id: prompt, result: { stopReason } });
  prompt = null;
}

for await (const text of createInterface({ input: process.stdin })) {
  const { id, method, result } = JSON.parse(text);
  if (method === 'initialize') send({ id, result: { protocolVersion: 1 } });
  if (method === 'session/new') send({ id, result: { sessionId: 'two' } });
  if (method === 'session/cancel') end('cancelled');
  if (method === undefined && result !== undefined) answered(id, result);
  if (method !== 'session/prompt') continue;
  prompt = id;
  ask('first');
  ask('second');
}
