import { expect, test } from 'vitest';
import type { Facts, FaultKind } from '../../scripts/crash/facts.ts';
import { judge } from '../../scripts/crash/oracle.ts';
import { facts, soundLog, stored, subscriber } from './facts.ts';

test('a run in which nothing was lost has no fault', () => {
  expect(judge(facts())).toEqual([]);
  expect(judge(facts(model(1, 1)))).toEqual([]);
  // Without a model that was heard nothing is known against these.
  expect(judge(facts(stored([...soundLog, odd])))).toEqual([]);
  expect(judge(facts(stored(failed))).map(({ kind }) => kind)).not.toContain('lost');
  const ended = judge(facts({ ...stored(aborted), ...model(1, 0) }));
  expect(ended.map(({ kind }) => kind)).not.toContain('lost');
});

const [end] = soundLog.slice(-1);
const prompt = soundLog[1]!;
const told = facts().sessions[0]!;
const seen = subscriber().entries;
const without = (seq: number) => soundLog.filter((entry) => entry.seq !== seq);
const orphan = (entry: (typeof soundLog)[number]) => {
  const copy = { ...entry };
  delete copy.parentId;
  return copy;
};
const second = { ...end!, id: 'e13' };

/** The same agent, of whose model it is known what it was asked for. */
const model = (...asked: number[]) => ({
  agent: { ...told.agent, model: [{ prompt: 'p_s1_1', asked }] },
});
const failed = soundLog.map((entry) =>
  entry.kind === 'run_ended'
    ? { ...entry, data: { ...entry.data, outcome: 'failed' as const } }
    : entry,
);
const aborted = [
  ...failed.slice(0, 11),
  {
    ...soundLog[4]!,
    id: 'e13',
    kind: 'abort' as const,
    data: { force: false, reason: 'asked' as const, queue: 'keep' as const },
  },
  failed.at(-1)!,
];
const odd = {
  ...soundLog[0]!,
  id: 'e13',
  kind: 'unrecognized' as const,
  data: { reason: 'not JSON', raw: '?', count: 1 },
};

/** Each plants one fault into facts that are sound, and names a kind that must be found. */
const planted: Record<string, [Facts, FaultKind]> = {
  'a model was asked twice for an answer': [facts(model(2, 1)), 'doubled'],
  'a model was asked twice for what follows a tool': [facts(model(1, 2)), 'doubled'],
  'a part of a whole answer was never asked for': [facts(model(1, 0)), 'lost'],
  'a run failed that had to complete': [facts({ ...stored(failed), ...model(1, 1) }), 'lost'],
  'a line of the agent was not understood': [
    facts({ ...stored([...soundLog, odd]), ...model(1, 1) }),
    'changed',
  ],
  'a tool call begins twice': [
    facts(
      stored([
        ...soundLog.slice(0, 7),
        { ...soundLog[6]!, id: 'e13', parentId: 'e7' },
        ...soundLog.slice(7),
      ]),
    ),
    'doubled',
  ],
  'an entry is gone': [facts({ log: without(7) }), 'lost'],
  'an entry is gone and the seqs are closed up': [facts(stored(without(10))), 'changed'],
  'an entry is there twice': [
    facts(stored([...soundLog.slice(0, 11), soundLog[10]!, end!])),
    'doubled',
  ],
  'two entries have changed places': [
    facts({ log: soundLog.with(3, soundLog[4]!).with(4, soundLog[3]!) }),
    'disorder',
  ],
  'a digest is another one': [
    facts({ log: soundLog.with(5, { ...soundLog[5]!, digest: '0'.repeat(64) }) }),
    'changed',
  ],
  'a node lacks its parent': [facts(stored(soundLog.map(orphan))), 'changed'],
  'a run ends twice': [facts(stored([...soundLog, second])), 'doubled'],
  'an entry comes after the end of its run': [
    facts(stored([...soundLog, { ...soundLog[10]!, id: 'e13', parentId: 'e11' }])),
    'disorder',
  ],
  'a run never ends': [facts(stored(without(12))), 'unended'],
  'a tool call never ends': [facts(stored(without(10))), 'unended'],
  'an acknowledged prompt is gone': [facts(stored(without(2))), 'lost'],
  'a prompt is elsewhere than it was acknowledged': [
    facts({
      sent: [
        {
          ...told.sent[0]!,
          answers: [{ type: 'acknowledged', order: 1, seq: 3, duplicate: false, state: 'queued' }],
        },
      ],
    }),
    'changed',
  ],
  'a repeated prompt was taken as new': [
    facts({
      sent: [
        {
          ...told.sent[0]!,
          answers: told.sent[0]!.answers.map((answer) => ({ ...answer, duplicate: false })),
        },
      ],
    }),
    'doubled',
  ],
  'a prompt has another text': [facts({ sent: [{ ...told.sent[0]!, text: 'Stop.' }] }), 'changed'],
  'nobody sent a prompt': [facts({ sent: [] }), 'changed'],
  'a prompt has no fate': [facts(stored(without(6))), 'undelivered'],
  'the agent got a prompt twice': [
    facts({ agent: { ...told.agent, turns: [...told.agent.turns, ...told.agent.turns] } }),
    'doubled',
  ],
  'the agent never got a prompt that is delivered': [
    facts({ agent: { ...told.agent, turns: [] } }),
    'undelivered',
  ],
  'a line of the agent is missing': [
    facts({
      agent: { ...told.agent, turns: [{ prompt: prompt.id, said: ['More.', 'It is done.'] }] },
    }),
    'lost',
  ],
  'an approval has no decision': [facts(stored(without(9))), 'undecided'],
  'a command that was denied has run': [
    facts(
      stored(
        soundLog.with(8, {
          ...soundLog[8]!,
          data: { outcome: 'denied' },
        } as (typeof soundLog)[number]),
      ),
    ),
    'changed',
  ],
  'a command that was allowed never ran': [
    facts({ agent: { ...told.agent, effects: {} } }),
    'lost',
  ],
  'a command has run twice': [
    facts({ agent: { ...told.agent, effects: { mark_p_s1_1_1: 2 } } }),
    'doubled',
  ],
  'two clients were told that they decided': [
    facts({
      decisions: told.decisions.map((each) => ({ ...each, answer: told.decisions[0]!.answer })),
    }),
    'doubled',
  ],
  'a decision was told that is not stored': [
    facts({
      decisions: [
        { approval: 'e8', by: 'decider 2', answer: { type: 'already', decision: 'e99' } },
      ],
    }),
    'changed',
  ],
  'a run was told to be aborted and was not': [
    facts({ aborts: [{ run: 'r1', status: 'aborted', outcome: 'cancelled' }] }),
    'lost',
  ],
  'the state is not what the log says': [
    facts({ state: { ...told.state, lastMessage: 'Something else.' } }),
    'state',
  ],
  'a subscriber missed an entry': [
    facts({ subscribers: [subscriber({ entries: seen.filter(({ seq }) => seq !== 6) })] }),
    'lost',
  ],
  'a subscriber missed the last entry': [
    facts({ subscribers: [subscriber({ entries: seen.slice(0, -1) })] }),
    'lost',
  ],
  'a subscriber got an entry twice': [
    facts({ subscribers: [subscriber({ entries: [...seen, seen.at(-1)!] })] }),
    'doubled',
  ],
  'a subscriber saw an entry that is gone': [
    facts({
      subscribers: [subscriber({ entries: [...seen, { seq: 13, id: 'e13', digest: '' }] })],
    }),
    'lost',
  ],
  'a subscriber saw another entry under a seq': [
    facts({ subscribers: [subscriber({ entries: seen.with(3, { ...seen[3]!, digest: '' }) })] }),
    'changed',
  ],
  'a subscriber saw text that was not kept': [
    facts({
      subscribers: [subscriber({ texts: [{ entryId: 'e11', text: 'It is done. And more' }] })],
    }),
    'lost',
  ],
  'a subscriber saw the text of an entry that never came': [
    facts({ subscribers: [subscriber({ texts: [{ entryId: 'e20', text: 'It' }] })] }),
    'lost',
  ],
  'a process is left': [facts({}, { leftovers: ['process 1234 (node)'] }), 'left'],
  'the store finds a fault': [facts({}, { storeFaults: ['seq 3 is missing'] }), 'state'],
  'the daemon ended by itself': [facts({}, { daemonFaults: ['the daemon ended'] }), 'daemon'],
};

test.each(Object.entries(planted))('the oracle sees that %s', (_, [broken, kind]) => {
  expect(judge(broken).map((fault) => fault.kind)).toContain(kind);
});
