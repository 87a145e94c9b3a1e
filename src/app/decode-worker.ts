import { createHash } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { type AgentOptions, builtInAgents } from '../agents/agents.ts';
import { type Refusal, RefusalError } from '../domain/refusal.ts';
import { type DecodedLine, decodeLine, type RawLine } from '../engine/decode.ts';
import { type LineBytes, type NativeRead, readNative } from '../engine/read-line.ts';
import type { AgentDriver, DecoderState } from '../ports/agent.ts';

/** What is too large for the main thread; one question, one answer, in order. */
export type LargeQuestion =
  | { ask: 'decode'; agent: string; state: DecoderState; line: RawLine }
  | { ask: 'read'; line: LineBytes };
export type LargeAnswer = DecodedLine | NativeRead | { refusal: Refusal };

const drivers = builtInAgents(workerData as AgentOptions);
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

parentPort?.on('message', (question: LargeQuestion) => {
  const answer = answerTo(question);
  // Handed over and not copied: a copy would be made on the main thread.
  const blobs = 'blobs' in answer ? answer.blobs : [];
  const buffers = new Set(blobs.map(({ bytes }) => bytes.buffer as ArrayBuffer));
  parentPort?.postMessage(answer, [...buffers]);
});

function answerTo(question: LargeQuestion): LargeAnswer {
  if (question.ask === 'decode') {
    const { agent, state, line } = question;
    return decodeLine(driverOf(agent), state, line, sha256);
  }
  const { line } = question;
  const { memory } = driverOf(line.format);
  if (memory === undefined) throw new Error(`nothing is known of the memory of ${line.format}`);
  try {
    return readNative(memory, line, sha256);
  } catch (error) {
    if (error instanceof RefusalError) return { refusal: error.refusal };
    throw error;
  }
}

function driverOf(agent: string): AgentDriver {
  const driver = drivers.find((candidate) => candidate.profile.name === agent);
  if (driver === undefined) throw new Error(`no agent ${agent}`);
  return driver;
}
