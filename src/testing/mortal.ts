import type { Clock } from '../ports/clock.ts';
import type { Host } from '../ports/hosts.ts';

/** Where a daemon dies: at its nth call of a port, before or after it is done, or with half a write done. */
export interface Death {
  call: number;
  when: 'before' | 'half' | 'after';
}

type Call = (...values: unknown[]) => unknown;

/**
 * A daemon that can be killed between any two of its steps: its ports stop answering, its timers stop
 * ringing, and nothing of it acts any more. What it has done stays done.
 */
export class Mortal {
  /** Calls of ports so far. */
  calls = 0;
  /** Names of the calls, for messages. */
  readonly trace: string[] = [];
  /** Resolves when it has died. */
  readonly died: Promise<void>;
  #dead = false;
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #death: Death | null;
  readonly #die: () => void;

  constructor(death: Death | null = null) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.died = promise;
    this.#die = resolve;
    this.#death = death;
  }

  get dead(): boolean {
    return this.#dead;
  }

  kill(): void {
    this.#dead = true;
    this.#die();
  }

  /** Resolves when nothing that it began before its death is still going on, as after the end of a process. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#underWay);
  }

  /** The port as the daemon has it as long as it lives. */
  port<Port extends object>(port: Port): Port {
    return new Proxy(port, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target);
        if (member instanceof Promise) return this.#answer(member);
        if (typeof member !== 'function') return member;
        if (name === 'release') return () => (member as Call).call(target);
        if (name === 'onChange') return this.#listening(target, member as Call);
        return (...values: unknown[]) =>
          this.#call({ target, name: String(name), call: member as Call }, values);
      },
    });
  }

  clock(clock: Clock): Clock {
    return {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      newId: () => clock.newId(),
      sha256: (content) => clock.sha256(content),
      soon: (call) =>
        clock.soon(() => {
          if (!this.#dead) call();
        }),
      after: (ms, call) =>
        clock.after(ms, () => {
          if (!this.#dead) call();
        }),
    };
  }

  #listening(target: object, onChange: Call): (listener: () => void) => unknown {
    return (listener) =>
      onChange.call(target, () => {
        if (!this.#dead) listener();
      });
  }

  async #call(
    member: { target: object; name: string; call: Call },
    values: readonly unknown[],
  ): Promise<unknown> {
    const { target, name, call } = member;
    if (this.#dead) return never();
    this.calls += 1;
    this.trace.push(name);
    const last = this.#death?.call === this.calls ? this.#death.when : null;
    if (last === 'before') {
      this.kill();
      return never();
    }
    if (last !== null) this.#dead = true;
    const given = last === 'half' && name === 'write' ? halved(values) : values;
    const done = call.apply(target, [...given]) as Promise<unknown>;
    this.#underWay.add(done);
    const over = (): void => void this.#underWay.delete(done);
    done.then(over, over);
    if (last === null) return this.#answer(done);
    await done.catch(() => undefined);
    this.kill();
    return never();
  }

  /** An answer that comes only while it lives; handles of hosts in it die with it. */
  async #answer(promise: Promise<unknown>): Promise<unknown> {
    const value = await promise.catch(async (error: unknown) => {
      if (this.#dead) return never();
      throw error;
    });
    if (this.#dead) return never();
    if (isHost(value)) return this.port(value);
    if (typeof value === 'object' && value !== null && 'host' in value && isHost(value.host)) {
      return { ...value, host: this.port(value.host) };
    }
    return value;
  }
}

function never(): Promise<never> {
  return new Promise(() => undefined);
}

function halved(values: readonly unknown[]): readonly unknown[] {
  const [offset, bytes] = values as [number, Uint8Array];
  return [offset, bytes.slice(0, bytes.length >> 1)];
}

function isHost(value: unknown): value is Host {
  return typeof value === 'object' && value !== null && 'stderrTail' in value;
}
