import { createHash } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { type AgentOptions, builtInAgents } from '../agents/agents.ts';
import { decodeLine, type RawLine } from '../engine/decode.ts';
import type { DecoderState } from '../ports/agent.ts';

/** Decodes lines that are too large for the main thread; one question, one answer, in order. */
export interface DecodeQuestion {
  agent: string;
  state: DecoderState;
  line: RawLine;
}

const drivers = builtInAgents(workerData as AgentOptions);
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

parentPort?.on('message', ({ agent, state, line }: DecodeQuestion) => {
  const driver = drivers.find((candidate) => candidate.profile.name === agent);
  if (driver === undefined) throw new Error(`no agent ${agent}`);
  const decoded = decodeLine(driver, state, line, sha256);
  // Handed over and not copied: a copy would be made on the main thread.
  const buffers = new Set(decoded.blobs.map(({ bytes }) => bytes.buffer as ArrayBuffer));
  parentPort?.postMessage(decoded, [...buffers]);
});
