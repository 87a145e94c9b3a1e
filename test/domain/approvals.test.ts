import { describe, expect, test } from 'vitest';
import type { AgentCommand } from '../../src/domain/agent-event.ts';
import type { By, EntryOf } from '../../src/domain/entry.ts';
import type { PlacedEntry } from '../../src/domain/evolve.ts';
import { limits } from '../../src/domain/limits.ts';
import type { Rule, Ruling } from '../../src/domain/policy.ts';
import { emptySession, type SessionState } from '../../src/domain/session-state.ts';
import { always } from './always.ts';
import { ModelSession, type Step, type Taken } from './session-model.ts';
import { answerMs, bypassMs, type Offer, offers, remembered } from './session-policy.ts';

type Question = EntryOf<'approval'> | EntryOf<'question'>;
type Decision = EntryOf<'decision'> | EntryOf<'answer'>;

const isQuestion = (entry: PlacedEntry): entry is Question =>
  entry.kind === 'approval' || entry.kind === 'question';
const isDecision = (entry: PlacedEntry): entry is Decision =>
  entry.kind === 'decision' || entry.kind === 'answer';

/** Requests to which the agent was given an answer, as text. */
const told = (commands: readonly AgentCommand[]): string[] =>
  commands.flatMap((command) =>
    command.type === 'answer_approval' || command.type === 'answer_question'
      ? [JSON.stringify(command.request)]
      : [],
  );

describe('whatever happens to the questions of a session', () => {
  test('A1 A3: the agent is told once of each of its own that is decided, and of no other', () => {
    always(() => {
      const asked = new Map<string, Question>();
      let before: SessionState = emptySession('s');
      return ({ state }, { entries, commands }, step) => {
        for (const entry of entries) if (isQuestion(entry)) asked.set(entry.id, entry);
        const due = entries.filter(isDecision).flatMap((entry) => {
          const { data } = asked.get(entry.about!)!;
          return data.outside === true ? [] : [JSON.stringify(data.request)];
        });
        const said = told(commands);
        // To a host that is not open there is nothing to say, nor to an agent that took its question back.
        const open = before.host?.phase === 'open' && state.host === before.host;
        const back = step.do === 'agent' && step.input.type === 'request_withdrawn';
        if (open && !back) expect(said.toSorted()).toEqual(due.toSorted());
        for (const request of said) {
          expect(due, request).toContain(request);
          due.splice(due.indexOf(request), 1);
        }
        before = state;
      };
    });
  });

  test('A4: a ruling decides at once, by the server and with the rule, or leaves it to a person', () => {
    always(() => {
      let before: SessionState = emptySession('s');
      return (session, { entries, commands, refused }, step) => {
        const [first, state] = [before, session.state];
        before = state;
        if (step.do !== 'ask' && !(step.do === 'outside' && step.kind === 'approval')) return;
        if (refused !== null || (first.host === null && step.do === 'ask')) return;
        const entry = entries.find(({ kind }) => kind === 'approval') as EntryOf<'approval'>;
        const decisions = entries.filter(isDecision);
        for (const { runId } of decisions) expect(runId).toBe(entry.runId);
        if (first.run?.state === 'stopping') {
          expect(decisions).toMatchObject([{ data: { outcome: 'withdrawn' } }]);
          return;
        }
        const { ruling } = step;
        const over = ruling?.rule === 'bypass' && state.policy.bypassUntil === null;
        if (ruling === null) expect(entry.data).not.toHaveProperty('ruling');
        else if (!over) expect(entry.data.ruling).toEqual(ruling);
        else expect(entry.data.ruling).toMatchObject({ effect: 'ask', rule: 'none' });
        const effect = over || ruling === null ? 'ask' : ruling.effect;
        const once = step.options === 'once' || step.options === 'both';
        if (effect === 'ask' || (effect === 'allow' && !once)) {
          expect(decisions).toEqual([]);
          expect(state.approvals.at(-1)).toMatchObject({ id: entry.id });
          return;
        }
        const kind = effect === 'allow' ? 'allow_once' : denial(step.options);
        expect(decisions).toMatchObject([
          {
            about: entry.id,
            by: { type: 'server' } satisfies By,
            data: { outcome: effect === 'allow' ? 'allowed' : 'denied', ruling },
          },
        ]);
        expect(decisions[0]!.data).toEqual(
          expect.objectContaining(kind === null ? {} : { option: kind }),
        );
        if (step.do === 'ask' && first.host?.phase === 'open') {
          expect(commands).toMatchObject([{ request: entry.id, option: kind }]);
        }
      };
    });
  });

  test('A5: a bypass ends in an entry of the server, and decides nothing from its end on', () => {
    always(() => {
      let until: number | null = null;
      return ({ state, now }, { entries, refused }, step) => {
        for (const entry of entries) {
          if (isDecision(entry) && 'ruling' in entry.data && entry.data.ruling?.rule === 'bypass') {
            expect(until).not.toBeNull();
            expect(Date.parse(entry.at)).toBeLessThan(until!);
          }
          if (entry.kind !== 'settings' || entry.data.changes.policy === undefined) continue;
          const { bypassUntil } = entry.data.changes.policy;
          if (entry.by.type === 'server') {
            expect(bypassUntil).toBeNull();
            expect(Date.parse(entry.at)).toBeGreaterThanOrEqual(until!);
          }
          until = bypassUntil === null ? null : Date.parse(bypassUntil);
        }
        expect(state.policy.bypassUntil && Date.parse(state.policy.bypassUntil)).toBe(until);
        const looked = step.do === 'expire' || (step.do === 'ask' && entries.length > 0);
        if (!looked || refused !== null || state.deletedAt !== null) return;
        if (until !== null) expect(until).toBeGreaterThan(now - entries.length);
      };
    });
  });

  test('A4: a question is denied for want of an answer when its time has come, and not before', () => {
    always(() => {
      const asked = new Map<string, number>();
      return ({ state, now }, { entries }, step) => {
        for (const entry of entries) {
          if (isQuestion(entry)) asked.set(entry.id, Date.parse(entry.at));
          if (!isDecision(entry) || entry.data.reason?.startsWith('nobody') !== true) continue;
          expect(['denied', 'declined']).toContain(entry.data.outcome);
          expect(entry.by).toEqual({ type: 'server' });
          expect(Date.parse(entry.at) - asked.get(entry.about!)!).toBeGreaterThanOrEqual(answerMs);
        }
        if (step.do !== 'expire' || state.deletedAt !== null) return;
        if (state.policy.answerMs === null) return;
        for (const { id } of state.approvals) {
          expect(asked.get(id)! + answerMs).toBeGreaterThan(now - entries.length);
        }
      };
    });
  });

  test('A4: what is remembered stands first, only of what was allowed, and once', () => {
    always(() => {
      let rules: readonly Rule[] = [];
      return ({ state }, { entries, refused }, step) => {
        const before = rules;
        rules = state.policy.rules;
        if (step.do !== 'answer' || step.more.remember === undefined) return;
        const [decision] = entries.filter(isDecision);
        if (refused !== null) return expect(entries).toEqual([]);
        const { level } = step.more.remember;
        expect(decision).toMatchObject({ data: { outcome: 'allowed', remembered: { level } } });
        const others = before.filter((rule) => rule !== remembered);
        expect(rules).toEqual(level === 'session' ? [remembered, ...others] : before);
      };
    });
  });

  test('A1: another input goes only to who takes one, a message only to who hears it', () => {
    always(() => ({ agent }, { commands }) => {
      for (const command of commands) {
        if (command.type !== 'answer_approval') continue;
        if (!agent.editsInput) expect(command).not.toHaveProperty('input');
        if (!agent.hearsDenials) expect(command).not.toHaveProperty('message');
        if (command.option?.startsWith('allow') === true) {
          expect(command).not.toHaveProperty('message');
        } else expect(command).not.toHaveProperty('input');
      }
    });
  });
});

function denial(offer: Offer): string | null {
  return offers[offer].find(({ kind }) => kind.startsWith('reject'))?.id ?? null;
}

const send: Step = { do: 'send', delivery: 'queue', allowInterrupt: false, timed: false };
const opened: Step = { do: 'agent', input: { type: 'opened', nativeId: 'n1', resumed: false } };
const plain = {
  steer: false,
  resume: false,
  fork: false,
  settings: [],
  live: [],
  mcpSecrets: false,
  deduplicatesPrompts: false,
  editsInput: true,
  hearsDenials: true,
  activityIsEvidence: true,
};
const by = (rule: Ruling['rule'], effect: Ruling['effect'] = 'allow'): Ruling => ({
  effect,
  level: 'session',
  rule,
  why: 'so it is',
});
const outside = (
  ruling: Ruling | null = null,
  kind: 'approval' | 'question' = 'approval',
): Step => ({
  do: 'outside',
  ruling,
  options: 'once',
  kind,
});
const asks = (ruling: Ruling | null = null, options: Offer = 'once'): Step => ({
  do: 'ask',
  ruling,
  options,
});

/** What came of the last step, but for the delivery that comes with an agent's first word. */
function after(...steps: readonly Step[]): { session: ModelSession; taken: Taken } {
  const session = new ModelSession(plain);
  const all = steps.map((one) => session.take(one));
  const taken = all.at(-1)!;
  const entries = taken.entries.filter(({ kind }) => kind !== 'delivery');
  return { session, taken: { ...taken, entries } };
}

describe('a question from outside', () => {
  test('A3: needs a run that goes on, be it before the first word of the agent', () => {
    expect(after(outside()).taken.refused).toBe('conflict');
    const { session, taken } = after(send, outside());
    expect(session.state.run).toMatchObject({ state: 'starting' });
    expect(taken.entries).toMatchObject([{ kind: 'approval', runId: session.state.run!.id }]);
    const abort: Step = { do: 'abort', force: false, reason: 'asked', queue: 'keep', other: false };
    const late = after(send, opened, outside(), abort, outside());
    expect(late.taken.refused).toBe('conflict');
    const withdrawn = late.session.log.filter(({ kind }) => kind === 'decision');
    expect(withdrawn).toMatchObject([{ data: { outcome: 'withdrawn' } }]);
  });

  test('A4: is withdrawn with its run, decided by a rule, and never told to the agent', () => {
    const ended: Step = { do: 'turn_ended', outcome: 'completed', named: 'run' };
    const steps = [send, opened, outside(), outside(by(0)), outside(null, 'question'), ended];
    const session = new ModelSession(plain);
    const all = steps.flatMap((one) => [...session.take(one).commands]);
    expect(all.map(({ type }) => type)).toEqual(['prompt']);
    const outcomes = session.log.flatMap((entry) =>
      isDecision(entry) ? [entry.data.outcome] : [],
    );
    expect(outcomes).toEqual(['allowed', 'withdrawn', 'withdrawn']);
  });

  test('S5: with those of the agent at most so many are open; the agent is told no at once', () => {
    const many = Array.from({ length: limits.openApprovals }, (_, at) =>
      at % 2 === 0 ? outside() : asks(),
    );
    const { session, taken } = after(send, opened, ...many, outside());
    expect(taken.refused).toBe('limited');
    const { entries, commands } = session.take(asks(by(0)));
    expect(entries).toMatchObject([
      { kind: 'approval' },
      { kind: 'decision', data: { outcome: 'withdrawn', reason: 'too many questions are open' } },
    ]);
    expect(commands).toMatchObject([{ type: 'answer_approval', option: null }]);
    expect(session.state.approvals).toHaveLength(limits.openApprovals);
  });
});

describe('a bypass', () => {
  const begin: Step = { do: 'guard', change: 'bypass' };
  const bypassed = asks(by('bypass'));

  test('A5: that ends between the look at the policy and the question decides nothing', () => {
    const ends = (ms: number) => after(send, opened, begin, { do: 'pass', ms }, bypassed);
    expect(ends(bypassMs - 10).taken.entries.map(({ kind }) => kind)).toEqual([
      'approval',
      'decision',
    ]);
    const { taken, session } = ends(bypassMs);
    expect(taken.entries).toMatchObject([
      { kind: 'settings', by: { type: 'server' } },
      { kind: 'approval', data: { ruling: { effect: 'ask' } } },
    ]);
    expect(session.state.policy.bypassUntil).toBeNull();
  });

  test('A5: of a deleted session ends with its restoration, and writes nothing before', () => {
    const pass: Step = { do: 'pass', ms: bypassMs * 2 };
    const { session, taken } = after(begin, { do: 'delete' }, pass, { do: 'expire' });
    expect(taken.entries).toEqual([]);
    session.take({ do: 'restore' });
    expect(session.take({ do: 'expire' }).entries).toMatchObject([{ kind: 'settings' }]);
  });

  test('A5: is no word for ever: an agent that offers nothing else is answered by a person', () => {
    const { session, taken } = after(send, opened, begin, asks(by('bypass'), 'always'));
    expect(taken.entries).toMatchObject([{ kind: 'approval' }]);
    expect(taken.commands).toEqual([]);
    expect(session.state.approvals).toHaveLength(1);
  });
});

describe('an answer', () => {
  const allow = (more: Extract<Step, { do: 'answer' }>['more']): Step => ({
    do: 'answer',
    which: 0,
    choice: { verdict: 'allow' },
    more,
  });
  const rules: Step = { do: 'guard', change: 'rules' };

  test('A4: that is remembered for the session stands before its rules, once; for a directory it does not', () => {
    const remember = { remember: { level: 'session', rules: [remembered] } } as const;
    const first = after(send, opened, rules, asks(), allow(remember));
    const [known] = first.session.log.flatMap((entry) =>
      entry.kind === 'settings' ? (entry.data.changes.policy?.rules ?? []) : [],
    );
    expect(first.taken.entries).toMatchObject([
      { kind: 'decision', data: { remembered: remember.remember } },
      { kind: 'settings', data: { changes: { policy: { rules: [remembered, known] } } } },
    ]);
    first.session.take(asks());
    first.session.take(allow(remember));
    expect(first.session.state.policy.rules).toEqual([remembered, known]);
    const other = { remember: { level: 'directory', rules: [remembered] } } as const;
    const second = after(send, opened, rules, asks(), allow(other));
    expect(second.taken.entries).toMatchObject([{ data: { remembered: other.remember } }]);
    expect(second.session.state.policy.rules).toEqual([known]);
  });

  test('A1: with an input that only names a larger one is refused: the agent would run the name', () => {
    const blob = { digest: 'd'.repeat(64), size: 20_500 };
    const { session } = after(send, opened, asks());
    expect(session.take(allow({ input: { blob, preview: 'echo' } })).refused).toBe('invalid');
    const input = { blob, preview: 'echo', command: 'ls' };
    expect(session.take(allow({ input })).entries).toMatchObject([{ data: { input } }]);
  });

  test('A1 A4: with another input is told to an agent that takes one, and refused for others', () => {
    const input = { command: 'ls -l' };
    const { commands } = after(send, opened, asks(), allow({ input })).taken;
    expect(commands).toMatchObject([{ type: 'answer_approval', option: 'allow_once', input }]);
    const session = new ModelSession({ ...plain, editsInput: false });
    for (const one of [send, opened, asks()]) session.take(one);
    expect(session.take(allow({ input })).refused).toBe('unsupported');
    session.take(outside());
    const { entries, commands: none } = session.take(allow({ input }));
    expect(entries).toMatchObject([{ kind: 'decision', data: { outcome: 'allowed', input } }]);
    expect(none).toEqual([]);
  });

  test('A4: that does not come in time is a denial, at that time and not before', () => {
    const patience: Step = { do: 'guard', change: 'patience' };
    const pass = (ms: number): Step => ({ do: 'pass', ms });
    const { session } = after(patience, send, opened, asks(), outside(null, 'question'));
    const [first, second] = session.state.approvals.map(({ at }) => Date.parse(at) + answerMs);
    session.take(pass(first! - 1 - session.now));
    expect(session.take({ do: 'expire' }).entries).toEqual([]);
    session.take(pass(1));
    const { entries, commands } = session.take({ do: 'expire' });
    expect(entries).toMatchObject([{ kind: 'decision', data: { outcome: 'denied' } }]);
    expect(commands).toMatchObject([{ option: 'reject_once', message: expect.any(String) }]);
    session.take(pass(second! - session.now));
    expect(session.take({ do: 'expire' })).toMatchObject({
      entries: [{ kind: 'answer', data: { outcome: 'declined' } }],
      commands: [],
    });
  });

  test('S5: that brings more rules than a session may have is refused, and decides nothing', () => {
    const many = (count: number, note = ''): Rule[] =>
      Array.from({ length: count }, (_, at) => ({ effect: 'allow', command: `ls ${at}`, note }));
    for (const [level, given] of [
      ['session', many(limits.policyRules)],
      ['session', many(100, 'x'.repeat(700))],
      ['directory', many(limits.policyRules + 1)],
    ] as const) {
      const { taken, session } = after(
        send,
        opened,
        rules,
        asks(),
        allow({ remember: { level, rules: given } }),
      );
      expect(taken.refused).toBe('too_large');
      expect(session.state.approvals).toHaveLength(1);
    }
  });
});
