#!/usr/bin/env node
// burst.mjs N [result]: speaks ACP as far as a prompt, then writes N messages, each a line of its own, in
// one write and exits with 0 in the same instant; with `result` the turn's end is the last line.
import { writeSync } from 'node:fs';
import process from 'node:process';
import { createInterface } from 'node:readline';

const count = Number(process.argv[2]);
const withResult = process.argv[3] === 'result';
const line = (message) => `${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`;

for await (const text of createInterface({ input: process.stdin })) {
  const { id, method, params } = JSON.parse(text);
  if (method === 'initialize') writeSync(1, line({ id, result: { protocolVersion: 1 } }));
  if (method === 'session/new') writeSync(1, line({ id, result: { sessionId: 'burst' } }));
  if (method !== 'session/prompt') continue;
  let out = '';
  for (let n = 1; n <= count; n += 1) {
    const content = { type: 'text', text: `line ${n}` };
    const update = { sessionUpdate: 'agent_message_chunk', content, messageId: `m${n}` };
    out += line({ method: 'session/update', params: { sessionId: params.sessionId, update } });
  }
  if (withResult) out += line({ id, result: { stopReason: 'end_turn' } });
  const bytes = Buffer.from(out);
  for (let at = 0; at < bytes.length;) at += writeSync(1, bytes, at);
  process.exit(0);
}
