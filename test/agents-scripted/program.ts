// Starts the program and speaks to it by lines.
import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';

const main = path.join(import.meta.dirname, '../../src/agents/scripted/program/main.ts');

/** The wire is what is being tested: a test reads whatever it expects to find. */
// oxlint-disable-next-line typescript/no-explicit-any
type Wire = any;

export interface Message {
  readonly id?: number | string | null;
  readonly method?: string;
  readonly params?: Wire;
  readonly result?: Wire;
  readonly error?: Wire;
}

interface TurnSeen {
  readonly updates: readonly Wire[];
  readonly response: Message;
}

/** A folder that is gone when the test is over. */
export function makeFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'scripted-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export class Program {
  readonly child: ChildProcessWithoutNullStreams;
  /** Everything that came, in order. */
  readonly messages: Message[] = [];
  /** Lines that were no JSON. */
  readonly noise: string[] = [];
  readonly cwd: string;
  sessionId = '';
  stdout = Buffer.alloc(0);
  stderr = '';
  readonly #wakes = new Set<() => void>();
  #taken = 0;
  #nextId = 1;

  constructor(args: readonly string[] = [], cwd = makeFolder()) {
    this.cwd = cwd;
    this.child = spawn(process.execPath, [main, ...args], { cwd });
    onTestFinished(() => this.end());
    const pieces: Buffer[] = [];
    this.child.stdout.on('data', (bytes: Buffer) => {
      pieces.push(bytes);
      if (!bytes.includes(10)) return;
      const all = Buffer.concat(pieces.splice(0));
      const end = all.lastIndexOf(10) + 1;
      pieces.push(all.subarray(end));
      for (const line of all.toString('utf8', 0, end - 1).split('\n')) this.#take(line);
      for (const wake of this.#wakes) wake();
    });
    this.child.stdout.on('end', () => {
      this.stdout = Buffer.concat(pieces);
    });
    this.child.stderr.on('data', (bytes: Buffer) => {
      this.stderr += bytes.toString();
    });
  }

  async end(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill('SIGKILL');
    await once(this.child, 'exit');
  }

  /** Resolves with code and signal when the process has ended and its output is read. */
  async ended(): Promise<[code: number | null, signal: string | null]> {
    const { exitCode, signalCode, stdout } = this.child;
    if (exitCode === null && signalCode === null) await once(this.child, 'exit');
    if (!stdout.readableEnded) await once(stdout, 'end');
    return [this.child.exitCode, this.child.signalCode];
  }

  write(message: object): void {
    this.child.stdin.write(JSON.stringify({ jsonrpc: '2.0', ...message }) + '\n');
  }

  /** Sends a request; gives its id. */
  start(method: string, params: object): number {
    const id = this.#nextId++;
    this.write({ id, method, params });
    return id;
  }

  request(method: string, params: object): Promise<Message> {
    return this.response(this.start(method, params));
  }

  response(id: number): Promise<Message> {
    return this.seen((message) => message.id === id && message.method === undefined);
  }

  answer({ id }: Message, result: object): void {
    this.write({ id, result });
  }

  /** The first message, old or new, that fits. */
  async seen(fits: (message: Message) => boolean): Promise<Message> {
    for (;;) {
      const found = this.messages.find(fits);
      if (found !== undefined) return found;
      await this.#news();
    }
  }

  /** The next message of this method that no call of this kind has taken. */
  async next(method: string): Promise<Message> {
    for (;;) {
      const at = this.messages.findIndex((each, i) => i >= this.#taken && each.method === method);
      if (at >= 0) {
        this.#taken = at + 1;
        return this.messages[at]!;
      }
      await this.#news();
    }
  }

  /** Makes a session in the working folder. */
  async open(clientCapabilities: object = {}): Promise<this> {
    await this.request('initialize', { protocolVersion: 1, clientCapabilities });
    const { result } = await this.request('session/new', { cwd: this.cwd, mcpServers: [] });
    this.sessionId = result.sessionId;
    return this;
  }

  startPrompt(text: string): number {
    const prompt = [{ type: 'text', text }];
    return this.start('session/prompt', { sessionId: this.sessionId, prompt });
  }

  /** Prompts without pauses; gives the updates of the turn and the response. */
  async prompt(text: string): Promise<TurnSeen> {
    const from = this.messages.length;
    const response = await this.response(this.startPrompt(`[[pace 0]]${text}`));
    return { updates: updatesOf(this.messages.slice(from)), response };
  }

  cancel(): void {
    this.write({ method: 'session/cancel', params: { sessionId: this.sessionId } });
  }

  #take(line: string): void {
    try {
      this.messages.push(JSON.parse(line) as Message);
    } catch {
      this.noise.push(line);
    }
  }

  #news(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wakes.add(resolve);
    return promise.finally(() => this.#wakes.delete(resolve));
  }
}

export function updatesOf(messages: readonly Message[]): Wire[] {
  return messages
    .filter(({ method }) => method === 'session/update')
    .map(({ params }) => params.update);
}

/** Text of all chunks of one kind. */
export function textOf(updates: readonly Wire[], kind = 'agent_message_chunk'): string {
  return updates
    .filter(({ sessionUpdate }) => sessionUpdate === kind)
    .map(({ content }) => content.text ?? '')
    .join('');
}

/** Statuses of a tool call in their order, and its last content and output. */
export function toolCallOf(updates: readonly Wire[]) {
  const states = updates.filter(({ toolCallId }) => toolCallId !== undefined);
  const merged: Wire = Object.assign({}, ...states);
  return { ...merged, statuses: states.flatMap(({ status }) => status ?? []) };
}

/** A process that has ended and waits for its parent to notice is not alive. */
export function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat[stat.lastIndexOf(')') + 2] !== 'Z';
  } catch {
    return false;
  }
}

/** For what the operating system does without telling us. */
export async function until(comesTrue: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!comesTrue()) {
    if (performance.now() > deadline) throw new Error('it did not come true in 10 s');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
