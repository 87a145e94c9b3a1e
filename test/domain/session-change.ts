import fc from 'fast-check';
import type { Command } from '../../src/domain/command.ts';
import { isNode } from '../../src/domain/entry.ts';
import type { PlacedEntry } from '../../src/domain/evolve.ts';
import type { SessionState } from '../../src/domain/session-state.ts';
import type { SettingsChange } from '../../src/domain/settings.ts';

/** What clients and the server ask of a session beside prompts, runs and questions. */
export type ChangeStep =
  | { do: 'heard' }
  | { do: 'release' | 'note' | 'delete' | 'restore' }
  | { do: 'patch'; changes: SettingsChange }
  | { do: 'queue'; change: 'edit' | 'move' | 'withdraw'; which: number; to: number }
  | { do: 'reset'; reason: 'new' | 'reset' }
  | { do: 'compact'; back: number; primed: boolean }
  | { do: 'append'; node: boolean; stale: boolean; seen: boolean }
  | { do: 'stall'; other: boolean }
  | { do: 'condemn'; reason: 'recycle' | 'idle' | 'stop'; other: boolean };

type CommandStep = Exclude<ChangeStep, { do: 'heard' }>;

/** Ours, what the agent may take while it is open, what only its next host has, and what is refused. */
const changes = fc.constantFrom<SettingsChange>(
  { label: 'l', archived: true },
  { title: 'mine' },
  { title: null, label: null, meta: { a: 'b' } },
  { model: 'm2', effort: null },
  { env: ['TOKEN'] },
  { env: [], mcpServers: [] },
  { onLost: 'continue' },
  { cwd: '/other' },
);

export const change: fc.Arbitrary<ChangeStep> = fc.oneof(
  fc.record({ do: fc.constantFrom('release' as const, 'note' as const, 'heard' as const) }),
  fc.record({ do: fc.constantFrom('delete' as const, 'restore' as const, 'restore' as const) }),
  { weight: 2, arbitrary: fc.record({ do: fc.constant('patch' as const), changes }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('queue' as const),
      change: fc.constantFrom('edit' as const, 'move' as const, 'withdraw' as const),
      which: fc.nat(3),
      to: fc.integer({ min: 1, max: 5 }),
    }),
  },
  fc.record({
    do: fc.constant('reset' as const),
    reason: fc.constantFrom('new' as const, 'reset' as const),
  }),
  fc.record({ do: fc.constant('compact' as const), back: fc.nat(3), primed: fc.boolean() }),
  fc.record({
    do: fc.constant('append' as const),
    node: fc.boolean(),
    stale: fc.boolean(),
    seen: fc.boolean(),
  }),
  fc.record({ do: fc.constant('stall' as const), other: fc.boolean() }),
  fc.record({
    do: fc.constant('condemn' as const),
    reason: fc.constantFrom('recycle' as const, 'idle' as const, 'stop' as const),
    other: fc.boolean(),
  }),
);

const named: ReadonlySet<string> = new Set<CommandStep['do']>([
  'release',
  'note',
  'delete',
  'restore',
  'patch',
  'queue',
  'reset',
  'compact',
  'append',
  'stall',
  'condemn',
]);

export function isChange(step: { do: string }): step is CommandStep {
  return named.has(step.do);
}

const primer = { digest: 'd'.repeat(64), size: 8 };

export function changeCommand(
  step: CommandStep,
  state: SessionState,
  log: readonly PlacedEntry[],
): Command {
  switch (step.do) {
    case 'release':
      return { type: 'release', ...(log.length % 2 === 0 ? { beyondBudget: true } : {}) };
    case 'note':
      return { type: 'note', code: 'c', text: 't' };
    case 'patch':
      return { type: 'patch', changes: step.changes };
    case 'queue':
      return queueCommand(step, state, log);
    case 'reset':
      return { type: 'reset', reason: step.reason };
    case 'compact': {
      const kept = log.filter(isNode).at(-1 - step.back);
      const place = { keep: kept?.id ?? null, keepSeq: kept?.seq ?? 1 };
      const { head } = state;
      return { type: 'compact', head, ...place, ...(step.primed ? { primer } : {}) };
    }
    case 'delete':
      return { type: 'delete', purgeAt: '2027-01-01T00:00:00.000Z' };
    case 'restore':
      return { type: 'restore', key: null };
    case 'append': {
      const parent = step.node ? { parentId: state.head } : {};
      const entries = [{ id: `x${log.length}`, raw: 1, ...parent }];
      const expect = { seq: state.lastSeq - (step.seen ? 0 : 1) };
      return {
        type: 'append',
        entries,
        expect,
        epoch: { inForce: 2, expected: step.stale ? 1 : 2 },
      };
    }
    case 'stall':
      return { type: 'stall', run: runOf(state, step.other), silentMs: 1000 };
    case 'condemn': {
      const host = step.other ? 'another' : (state.host?.id ?? 'none');
      return { type: 'condemn', host, reason: step.reason };
    }
  }
}

function queueCommand(
  { change, which, to }: Extract<ChangeStep, { do: 'queue' }>,
  { queue, run }: SessionState,
  log: readonly PlacedEntry[],
): Command {
  // Also those that are with the agent, or were: they are refused.
  const known = [...queue, ...(run?.prompts ?? [])].map(({ id }) => id);
  const prompt = known[which] ?? log.find(({ kind }) => kind === 'prompt')?.id ?? 'none';
  switch (change) {
    case 'edit':
      return {
        type: 'queue_edit',
        prompt,
        content: [{ type: 'text', text: `edit ${log.length}` }],
      };
    case 'move':
      return { type: 'queue_move', prompt, to };
    case 'withdraw':
      return { type: 'queue_withdraw', prompt };
  }
}

function runOf({ run }: SessionState, other: boolean): string {
  return other ? 'another' : (run?.id ?? 'none');
}
