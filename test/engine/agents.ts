import type { FakeAgent, FakeProcess, Turn } from '../../src/testing/index.ts';

/** Commands that a process was given, in order; whole lines only. */
export function given(process: FakeProcess): { type: string; [member: string]: unknown }[] {
  const lines = new TextDecoder().decode(process.input).split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as { type: string });
}

/** Keeps the processes of an agent, also after their hosts were removed. */
export function kept(agent: FakeAgent): { agent: () => FakeAgent; processes: FakeProcess[] } {
  const processes: FakeProcess[] = [];
  return {
    processes,
    agent: () => (process) => {
      processes.push(process);
      return agent(process);
    },
  };
}

/** Works on, whatever it is asked. */
export const deaf = async (turn: Turn): Promise<void> => {
  turn.say('working');
  await new Promise(() => undefined);
};

/** Stops when it is asked to. */
export const obedient = async (turn: Turn): Promise<void> => {
  turn.say('working');
  await turn.cancelled;
  turn.end('cancelled');
};

/** A turn that the test plays: it has begun, and ends. */
export function held(): {
  play: (turn: Turn) => Promise<void>;
  begun: Promise<Turn>;
  end: () => void;
} {
  const { promise: begun, resolve: begin } = Promise.withResolvers<Turn>();
  const { promise: over, resolve: end } = Promise.withResolvers<void>();
  return {
    begun,
    end,
    play: (turn) => {
      begin(turn);
      return over;
    },
  };
}

/** Holds back what passes until it is opened, and says when the first is there. */
export class Gate {
  readonly reached: Promise<void>;
  readonly #opened: Promise<void>;
  readonly #reach: () => void;
  readonly #open: () => void;

  constructor() {
    const reached = Promise.withResolvers<void>();
    const opened = Promise.withResolvers<void>();
    this.reached = reached.promise;
    this.#reach = reached.resolve;
    this.#opened = opened.promise;
    this.#open = opened.resolve;
  }

  pass(): Promise<void> {
    this.#reach();
    return this.#opened;
  }

  open(): void {
    this.#open();
  }
}
