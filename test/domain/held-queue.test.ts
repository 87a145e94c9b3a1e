import { describe, expect, test } from 'vitest';
import type { EntryDataByKind, EntryKind, NewEntry } from '../../src/domain/entry.ts';
import { evolve } from '../../src/domain/evolve.ts';
import { emptySession, type SessionState } from '../../src/domain/session-state.ts';
import { noUsage } from '../../src/domain/usage.ts';

/** A log in the making, and the state that it leads to. */
class Log {
  state: SessionState = emptySession('s');

  add<Kind extends EntryKind>(kind: Kind, data: EntryDataByKind[Kind], more: object = {}): this {
    const seq = this.state.lastSeq + 1;
    const base = { id: `e${seq}`, at: '2026-01-01T00:00:00.000Z', by: { type: 'server' } };
    const entry = { ...base, kind, data, ...more } as NewEntry;
    this.state = evolve(this.state, { ...entry, seq });
    return this;
  }

  prompt(id: string, delivery: 'queue' | 'interrupt' = 'queue'): this {
    return this.add('prompt', { content: [{ type: 'text', text: id }], delivery }, { id });
  }

  abort(reason: 'asked' | 'interrupt'): this {
    return this.add('abort', { force: false, reason, queue: 'keep' }, { runId: 'r' });
  }

  ends(more: Partial<EntryDataByKind['run_ended']> = {}): this {
    const ended = {
      outcome: 'cancelled',
      usage: noUsage,
      durationMs: 1,
      turns: 0,
      ...more,
    } as const;
    return this.add('run_ended', ended, { runId: 'r' });
  }

  get left(): { held: boolean; queue: string[] } {
    return { held: this.state.held, queue: this.state.queue.map((item) => item.id) };
  }
}

/** A run works, and a prompt waits behind it. */
function working(): Log {
  const trigger = { trigger: 'prompt', prompts: ['first'] } as const;
  return new Log().prompt('first').add('run_started', trigger, { runId: 'r' }).prompt('waits');
}

describe('a queue behind a run that is stopped', () => {
  test('P3: is held', () => {
    expect(working().abort('asked').ends().left).toEqual({ held: true, queue: ['waits'] });
  });

  test('P3: goes on with the prompt that came after the stop, before what waited', () => {
    const log = working().abort('asked').prompt('meant').prompt('later').ends();
    expect(log.left).toEqual({ held: false, queue: ['meant', 'waits', 'later'] });
  });

  test('P3: is held again by a stop after that prompt', () => {
    const log = working().abort('asked').prompt('meant').abort('asked').ends();
    expect(log.left).toEqual({ held: true, queue: ['meant', 'waits'] });
  });

  test('P3 R1: is held beside processes that nobody could end, also after an interrupt', () => {
    const interrupted = (): Log => working().prompt('next', 'interrupt').abort('interrupt');
    const proof = { method: 'swept', ended: [], gone: true } as const;
    const queue = ['next', 'waits'];
    expect(interrupted().ends({ outcome: 'killed', proof }).left).toEqual({ held: false, queue });
    const left = interrupted().ends({ outcome: 'killed', proof: { ...proof, gone: false } }).left;
    expect(left).toEqual({ held: true, queue });
  });
});
