import type { HostExit, LaunchSpec, Member, StartWindow } from '../ports/hosts.ts';

/**
 * An agent as a function: reads lines, prints lines, and ends when it returns (code 0), throws (code 1) or
 * calls `exit`. It knows nothing of daemons that come and go.
 */
export type FakeAgent = (process: FakeProcess) => Promise<void> | void;

/** What lies in a host's directory and the agent that works in it: it outlives every daemon. */
export class FakeProcess {
  readonly spec: LaunchSpec;
  readonly pid: number;
  /** It got SIGSTOP, and no SIGCONT since. */
  stopped = false;
  /** SIGTERM does not end it. */
  ignoresTerm = false;
  ended: HostExit | null = null;
  stderr = '';
  /** What the agent has started and lives on. */
  children: readonly Omit<Member, 'role'>[] = [];
  #input = new Uint8Array(0);
  #spool = new Uint8Array(0);
  #read = 0;
  #readers: (() => void)[] = [];
  readonly #listeners = new Set<() => void>();

  constructor(spec: LaunchSpec, pid: number) {
    this.spec = spec;
    this.pid = pid;
  }

  get input(): Uint8Array {
    return this.#input;
  }

  get spool(): Uint8Array {
    return this.#spool;
  }

  get alive(): boolean {
    return this.ended === null;
  }

  start(agent: FakeAgent): void {
    const run = async (): Promise<void> => agent(this);
    run().then(
      () => this.exit(0),
      (error: unknown) => {
        this.stderr += `${String(error)}\n`;
        this.exit(1);
      },
    );
  }

  /** The next whole line of the input; waits for it for ever. */
  async line(): Promise<string> {
    for (;;) {
      const end = this.#input.indexOf(0x0a, this.#read);
      if (end !== -1 && this.alive) {
        const text = new TextDecoder().decode(this.#input.subarray(this.#read, end));
        this.#read = end + 1;
        return text;
      }
      await new Promise<void>((resolve) => this.#readers.push(resolve));
    }
  }

  print(line: string): void {
    this.write(new TextEncoder().encode(`${line}\n`));
  }

  /** Bytes for the spool as they are, so that a line can come in pieces. */
  write(bytes: Uint8Array): void {
    if (!this.alive) return;
    this.#spool = joined(this.#spool, bytes);
    this.#changed();
  }

  exit(code: number | null, signal: string | null = null, witnessed = true): void {
    if (!this.alive) return;
    this.ended = { exitCode: code, signal, witnessed };
    this.#changed();
  }

  /** The agent starts a process; `startedAt` in milliseconds since the epoch. */
  fork(name: string, startedAt: number): void {
    const pid = this.pid * 100 + this.children.length;
    this.children = [...this.children, { pid, startTime: 1, name, startedAt }];
  }

  /** Ends those children that were started within the window, and says which. */
  endChildren(window: StartWindow = {}): readonly Omit<Member, 'role'>[] {
    const { startedAfter = -Infinity, startedBefore = Infinity } = window;
    const ended = this.children.filter(
      ({ startedAt }) => startedAt > startedAfter && startedAt < startedBefore,
    );
    this.children = this.children.filter((child) => !ended.includes(child));
    return ended;
  }

  /** Makes the input hold the bytes at the offset; what is there already must be the same. */
  receive(offset: number, bytes: Uint8Array): void {
    const known = this.#input.length - offset;
    if (known < 0) throw new Error(`a gap in the input: ${offset} after ${this.#input.length}`);
    const same = bytes.subarray(0, known).every((byte, at) => byte === this.#input[offset + at]);
    if (!same) throw new Error(`other bytes in the input at ${offset}`);
    if (bytes.length <= known) return;
    this.#input = joined(this.#input, bytes.subarray(known));
    for (const reader of this.#readers.splice(0)) reader();
  }

  /** Calls the listener when the spool has grown or the agent has ended. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
