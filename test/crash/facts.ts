import { createHash } from 'node:crypto';
import { digestText, type Entry, type NewEntry } from '../../src/domain/entry.ts';
import { evolve } from '../../src/domain/evolve.ts';
import { noUsage } from '../../src/domain/usage.ts';
import { rowOf } from '../../src/domain/row.ts';
import { emptySession } from '../../src/domain/session-state.ts';
import type { Facts, SessionFacts, SubscriberFacts } from '../../scripts/crash/facts.ts';

const at = '2026-01-01T00:00:00.000Z';
const server = { type: 'server' } as const;
const agent = { type: 'agent', host: 'h1' } as const;
const client = { type: 'client', token: 't1' } as const;
const run = { runId: 'r1', at };

/** The log of one run, as it must be: a prompt, an approval that is allowed, an answer, its end. */
const entries: readonly NewEntry[] = [
  {
    id: 'e1',
    at,
    by: client,
    kind: 'settings',
    data: { from: 'client', changes: { agent: 'scripted', cwd: '/w' } },
  },
  {
    id: 'p_s1_1',
    at,
    by: client,
    kind: 'prompt',
    data: { content: [{ type: 'text', text: 'Go. #p_s1_1#' }], delivery: 'queue' },
  },
  {
    ...run,
    id: 'e3',
    by: server,
    kind: 'run_started',
    data: { trigger: 'prompt', prompts: ['p_s1_1'] },
  },
  { ...run, id: 'e4', by: server, kind: 'host', data: { host: 'h1', state: 'launched' } },
  {
    ...run,
    id: 'e5',
    by: agent,
    kind: 'host',
    data: { host: 'h1', state: 'opened', nativeId: 'n1' },
  },
  {
    ...run,
    id: 'e6',
    by: agent,
    kind: 'delivery',
    about: 'p_s1_1',
    parentId: null,
    data: { content: [{ type: 'text', text: 'Go. #p_s1_1#' }] },
  },
  {
    ...run,
    id: 'e7',
    by: agent,
    kind: 'tool_call',
    parentId: 'e6',
    data: { call: 'c1', title: 'echo', kind: 'execute', status: 'pending' },
  },
  {
    ...run,
    id: 'e8',
    by: agent,
    kind: 'approval',
    data: {
      request: 1,
      title: 'echo mark_p_s1_1_1',
      options: [{ id: 'allow_once', name: 'Allow', kind: 'allow_once' }],
    },
  },
  {
    ...run,
    id: 'e9',
    by: client,
    kind: 'decision',
    about: 'e8',
    data: { outcome: 'allowed', option: 'allow_once' },
  },
  {
    ...run,
    id: 'e10',
    by: agent,
    kind: 'tool_call',
    about: 'e7',
    data: { call: 'c1', title: 'echo', kind: 'execute', status: 'completed' },
  },
  {
    ...run,
    id: 'e11',
    by: agent,
    kind: 'message',
    parentId: 'e7',
    data: { content: [{ type: 'text', text: 'It is done.' }] },
  },
  {
    ...run,
    id: 'e12',
    by: agent,
    kind: 'run_ended',
    data: { outcome: 'completed', usage: noUsage, durationMs: 1, turns: 1 },
  },
];

/** Log, digests and state as they follow from the entries, seqs given anew. */
export function stored(
  log: readonly NewEntry[] = entries,
): Pick<SessionFacts, 'log' | 'digests' | 'state' | 'row'> {
  const digests = log.map((entry) => createHash('sha256').update(digestText(entry)).digest('hex'));
  const placed = log.map(
    (entry, index) => ({ ...entry, seq: index + 1, digest: digests[index] }) as Entry,
  );
  const state = placed.reduce(evolve, emptySession('s1'));
  return { log: placed, digests, state, row: rowOf(state) };
}

export const soundLog = stored().log;

const told: Omit<SessionFacts, 'log' | 'digests' | 'state' | 'row'> = {
  id: 's1',
  settledSeq: entries.length,
  texts: { e11: 'It is done.' },
  sent: [
    {
      id: 'p_s1_1',
      text: 'Go. #p_s1_1#',
      delivery: 'queue',
      answers: [
        { type: 'acknowledged', order: 1, seq: 2, duplicate: false, state: 'starting' },
        { type: 'acknowledged', order: 2, seq: 2, duplicate: true, state: 'delivered' },
      ],
    },
  ],
  aborts: [],
  decisions: [
    {
      approval: 'e8',
      by: 'decider 1',
      answer: { type: 'decided', id: 'e9', seq: 9, outcome: 'allowed', option: 'allow_once' },
    },
    {
      approval: 'e8',
      by: 'decider 2',
      answer: { type: 'already', decision: 'e9', outcome: 'allowed' },
    },
  ],
  subscribers: [subscriber()],
  agent: {
    turns: [{ prompt: 'p_s1_1', said: ['It is done.'] }],
    effects: { mark_p_s1_1_1: 1 },
    model: null,
  },
};

/** One that got everything; what is given takes the place of it. */
export function subscriber(change: Partial<SubscriberFacts> = {}): SubscriberFacts {
  const seen = soundLog.map(({ seq, id, digest }) => ({ seq, id, digest }));
  return {
    name: 'socket of s1',
    entries: seen,
    texts: [{ entryId: 'e11', text: 'It is' }],
    connections: 1,
    faults: [],
    ...change,
  };
}

/** The facts of a run in which nothing went wrong, with the session changed as the test plants it. */
export function facts(change: Partial<SessionFacts> = {}, whole: Partial<Facts> = {}): Facts {
  const session: SessionFacts = { ...stored(), ...told, ...change };
  return { sessions: [session], storeFaults: [], daemonFaults: [], leftovers: [], ...whole };
}
