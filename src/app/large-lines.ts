import { Worker } from 'node:worker_threads';
import type { AgentOptions } from '../agents/agents.ts';
import { RefusalError } from '../domain/refusal.ts';
import type { DecodedLine, RawLine } from '../engine/decode.ts';
import type { LineBytes, NativeRead } from '../engine/read-line.ts';
import type { DecoderState } from '../ports/agent.ts';
import type { LargeAnswer, LargeQuestion } from './decode-worker.ts';

interface Waiting {
  resolve(answer: LargeAnswer): void;
  reject(error: Error): void;
}

/** The worker that decodes and reads lines that are too large for the main thread, started with the first of them. Answers come in order. */
export class LargeLines {
  readonly #agents: AgentOptions;
  #worker: Worker | null = null;
  #waiting: Waiting[] = [];

  constructor(agents: AgentOptions) {
    this.#agents = agents;
  }

  async decode(agent: string, state: DecoderState, line: RawLine): Promise<DecodedLine> {
    return (await this.#ask({ ask: 'decode', agent, state, line })) as DecodedLine;
  }

  /** A line that somebody else wrote; rejects with a refusal where it is none. */
  async read(line: LineBytes): Promise<NativeRead> {
    // Handed over where it is all there is to the buffer: it is of no more use here.
    const { buffer, byteLength } = line.bytes;
    const whole = buffer instanceof ArrayBuffer && buffer.byteLength === byteLength;
    const answer = await this.#ask({ ask: 'read', line }, whole ? [buffer] : []);
    if ('refusal' in answer) throw new RefusalError(answer.refusal);
    return answer as NativeRead;
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  #ask(question: LargeQuestion, handed: readonly ArrayBuffer[] = []): Promise<LargeAnswer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#start().postMessage(question, handed);
    });
  }

  #start(): Worker {
    if (this.#worker !== null) return this.#worker;
    const worker = new Worker(new URL('./decode-worker.ts', import.meta.url), {
      workerData: this.#agents,
    });
    worker.unref();
    worker.on('message', (answer: LargeAnswer) => this.#waiting.shift()?.resolve(answer));
    worker.on('error', (error) => this.#failed(worker, error as Error));
    worker.on('exit', () => this.#failed(worker, new Error('the decoding worker ended')));
    this.#worker = worker;
    return worker;
  }

  /** What waited for that worker fails; what waits for its successor does not. */
  #failed(worker: Worker, error: Error): void {
    if (this.#worker !== worker) return;
    this.#worker = null;
    for (const waiting of this.#waiting.splice(0)) waiting.reject(error);
  }
}
