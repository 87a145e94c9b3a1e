import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export interface Told {
  id?: string | number | null;
  method?: string;
  params?: { progressToken?: string; progress?: number; message?: string };
  result?: {
    content?: { type: string; text: string }[];
    isError?: boolean;
    [name: string]: unknown;
  };
  error?: { code: number; message: string };
}

/** A client of a server that speaks the Model Context Protocol on stdio: one JSON message a line. */
export class McpClient {
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | null>;
  readonly #waiting = new Set<() => void>();
  readonly told: Told[] = [];
  err = '';
  #next = 1;

  constructor(words: readonly [string, ...string[]], env: NodeJS.ProcessEnv, cwd: string) {
    const [program, ...rest] = words;
    this.#child = spawn(program, rest, { env, cwd, stdio: ['pipe', 'pipe', 'pipe'] });
    createInterface({ input: this.#child.stdout! }).on('line', (line) => {
      this.told.push(JSON.parse(line) as Told);
      for (const wake of this.#waiting) wake();
    });
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => (this.err += text));
    this.#ended = once(this.#child, 'close').then(([code]) => code as number | null);
  }

  /** Sends a message as it is. */
  write(message: unknown): void {
    const line = typeof message === 'string' ? message : JSON.stringify(message);
    this.#child.stdin!.write(`${line}\n`);
  }

  notify(method: string, params: object): void {
    this.write({ jsonrpc: '2.0', method, params });
  }

  /** Sends a request; the answer is that of `answer`. */
  send(method: string, params: object = {}): number {
    const id = this.#next++;
    this.write({ jsonrpc: '2.0', id, method, params });
    return id;
  }

  request(method: string, params: object = {}): Promise<Told> {
    const id = this.send(method, params);
    return this.answer(id);
  }

  answer(id: number | null): Promise<Told> {
    return this.next((one) => one.id === id && one.method === undefined);
  }

  /** Calls a tool and gives its only text. */
  async call(name: string, input: object, meta?: object): Promise<string> {
    const _meta = meta === undefined ? {} : { _meta: meta };
    const { result, error } = await this.request('tools/call', {
      name,
      arguments: input,
      ..._meta,
    });
    if (error !== undefined) throw new Error(error.message);
    return result!.content!.map(({ text }) => text).join('');
  }

  /** The first message for which it is so, of those that are there or come within the time. */
  async next(so: (told: Told) => boolean, ms = 30_000): Promise<Told> {
    const deadline = performance.now() + ms;
    for (;;) {
      const found = this.told.find(so);
      if (found !== undefined) return found;
      const left = deadline - performance.now();
      if (left <= 0)
        throw new Error(`nothing such was told: ${JSON.stringify(this.told)} ${this.err}`);
      await this.#change(left);
    }
  }

  #change(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.#waiting.add(done);
    });
  }

  /** Ends its input; answers its exit code. */
  close(): Promise<number | null> {
    this.#child.stdin!.end();
    return this.#ended;
  }
}
