import { Worker } from 'node:worker_threads';
import { RefusalError } from '../domain/refusal.ts';
import type { Arguments, OperationName, Result } from './operations.ts';
import type { Answer, Question, WorkerStart } from './worker.ts';

/** Of a worker's heap, in MiB; Node's own is 96. */
const maxYoungGenerationSizeMb = 6;

interface Waiter {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** Asks one worker; answers come in the order of the questions. */
export class Channel {
  readonly #worker: Worker;
  readonly #waiters = new Map<number, Waiter>();
  readonly #onFatal: (error: Error) => void;
  #lastId = 0;
  #closed = false;
  #broken: Error | undefined;
  /** Resolves when no write will be answered any more. */
  readonly died: Promise<void>;
  #die: () => void = () => undefined;

  private constructor(worker: Worker, onFatal: (error: Error) => void) {
    this.#worker = worker;
    this.#onFatal = onFatal;
    this.died = new Promise((resolve) => {
      this.#die = resolve;
    });
  }

  /** Resolves when the database is open; rejects with the reason why it cannot be. */
  static async open(start: WorkerStart, onFatal: (error: Error) => void): Promise<Channel> {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), {
      workerData: start,
      execArgv: [],
      // Rows and texts that pass through live no longer than a message: room for more is only held.
      resourceLimits: { maxYoungGenerationSizeMb },
      name: `store-${start.role}`,
    });
    const channel = new Channel(worker, onFatal);
    await new Promise<void>((resolve, reject) => {
      worker.once('message', () => resolve());
      worker.once('error', reject);
    });
    worker.removeAllListeners('error');
    worker.on('message', (answer: Answer) => channel.#take(answer));
    worker.on('error', (error: Error) => channel.#lost(error));
    worker.on('exit', () => channel.#lost(new Error('The store worker ended.')));
    return channel;
  }

  call<Name extends OperationName>(name: Name, ...values: Arguments<Name>): Promise<Result<Name>> {
    return this.#ask(name, values) as Promise<Result<Name>>;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const exited = new Promise<void>((resolve) => this.#worker.once('exit', () => resolve()));
    await this.#ask('close', []);
    await exited;
  }

  #ask(name: Question['name'], values: readonly unknown[]): Promise<unknown> {
    if (this.#broken !== undefined) return Promise.reject(this.#broken);
    const id = (this.#lastId += 1);
    return new Promise((resolve, reject) => {
      this.#waiters.set(id, { resolve, reject });
      this.#worker.postMessage({ id, name, values } satisfies Question);
    });
  }

  #take(answer: Answer): void {
    if (answer.type === 'ready') return;
    if (answer.type === 'fatal') {
      this.#die();
      this.#onFatal(new Error(answer.message));
      return;
    }
    const waiter = this.#waiters.get(answer.id);
    this.#waiters.delete(answer.id);
    if (answer.type === 'value') waiter?.resolve(answer.value);
    else if (answer.type === 'refused') waiter?.reject(new RefusalError(answer.refusal));
    else waiter?.reject(new Error(answer.message));
  }

  /** The worker is gone: what was asked may or may not be done, so the process cannot go on. */
  #lost(error: Error): void {
    if (this.#broken !== undefined) return;
    this.#broken = this.#closed ? new Error('The store is closed.') : error;
    this.#die();
    const waiters = [...this.#waiters.values()];
    this.#waiters.clear();
    for (const waiter of waiters) waiter.reject(this.#broken);
    if (!this.#closed) this.#onFatal(error);
  }
}
