import fc from 'fast-check';
import { type Budget, budgetActions, nothingSpent } from '../../src/domain/budget.ts';
import { watchBudget } from '../../src/domain/decide/watch-budget.ts';
import type { Ruling } from '../../src/domain/policy.ts';
import type { AgentCommand } from '../../src/domain/agent-event.ts';
import type { ContentBlock } from '../../src/domain/content.ts';
import { decideAgent } from '../../src/domain/decide/agent.ts';
import type { Choice, Command, Send } from '../../src/domain/command.ts';
import { decideCommand } from '../../src/domain/decide/command.ts';
import { decideHostEnd, type HostEnd } from '../../src/domain/decide/host.ts';
import { decideHeard } from '../../src/domain/decide/stall.ts';
import { type AgentTraits, Draft, type Effect } from '../../src/domain/draft.ts';
import type { By, Delivery, NewEntry, RunFailure, SettingsChange } from '../../src/domain/entry.ts';
import type { PlacedEntry } from '../../src/domain/evolve.ts';
import type { AgentInput } from '../../src/domain/partials.ts';
import { RefusalError } from '../../src/domain/refusal.ts';
import { emptySession, type SessionState } from '../../src/domain/session-state.ts';
import { agentSettings } from '../../src/domain/settings.ts';
import { change, changeCommand, type ChangeStep, isChange } from './session-change.ts';
import {
  isPolicyStep,
  offers,
  policyCommand,
  type PolicyStep,
  policyStep,
} from './session-policy.ts';

/** One thing that may happen to a session. Numbers choose among what there is at that moment. */
export type Step =
  | { do: 'send'; delivery: Delivery; allowInterrupt: boolean; timed: boolean }
  | {
      do: 'abort';
      force: boolean;
      reason: 'asked' | 'timeout' | 'stop';
      queue: 'keep' | 'withdraw';
      other: boolean;
    }
  | { do: 'decide'; which: number; choice: Choice }
  | ChangeStep
  | PolicyStep
  | { do: 'agent'; input: AgentInput }
  | {
      do: 'turn_ended';
      outcome: 'completed' | 'cancelled' | 'failed';
      named: 'run' | 'other' | 'none';
    }
  | { do: 'host_ended'; end: HostEnd; stale: boolean };

const failure: RunFailure = { category: 'service', message: 'no' };
const tokens = { input: 1, output: 2, cacheRead: 0, cacheWrite: 0, thought: 0 };
const choices: Choice[] = [
  { option: 'yes' },
  { option: 'no' },
  { option: 'never offered' },
  { verdict: 'allow' },
  { verdict: 'deny' },
  { answer: 'because' },
];

const call = fc.constantFrom('c1', 'c2', 'c3');
const request = fc.constantFrom(1, 2, 'three');
/** Every kind of input but the end of a turn. The item is given when it happens. */
const input: fc.Arbitrary<AgentInput> = fc.oneof(
  fc.record({
    type: fc.constant('opened' as const),
    nativeId: fc.constantFrom('n1', 'n2'),
    resumed: fc.boolean(),
  }),
  fc.constant({ type: 'open_failed', error: failure } as const),
  fc.constant({ type: 'prompt_taken' } as const),
  fc.record({
    type: fc.constant('prompt_dropped' as const),
    prompt: fc.integer({ min: 1, max: 5 }).map((number) => `p${number}`),
  }),
  fc.constant({ type: 'turn_started' } as const),
  fc.constant({ type: 'activity' } as const),
  fc.constant({ type: 'send', line: '{}' } as const),
  fc.record({
    type: fc.constant('said' as const),
    item: fc.constant(''),
    part: fc.constantFrom('text' as const, 'thought' as const),
    content: fc.constant([{ type: 'text', text: 'hello' }] as const),
    incomplete: fc.boolean(),
  }),
  fc.record({
    type: fc.constant('tool_call' as const),
    item: fc.constant(''),
    toolCall: fc.record({
      call,
      title: fc.constant('t'),
      kind: fc.constant('execute' as const),
      status: fc.constantFrom(
        'pending' as const,
        'in_progress' as const,
        'completed' as const,
        'failed' as const,
      ),
    }),
  }),
  fc.constant({ type: 'plan', item: '', items: [] } as const),
  request.map((id) => ({
    type: 'approval' as const,
    item: '',
    request: id,
    title: 'may I',
    options: [
      { id: 'yes', name: 'y', kind: 'allow_once' as const },
      { id: 'no', name: 'n', kind: 'reject_once' as const },
    ],
  })),
  request.map((id) => ({ type: 'question' as const, item: '', request: id, message: 'what' })),
  request.map((id) => ({ type: 'request_withdrawn' as const, item: '', request: id, reason: 'r' })),
  fc
    .constantFrom('u1', 'u2')
    .map((key) => ({ type: 'usage' as const, item: '', report: { key, tokens } })),
  fc.constant({ type: 'settings', item: '', changes: { mode: 'm', title: 'a title' } } as const),
  fc.constant({ type: 'notice', item: '', code: 'c', text: 't' } as const),
  fc.constant({
    type: 'garbage',
    garbage: { item: '', reason: 'r', raw: 'x', count: 1, from: 0, to: 1 },
  } as const),
);

const hostEnd: fc.Arbitrary<HostEnd> = fc.record(
  {
    exitCode: fc.constantFrom(null, 0, 1),
    signal: fc.constantFrom(null, 'SIGKILL'),
    lost: fc.boolean(),
    neverStarted: fc.boolean(),
    stderr: fc.constant('oops'),
    error: fc.constant(failure),
    proof: fc.constant({ method: 'swept' as const, ended: [], gone: true }),
  },
  { requiredKeys: ['exitCode', 'signal', 'lost', 'neverStarted', 'stderr'] },
);

export const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('send' as const),
      delivery: fc.constantFrom<Delivery>('queue', 'steer', 'interrupt'),
      allowInterrupt: fc.boolean(),
      timed: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('abort' as const),
      force: fc.boolean(),
      reason: fc.constantFrom('asked' as const, 'timeout' as const, 'stop' as const),
      queue: fc.constantFrom('keep' as const, 'withdraw' as const),
      other: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('decide' as const),
      which: fc.nat(5),
      choice: fc.constantFrom(...choices),
    }),
  },
  { weight: 6, arbitrary: change },
  { weight: 6, arbitrary: policyStep },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('agent' as const),
      input: fc.record({
        type: fc.constant('opened' as const),
        nativeId: fc.constant('n1'),
        resumed: fc.boolean(),
      }),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('agent' as const),
      input,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('turn_ended' as const),
      outcome: fc.constantFrom('completed' as const, 'cancelled' as const, 'failed' as const),
      named: fc.constantFrom('run' as const, 'other' as const, 'none' as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('host_ended' as const),
      end: hostEnd,
      stale: fc.boolean(),
    }),
  },
);

export const traits: fc.Arbitrary<AgentTraits> = fc.record({
  steer: fc.boolean(),
  resume: fc.boolean(),
  fork: fc.boolean(),
  settings: fc.constant(agentSettings),
  live: fc.subarray([...agentSettings]),
  mcpSecrets: fc.boolean(),
  deduplicatesPrompts: fc.boolean(),
  editsInput: fc.boolean(),
  hearsDenials: fc.boolean(),
  activityIsEvidence: fc.boolean(),
});

/** How a session begins: as a draft or at once, with a prompt or without. */
export type Beginning = Pick<SettingsChange, 'draft' | 'onLost' | 'budget'> & { prompted: boolean };

const budget: fc.Arbitrary<Budget> = fc.record({
  limits: fc.record(
    { tokens: fc.integer({ min: 1, max: 9 }), runs: fc.integer({ min: 1, max: 9 }) },
    { requiredKeys: [] },
  ),
  action: fc.constantFrom(...budgetActions),
});

export const beginning: fc.Arbitrary<Beginning> = fc.record({
  draft: fc.boolean(),
  onLost: fc.constantFrom('stop' as const, 'continue' as const),
  prompted: fc.boolean(),
  budget: fc.option<Budget, null>(budget, { nil: null }),
});

/** What a step led to. */
export interface Taken {
  entries: readonly PlacedEntry[];
  commands: readonly AgentCommand[];
  effects: readonly Effect[];
  refused: string | null;
}

/** Tells what the agent does not remember. */
export const primer = { type: 'text', text: 'remember' } as const;
const plainly = { delivery: 'queue', allowInterrupt: false, timed: false } as const;
const client: By = { type: 'client', token: 't' };

/** A session and its log, driven by the deciders alone. */
export class ModelSession {
  state: SessionState = emptySession('s');
  readonly log: PlacedEntry[] = [];
  /** Its first entries. */
  readonly began: Taken;
  readonly agent: AgentTraits;
  #ids = 0;
  #passed = 0;

  constructor(agent: AgentTraits, { prompted, ...more }: Beginning = { prompted: false }) {
    this.agent = agent;
    const changes = { agent: 'plain', cwd: '/work', ...more };
    const first = this.#command({ do: 'send', ...plainly }) as Send;
    const prompt = prompted ? { prompt: first } : {};
    this.began = this.#commit(client, (draft) =>
      decideCommand(draft, { type: 'create', changes, ...prompt }),
    );
  }

  take(step: Step): Taken {
    const host = this.state.host?.id ?? 'no host';
    const by: By =
      step.do === 'agent' || step.do === 'turn_ended' || step.do === 'ask'
        ? { type: 'agent', host }
        : step.do === 'expire'
          ? { type: 'server' }
          : client;
    if (step.do === 'pass') this.#passed += step.ms;
    return this.#commit(by, (draft) => this.#decide(draft, step));
  }

  #decide(draft: Draft, step: Step): void {
    const host = this.state.host?.id ?? 'no host';
    switch (step.do) {
      case 'agent':
        if (this.state.host === null) return;
        decideAgent(draft, host, this.#named(step.input));
        return watchBudget(draft);
      case 'turn_ended': {
        if (this.state.host === null) return;
        const run = step.named === 'run' ? this.state.run?.id : 'another';
        const named = step.named === 'none' || run === undefined ? {} : { run };
        const { outcome } = step;
        return decideAgent(draft, host, {
          type: 'turn_ended',
          item: this.#id(),
          outcome,
          mark: this.#id(),
          ...named,
        });
      }
      case 'host_ended':
        return decideHostEnd(draft, step.stale ? 'another' : host, step.end);
      case 'heard':
        return decideHeard(draft);
      case 'pass':
        return;
      case 'ask':
        return this.state.host === null ? undefined : this.#ask(draft, step);
      default:
        decideCommand(draft, this.#command(step));
    }
  }

  /** With the verdict of the policy about it. */
  #ask(draft: Draft, { ruling, options }: Extract<PolicyStep, { do: 'ask' }>): void {
    const item = this.#id();
    if (ruling !== null) this.rulings.set(item, ruling);
    decideAgent(draft, this.state.host!.id, {
      type: 'approval',
      item,
      request: item,
      title: 'may I',
      options: offers[options],
    });
  }

  #command(
    step: Exclude<Step, { do: 'agent' | 'turn_ended' | 'host_ended' | 'heard' | 'ask' | 'pass' }>,
  ): Command {
    if (isPolicyStep(step)) {
      return policyCommand(step, { state: this.state, now: this.now, id: () => this.#id() });
    }
    if (isChange(step)) return changeCommand(step, this.state, this.log);
    switch (step.do) {
      case 'send': {
        const { delivery, allowInterrupt, timed } = step;
        const content = [{ type: 'text' as const, text: 'do it' }];
        const timeout = timed ? { timeoutMs: 1000 } : {};
        return { type: 'send', id: this.#id(), content, delivery, allowInterrupt, ...timeout };
      }
      case 'abort': {
        const { do: _, other, ...how } = step;
        return { type: 'abort', ...how, ...(other ? { run: 'another' } : {}) };
      }
      case 'decide': {
        const asked = this.log.filter(({ kind }) => kind === 'approval' || kind === 'question');
        const approval = asked.at(-1 - step.which)?.id ?? 'none';
        return { type: 'decide', approval, choice: step.choice };
      }
    }
  }

  #named(input: AgentInput): AgentInput {
    if (input.type === 'garbage')
      return { ...input, garbage: { ...input.garbage, item: this.#id() } };
    return 'item' in input ? { ...input, item: this.#id() } : input;
  }

  /** What the policy says to approvals, by their ids. */
  readonly rulings = new Map<string, Ruling>();

  #id(): string {
    return `i${(this.#ids += 1)}`;
  }

  /** The wall clock, which may be set back and forth. */
  get now(): number {
    return Date.UTC(2026, 0, 1) + this.log.length + this.#passed;
  }

  #commit(by: By, decide: (draft: Draft) => void): Taken {
    const { now } = this;
    const context = {
      at: new Date(now).toISOString(),
      now,
      newId: () => this.#id(),
      agent: this.agent,
      primer: () => primer,
      price: () => null,
      arriving: null,
      accounts: ({ id: of, budget }: SessionState) =>
        budget === null ? [] : [{ of, budget, others: nothingSpent }],
      rulingOf: (approval: string) => this.rulings.get(approval) ?? null,
      contentOf: (prompt: string) =>
        contentOf(prompt, draft.state, [...this.log, ...draft.entries]),
    };
    const draft: Draft = new Draft(this.state, context, by, () => this.#id());
    try {
      decide(draft);
    } catch (error) {
      if (!(error instanceof RefusalError)) throw error;
      return { entries: [], commands: [], effects: [], refused: error.refusal.code };
    }
    const entries = draft.entries.map((entry, at) => ({ ...entry, seq: this.log.length + at + 1 }));
    this.log.push(...entries);
    this.state = draft.state;
    return { entries, commands: draft.commands, effects: draft.effects, refused: null };
  }
}

/** As it stands in the entry that the state names for it. */
function contentOf(
  prompt: string,
  { queue, run }: SessionState,
  log: readonly NewEntry[],
): readonly ContentBlock[] | null {
  const item = [...queue, ...(run?.prompts ?? [])].find(({ id }) => id === prompt);
  const named = item?.edited ?? prompt;
  const entry = log.find(({ id }) => id === named);
  if (entry?.kind === 'prompt') return entry.data.content;
  return entry?.kind === 'queue' ? (entry.data.content ?? null) : null;
}
