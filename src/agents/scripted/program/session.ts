// One conversation: its settings, its memory, and whether a turn is under way.
import type { Params } from './connection.ts';
import { RpcError } from './connection.ts';
import type { Memory, MemoryRecord } from './memory.ts';

const modes = [
  { id: 'ask', name: 'Ask', description: 'Asks where the script says ask' },
  { id: 'auto', name: 'Auto', description: 'Never asks for a permission' },
];

const models = [
  { value: 'steady', name: 'Steady', description: '15 ms between chunks' },
  { value: 'brisk', name: 'Brisk', description: 'As fast as possible' },
];

const efforts = [
  { value: 'low', name: 'Low', description: 'Does what it is told' },
  { value: 'high', name: 'High', description: 'Thinks a sentence before each turn' },
];

export type Verdict = 'allow' | 'reject';

/** With what the client opened the session last. */
export interface Opening {
  readonly additionalDirectories: unknown;
  readonly mcpServers: unknown;
}

export interface SessionParts {
  readonly id: string;
  readonly cwd: string;
  readonly memory: Memory;
}

export class Session {
  readonly id: string;
  readonly cwd: string;
  mode = 'ask';
  model = 'steady';
  effort = 'low';
  opening: Opening = { additionalDirectories: [], mcpServers: [] };
  /** Answers that hold for the rest of this process, by kind of tool. */
  readonly verdicts = new Map<string, Verdict>();
  /** A prompt has been taken and not yet been answered. */
  prompting = false;
  readonly #memory: Memory;
  readonly #turnsAhead = new Set<AbortController>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #settled: Promise<unknown> = Promise.resolve();
  #turns = 0;
  #used = 0;
  #cost = 0;

  constructor({ id, cwd, memory }: SessionParts) {
    this.id = id;
    this.cwd = cwd;
    this.#memory = memory;
    for (const record of memory.read(id) ?? []) {
      if (record.type === 'turn') this.#turns++;
      else if (record.type === 'usage') ({ used: this.#used, cost: this.#cost } = record);
    }
  }

  /** One turn after another, prompted or not; each with the signal of its cancel. */
  inTurn<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    this.#turnsAhead.add(controller);
    const done = this.#settled.then(() => work(controller.signal));
    this.#settled = done.then(
      () => this.#turnsAhead.delete(controller),
      () => this.#turnsAhead.delete(controller),
    );
    return done;
  }

  /** Does something later, unless a cancel comes first. */
  schedule(ms: number, work: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      work();
    }, ms);
    this.#timers.add(timer);
  }

  /** Cancels the turn under way, those that wait and those that were to come. */
  cancel(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    for (const controller of this.#turnsAhead) controller.abort(new Error('cancelled'));
  }

  /** Resolves when no turn is under way. */
  async quiet(): Promise<void> {
    await this.#settled;
  }

  remember(record: MemoryRecord): void {
    this.#memory.append(this.id, record);
  }

  /** The number of the new turn, from 1. */
  beginTurn(): number {
    this.remember({ type: 'turn' });
    return ++this.#turns;
  }

  /** Adds a turn's tokens and cost; gives the sums of the session. */
  spend(tokens: number, cost: number): { readonly used: number; readonly cost: number } {
    this.#used += tokens;
    this.#cost += cost;
    this.remember({ type: 'usage', used: this.#used, cost: this.#cost });
    return { used: this.#used, cost: this.#cost };
  }

  setMode(mode: unknown): void {
    if (!modes.some(({ id }) => id === mode))
      throw new RpcError(-32602, `Unknown mode: ${String(mode)}`);
    this.mode = mode as string;
  }

  setOption(id: unknown, value: unknown): void {
    const known = this.options().find((option) => option.id === id);
    if (known?.options.some((option) => option.value === value) !== true) {
      throw new RpcError(-32602, `Unknown configuration value: ${String(id)} ${String(value)}`);
    }
    this[known.id] = value as string;
  }

  /** Modes and options, as replies to new, load and resume carry them. */
  describe(): Params {
    return {
      modes: { currentModeId: this.mode, availableModes: modes },
      configOptions: this.options(),
    };
  }

  options() {
    return [
      {
        id: 'model',
        name: 'Model',
        category: 'model',
        type: 'select',
        currentValue: this.model,
        options: models,
      },
      {
        id: 'effort',
        name: 'Effort',
        category: 'thought_level',
        type: 'select',
        currentValue: this.effort,
        options: efforts,
      },
    ] as const;
  }

  /** What is in force, as `[[settings]]` says it. */
  settings(): Params {
    const { cwd, model, mode, effort, opening } = this;
    return { cwd, model, mode, effort, ...opening };
  }
}
