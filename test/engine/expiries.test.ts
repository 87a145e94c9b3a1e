import { expect, test } from 'vitest';
import { noPolicy } from '../../src/domain/policy.ts';
import { refuse, type RefusalCode } from '../../src/domain/refusal.ts';
import { emptySession, type SessionState } from '../../src/domain/session-state.ts';
import type { SessionActor } from '../../src/engine/actor.ts';
import { Expiries } from '../../src/engine/expiries.ts';
import type { Registry } from '../../src/engine/registry.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Store } from '../../src/ports/store.ts';

const minute = 60_000;

/** One session with a bypass, a wall clock that can be set, and a timer that rings when it is told to. */
class Bench {
  now = Date.UTC(2026, 0, 1);
  timer: { ms: number; ring: () => void } | null = null;
  /** When the actor was asked to end what is over. */
  readonly asked: number[] = [];
  readonly logged: object[] = [];
  failure: RefusalCode | null = null;
  /** Moves the wall clock before the end is stored. */
  setBy = 0;
  state: SessionState;
  readonly expiries: Expiries;

  constructor(bypassMs: number) {
    const bypassUntil = new Date(this.now + bypassMs).toISOString();
    this.state = { ...emptySession('s'), policy: { ...noPolicy, bypassUntil } };
    const clock: Pick<Clock, 'now' | 'after'> = {
      now: () => this.now,
      after: (ms, ring) => {
        const timer = { ms, ring };
        this.timer = timer;
        return () => void (this.timer = this.timer === timer ? null : this.timer);
      },
    };
    const registry = { get: async () => this.actor };
    this.expiries = new Expiries({
      clock: clock as Clock,
      registry: registry as unknown as Registry,
      store: {} as Store,
      log: (_event, data) => void this.logged.push(data),
    });
    this.expiries.look(this.actor);
  }

  get actor(): SessionActor {
    const { state } = this;
    const post = async (): Promise<void> => {
      this.now += this.setBy;
      this.asked.push(this.now);
      if (this.failure !== null) throw refuse(this.failure, 'not now');
      if (Date.parse(this.state.policy.bypassUntil!) > this.now) return;
      actor.state = this.state = { ...state, policy: noPolicy };
      this.expiries.look(this.actor);
    };
    const actor = { id: 's', state, post };
    return actor as unknown as SessionActor;
  }

  /** The timer rings after its time, with the wall clock moved by more or less than that. */
  async ring(setBy = 0): Promise<void> {
    const { ms, ring } = this.timer!;
    this.timer = null;
    this.now += ms + setBy;
    ring();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('A5: a wall clock that is set forth ends a bypass within a minute, one that is set back later', async () => {
  const forth = new Bench(60 * minute);
  expect(forth.timer?.ms).toBe(minute);
  await forth.ring(59 * minute);
  expect(forth.asked).toEqual([forth.now]);
  expect(forth.timer).toBeNull();

  const back = new Bench(10_000);
  expect(back.timer?.ms).toBe(10_000);
  await back.ring(-5000);
  expect(back.asked).toEqual([]);
  expect(back.timer?.ms).toBe(5000);
  await back.ring();
  expect(back.asked).toEqual([back.now]);
  expect(back.state.policy.bypassUntil).toBeNull();
});

test('A5: where the end of a bypass cannot be stored it is tried again, unless its session is gone', async () => {
  const bench = new Bench(1000);
  bench.failure = 'unavailable';
  await bench.ring();
  await bench.ring();
  expect(bench.asked).toHaveLength(2);
  expect(bench.logged).toHaveLength(2);
  expect(bench.timer?.ms).toBe(5000);
  bench.failure = null;
  await bench.ring();
  expect(bench.timer).toBeNull();
  const gone = new Bench(1000);
  gone.failure = 'not_found';
  await gone.ring();
  expect([gone.timer, gone.logged]).toEqual([null, []]);
});

test('A5: a clock that is set back while the end is being stored has it looked at again', async () => {
  const bench = new Bench(1000);
  bench.setBy = -2000;
  await bench.ring();
  expect(bench.asked).toHaveLength(1);
  expect(bench.state.policy.bypassUntil).not.toBeNull();
  expect(bench.timer?.ms).toBeGreaterThan(0);
});

test('A5: nothing is timed after the stop, nor for a session that was deleted', () => {
  const bench = new Bench(1000);
  bench.state = { ...bench.state, deletedAt: '2026-01-01T00:00:00.000Z' };
  bench.expiries.look(bench.actor);
  expect(bench.timer).toBeNull();
  bench.state = { ...bench.state, deletedAt: null };
  bench.expiries.stop();
  bench.expiries.look(bench.actor);
  expect(bench.timer).toBeNull();
});
