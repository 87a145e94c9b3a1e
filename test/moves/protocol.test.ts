import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Command } from '../../src/domain/command.ts';
import { decideCommand } from '../../src/domain/decide/command.ts';
import { isDormant } from '../../src/domain/decide/owner.ts';
import { type Arriving, Draft } from '../../src/domain/draft.ts';
import { digestText, type Entry } from '../../src/domain/entry.ts';
import { RefusalError } from '../../src/domain/refusal.ts';
import { emptySession, type SessionState } from '../../src/domain/session-state.ts';
import { traits } from '../domain/session-model.ts';

const [agent] = fc.sample(traits, { numRuns: 1, seed: 1 });
const places = ['A', 'B', 'C'] as const;

/** What one daemon has of the session; all of it survives a crash. */
class Copy {
  readonly server: string;
  log: readonly Entry[] = [];
  state: SessionState = emptySession('s');
  arriving: Arriving | null = null;
  /** Entries that were here before the session was expected. */
  known = 0;
  #ids = 0;

  constructor(server: string) {
    this.server = server;
  }

  /** Whether it was decided, and not refused. */
  take(command: Command): boolean {
    const draft = this.#decide(command);
    if (draft === null) return false;
    const first = this.log.length;
    const placed = draft.entries.map((entry, at) => ({
      ...entry,
      seq: first + at + 1,
      digest: createHash('sha256').update(digestText(entry)).digest('hex'),
    }));
    this.log = [...this.log, ...placed];
    this.state = draft.state;
    return true;
  }

  /** Whether it would take something of whoever drives the session. */
  get writable(): boolean {
    if (this.log.length === 0) return false;
    const written = this.#decide(this.write);
    return written !== null && written.entries.length > 0;
  }

  get write(): Command {
    const id = `${this.server}${this.log.length}`;
    const epoch = { inForce: this.state.writer.epoch };
    return { type: 'append', entries: [{ id, raw: 1 }], epoch };
  }

  #decide(command: Command): Draft | null {
    const context = {
      at: '2026-01-01T00:00:00.000Z',
      now: 0,
      newId: () => `${this.server}n${(this.#ids += 1)}`,
      agent: agent!,
      contentOf: () => null,
      primer: () => null,
      rulingOf: () => null,
      price: () => null,
      accounts: () => [],
      arriving: this.arriving,
    };
    const draft = new Draft(this.state, context, { type: 'server' }, context.newId);
    try {
      decideCommand(draft, command);
      return draft;
    } catch (error) {
      if (error instanceof RefusalError) return null;
      throw error;
    }
  }
}

type Message =
  | { to: number; kind: 'import'; entries: readonly Entry[] }
  | { to: number; kind: 'activate'; moved: Entry };

/** Daemons, and what is on its way between them: for ever, so that it may come late, twice or in any order. */
class World {
  readonly copies = places.map((server) => new Copy(server));
  readonly messages: Message[] = [];
  readonly #moves = places.map(() => null as number | null);

  constructor() {
    const changes = { agent: 'plain', cwd: '/work' };
    expect(this.copies[0]!.take({ type: 'create', changes })).toBe(true);
  }

  step({ do: what, at, other, part }: Step): void {
    const source = this.copies[at]!;
    const target = this.copies[other]!;
    switch (what) {
      case 'write':
        if (source.writable) source.take(source.write);
        return;
      case 'begin':
        if (source.log.length === 0 || !this.#expect(source, target)) return;
        source.take({ type: 'own', to: this.#to('moving', other), here: source.server });
        if (source.state.writer.state === 'moving') this.#moves[at] = other;
        return;
      case 'send': {
        // A log is sent only as long as it is not given up.
        if (source.state.writer.state !== 'moving') return;
        const from = part % (source.log.length + 1);
        const entries = source.log.slice(0, source.log.length - from);
        this.messages.push({ to: other, kind: 'import', entries });
        return;
      }
      case 'deliver': {
        const message = this.messages[part % Math.max(1, this.messages.length)];
        if (message !== undefined) this.deliver(message);
        return;
      }
      case 'commit': {
        const to = this.#moves[at];
        if (to === null || to === undefined || !this.#whole(source, this.copies[to]!)) return;
        this.commit(at, to);
        return;
      }
      case 'recover':
        return this.recover(at);
      case 'advance':
        return this.#advance(other);
      case 'withdraw':
        if (source.arriving === null) return;
        source.arriving = source.log.length === source.known ? null : 'withdrawn';
        return;
      case 'take over':
        source.take({ type: 'own', to: { state: 'host' }, here: source.server });
    }
  }

  /** The next step of the move that is under way, or the first of one from where it is. */
  #advance(other: number): void {
    const at = this.#moves.findIndex((to) => to !== null);
    const to = this.#moves[at] ?? other;
    if (at < 0) {
      const here = this.copies.findIndex((copy) => copy.writable);
      const last = this.messages.at(-1);
      if (here >= 0) this.step({ do: 'begin', at: here, other, part: 0 });
      else if (last !== undefined) this.deliver(last);
      return;
    }
    if (this.#whole(this.copies[at]!, this.copies[to]!)) return this.commit(at, to);
    // Somebody else has had it stay.
    if (this.copies[at]!.state.writer.state !== 'moving') return this.recover(at);
    this.step({ do: 'send', at, other: to, part: 0 });
    this.deliver(this.messages.at(-1)!);
  }

  commit(at: number, to: number): void {
    const source = this.copies[at]!;
    if (!source.take({ type: 'own', to: this.#to('moved', to), here: source.server })) return;
    this.#moves[at] = null;
    this.messages.push({ to, kind: 'activate', moved: source.log.at(-1)! });
  }

  deliver(message: Message): void {
    const target = this.copies[message.to]!;
    if (message.kind === 'activate') {
      const { moved } = message;
      const memory = { memory: 'none' } as const;
      if (target.take({ type: 'arrive', moved, here: target.server, memory })) {
        target.arriving = null;
      }
      return;
    }
    const { entries } = message;
    const both = Math.min(entries.length, target.log.length);
    if (!sameUpTo(both, entries, target.log) || entries.length === both) return;
    const after = target.state.lastSeq;
    target.take({ type: 'import', entries, after, arriving: true });
  }

  /** What a daemon does at its start. */
  recover(at: number): void {
    const copy = this.copies[at]!;
    const { state, to } = copy.state.writer;
    if (state === 'moving' && to?.server !== copy.server && copy.arriving === null) {
      copy.take({ type: 'own', to: { state: 'host' }, here: copy.server });
    }
    this.#moves[at] = null;
  }

  get writable(): string[] {
    return this.copies.filter((copy) => copy.writable).map(({ server }) => server);
  }

  #to(state: 'moving' | 'moved', at: number) {
    return { state, to: { server: places[at]!, url: `http://${places[at]}` } };
  }

  #expect(source: Copy, target: Copy): boolean {
    const { length } = target.log;
    const fits = length <= source.log.length && sameUpTo(length, source.log, target.log);
    const copy =
      length === 0 ||
      target.arriving !== null ||
      target.state.writer.state === 'moved' ||
      isDormant(target.state.writer, target.server);
    if (source === target || !fits || !copy) return false;
    if (target.arriving === null) target.known = length;
    target.arriving = 'expected';
    return true;
  }

  #whole(source: Copy, target: Copy): boolean {
    const { length } = source.log;
    const all = target.log.length === length && sameUpTo(length, source.log, target.log);
    return all && isDormant(target.state.writer, target.server);
  }
}

function sameUpTo(count: number, left: readonly Entry[], right: readonly Entry[]): boolean {
  return count === 0 || left[count - 1]!.digest === right[count - 1]!.digest;
}

const step = fc.record({
  do: fc.constantFrom(
    'write',
    'advance',
    'advance',
    'advance',
    'advance',
    'begin',
    'begin',
    'send',
    'send',
    'deliver',
    'deliver',
    'deliver',
    'commit',
    'commit',
    'recover',
    'withdraw',
    'take over',
  ),
  at: fc.nat(2),
  other: fc.nat(2),
  part: fc.nat(20),
});
type Step = typeof step extends fc.Arbitrary<infer One> ? One : never;

test('M2: whatever is cut off, repeated, late or begun anew, at most one copy takes anything', () => {
  let arrived = 0;
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
      const world = new World();
      for (const one of steps) {
        world.step(one);
        expect(world.writable.length, JSON.stringify(one)).toBeLessThanOrEqual(1);
      }
      // Both sides come up and reach each other: what was not given up stays, what was is told.
      for (const at of places.keys()) world.recover(at);
      for (const message of world.messages) {
        if (message.kind === 'activate') world.deliver(message);
      }
      expect(world.writable).toHaveLength(1);
      if (world.writable[0] !== 'A') arrived += 1;
    }),
    { numRuns: 1000 },
  );
  // The steps lead somewhere.
  expect(arrived).toBeGreaterThan(100);
});

test('M1 M2: it goes round all of them and comes home, each with the log of the one before', () => {
  const world = new World();
  for (const [at, to] of [
    [0, 1],
    [1, 2],
    [2, 0],
    [0, 2],
  ] as const) {
    expect(world.writable).toEqual([places[at]]);
    world.step({ do: 'write', at, other: 0, part: 0 });
    world.step({ do: 'begin', at, other: to, part: 0 });
    expect(world.writable).toEqual([]);
    world.step({ do: 'send', at, other: to, part: 0 });
    world.deliver(world.messages.at(-1)!);
    world.step({ do: 'commit', at, other: to, part: 0 });
    expect(world.writable).toEqual([]);
    world.deliver(world.messages.at(-1)!);
    expect(world.writable).toEqual([places[to]]);
    const [before, after] = [world.copies[at]!.log, world.copies[to]!.log];
    expect(after.slice(0, before.length)).toEqual(before);
  }
});
