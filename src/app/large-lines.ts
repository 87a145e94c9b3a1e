import { Worker } from 'node:worker_threads';
import type { AgentOptions } from '../agents/agents.ts';
import type { DecodedLine, RawLine } from '../engine/decode.ts';
import type { DecoderState } from '../ports/agent.ts';

interface Waiting {
  resolve(decoded: DecodedLine): void;
  reject(error: Error): void;
}

/** The worker that decodes lines over 1 MiB, started with the first of them. Answers come in order. */
export class LargeLines {
  readonly #agents: AgentOptions;
  #worker: Worker | null = null;
  #waiting: Waiting[] = [];

  constructor(agents: AgentOptions) {
    this.#agents = agents;
  }

  decode(agent: string, state: DecoderState, line: RawLine): Promise<DecodedLine> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#start().postMessage({ agent, state, line });
    });
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  #start(): Worker {
    if (this.#worker !== null) return this.#worker;
    const worker = new Worker(new URL('./decode-worker.ts', import.meta.url), {
      workerData: this.#agents,
    });
    worker.unref();
    worker.on('message', (decoded: DecodedLine) => this.#waiting.shift()?.resolve(decoded));
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
