import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import { Follower } from './follower.ts';
import { newId, type Place, textOf } from './place.ts';
import type { Answers, Entry, Fields, Operation, Told } from './wire.ts';

/** A call that was under way, or just answered, when the daemon was killed. */
interface Cut<Name extends Operation> {
  place: Place;
  /** The session that it is about. */
  session: string;
  input: Fields;
  /** What the caller was told before the kill; null where it got no answer. */
  first: Answers[Name] | null;
  /** What the same call was told by the next daemon. */
  again: Told<Name>;
  log: readonly Entry[];
}

/** How an operation is cut off, and what has to be so after its retry. */
interface Kill<Name extends Operation = Operation> {
  /** Makes what it needs; answers the session that it is about, and its input. */
  prepare(place: Place): Promise<{ session: string; input: Fields }>;
  check(cut: Cut<Name>): void | Promise<void>;
}

type Kills = { readonly [Name in Operation]?: Kill<Name> };

const hangs = '[[say hangs]] [[hang]]';

/** A session whose run works until it is ended. */
async function working(place: Place): Promise<string> {
  const { id: session } = await place.session();
  const sent = await place.http.call('sessions.send', { session, content: hangs });
  const follower = await Follower.open(place.socket, session);
  await follower.until('delivery', ({ kind }) => kind === 'delivery');
  expect(sent.state).toBe('starting');
  return session;
}

/** … and behind it prompts that wait. */
async function queued(
  place: Place,
  count: number,
): Promise<{ session: string; prompts: string[] }> {
  const session = await working(place);
  const prompts: string[] = [];
  for (let at = 0; at < count; at++) {
    const content = `[[say ${at}]]`;
    const sent = await place.http.call('sessions.send', { session, content, id: newId() });
    prompts.push(sent.entry.id);
  }
  return { session, prompts };
}

const answerOf = <Name extends Operation>(again: Told<Name>): Answers[Name] => {
  if ('answer' in again) return again.answer;
  throw again.refused;
};

const about = (log: readonly Entry[], prompt: unknown, change: string): Entry[] =>
  log.filter((entry) => entry.about === prompt && entry.data['change'] === change);

const ofKind = (log: readonly Entry[], kind: string): Entry[] =>
  log.filter((entry) => entry.kind === kind);

/** A prompt that was sent under an id of its own is there once, and once acknowledged where it was said. */
function sentOnce({ input, first, again, log }: Cut<'sessions.send' | 'sessions.steer'>): void {
  const answer = answerOf(again);
  const entry = log.find(({ id }) => id === input['id']);
  expect(entry).toMatchObject({ kind: 'prompt', seq: answer.entry.seq });
  expect(textOf(entry!)).toBe(input['content']);
  if (first === null) return;
  expect(answer.duplicate).toBe(true);
  expect(first.entry).toEqual(answer.entry);
}

export const kills: Kills = {
  'sessions.create': {
    prepare: async ({ cwd }) => {
      const id = newId();
      const input = { id, cwd, agent: 'scripted', model: 'brisk', title: 'made once' };
      return { session: id, input: { ...input, prompt: '[[say made]]', promptId: newId() } };
    },
    check: ({ input, first, again, log }) => {
      const { created, session, prompt } = answerOf(again);
      if (first !== null) expect(created).toBe(false);
      expect(session).toMatchObject({ id: input['id'], title: 'made once' });
      expect(ofKind(log, 'prompt')).toMatchObject([{ id: input['promptId'], seq: prompt!.seq }]);
      expect(ofKind(log, 'settings').filter(({ by }) => by.type === 'client')).toHaveLength(1);
    },
  },
  'sessions.fork': {
    prepare: async (place) => {
      const { id: session } = await place.session();
      await place.run(session, '[[say base]]');
      const id = newId();
      const input = { session, id, prompt: '[[say forked]]', promptId: newId() };
      return { session: id, input };
    },
    check: ({ input, first, again, log }) => {
      const { created, session } = answerOf(again);
      if (first !== null) expect(created).toBe(false);
      expect(session.forkedFrom).toMatchObject({ session: input['session'] });
      expect(log[0]).toMatchObject({ kind: 'fork', data: { session: input['session'] } });
      expect(ofKind(log, 'fork')).toHaveLength(1);
      expect(ofKind(log, 'prompt')).toMatchObject([{ id: input['promptId'] }]);
    },
  },
  'sessions.send': {
    prepare: async (place) => {
      const { id: session } = await place.session();
      return { session, input: { session, id: newId(), content: '[[long 3000]]' } };
    },
    check: (cut) => {
      sentOnce(cut);
      const prompt = cut.input['id'];
      expect(cut.log.filter((entry) => entry.about === prompt)).toMatchObject([
        { kind: 'delivery' },
      ]);
      expect(ofKind(cut.log, 'run_ended')).toMatchObject([{ data: { outcome: 'completed' } }]);
      expect(ofKind(cut.log, 'message')).toHaveLength(1);
    },
  },
  'sessions.steer': {
    prepare: async (place) => {
      const session = await working(place);
      return { session, input: { session, id: newId(), content: '[[say steered]]' } };
    },
    check: (cut) => {
      sentOnce(cut);
      const outcomes = ofKind(cut.log, 'run_ended').map(({ data }) => data['outcome']);
      expect(outcomes).toEqual(['cancelled', 'completed']);
    },
  },
  'sessions.abort': {
    prepare: async (place) => {
      const session = await working(place);
      return { session, input: { session, wait: true } };
    },
    check: ({ first, again, log }) => {
      const { status } = answerOf(again);
      expect(['aborted', 'no-active-run']).toContain(status);
      expect(ofKind(log, 'run_ended')).toHaveLength(1);
      const [ended] = ofKind(log, 'run_ended');
      expect(['cancelled', 'killed']).toContain(ended?.data['outcome']);
      if (first !== null) expect(ended?.data['outcome']).toBe(first.outcome);
    },
  },
  'sessions.patch': {
    prepare: async (place) => {
      const { id: session } = await place.session();
      return { session, input: { session, title: newId(), meta: { a: 'b' } } };
    },
    check: async ({ place, session, input, log, first }) => {
      const { session: row } = await place.http.call('sessions.get', { session });
      expect(row).toMatchObject({ title: input['title'], meta: { a: 'b' } });
      const written = log.filter(({ data }) => data.changes?.['title'] === input['title']);
      // A retry sets again what is set: nothing tells it from another call.
      expect(written.length).toBeGreaterThanOrEqual(first === null ? 1 : 2);
      expect(written.length).toBeLessThanOrEqual(2);
    },
  },
  'sessions.reset': {
    prepare: async (place) => {
      const session = await working(place);
      return { session, input: { session } };
    },
    check: ({ again, log, first }) => {
      expect(answerOf(again).session.status).toBe('idle');
      const resets = ofKind(log, 'reset');
      expect(resets.length).toBeGreaterThanOrEqual(first === null ? 1 : 2);
      expect(resets.length).toBeLessThanOrEqual(2);
      expect(ofKind(log, 'run_ended')).toHaveLength(1);
    },
  },
  'sessions.takeOver': {
    prepare: async (place) => {
      const { id: session } = await place.session();
      return { session, input: { session, writer: 'external', epoch: 1 } };
    },
    check: async ({ place, session, first, again, log }) => {
      const owners = ofKind(log, 'owner').map(({ data }) => [data['state'], data['epoch']]);
      expect(owners).toEqual([['external', 2]]);
      // The epoch tells that it was done.
      if ('refused' in again) expect(again.refused.code).toBe('conflict');
      else expect(first).toBeNull();
      const { session: row } = await place.http.call('sessions.get', { session });
      expect(row.writer).toEqual({ state: 'external', epoch: 2, to: null });
    },
  },
  'sessions.delete': {
    prepare: async (place) => {
      const { session } = await queued(place, 1);
      return { session, input: { session } };
    },
    check: async ({ place, session, first, again, log }) => {
      const answer = answerOf(again);
      expect(answer.purged).toBe(false);
      if (first !== null) expect(answer).toEqual(first);
      expect(log).toEqual([]);
      const { session: row } = await place.http.call('sessions.restore', { session });
      expect(row).toMatchObject({ id: session, deletedAt: null, status: 'idle', queued: 0 });
      const deletions = ofKind(await place.log(session), 'deletion');
      expect(deletions.map(({ data }) => data['state'])).toEqual(['deleted', 'restored']);
    },
  },
  'sessions.restore': {
    prepare: async (place) => {
      const { id: session } = await place.session({ label: 'kept' });
      await place.http.call('sessions.delete', { session });
      return { session, input: { session } };
    },
    check: ({ again, log }) => {
      expect(answerOf(again).session).toMatchObject({ deletedAt: null, label: 'kept' });
      const states = ofKind(log, 'deletion').map(({ data }) => data['state']);
      expect(states).toEqual(['deleted', 'restored']);
    },
  },
  'sessions.compact': {
    prepare: async (place) => {
      const { id: session } = await place.session();
      await place.run(session, '[[say one]] [[think two]] [[say three]]');
      return { session, input: { session, keep: 1, summary: 'what was' } };
    },
    check: async ({ place, session, first, again, log }) => {
      const done = [first, answerOf(again)].filter((answer) => answer?.compacted === true).length;
      const boundaries = ofKind(log, 'compaction').length;
      expect(boundaries).toBeGreaterThanOrEqual(Math.max(1, done));
      expect(boundaries).toBeLessThanOrEqual(2);
      await place.run(session, '[[say and on]]');
    },
  },
  'sessions.append': {
    prepare: async (place) => {
      const { id: session } = await place.session();
      const entries = [{ id: newId(), raw: { a: 1 } }, { id: newId(), raw: [2] }, { raw: 'third' }];
      return {
        session,
        input: { session, entries, producer: { id: 'scenario', epoch: 1, seq: 7 } },
      };
    },
    check: ({ first, again, log }) => {
      const { entries } = answerOf(again);
      const external = ofKind(log, 'external');
      expect(external.map(({ id, seq }) => ({ id, seq }))).toEqual(
        entries.map(({ id, seq }) => ({ id, seq })),
      );
      expect(external.map(({ data }) => data['raw'])).toEqual([{ a: 1 }, [2], 'third']);
      if (first === null) return;
      expect(entries).toEqual(first.entries.map((entry) => ({ ...entry, duplicate: true })));
    },
  },
  'queue.edit': {
    prepare: async (place) => {
      const { session, prompts } = await queued(place, 2);
      return { session, input: { session, prompt: prompts[1], content: '[[say edited]]' } };
    },
    check: ({ input, first, log }) => {
      const edits = about(log, input['prompt'], 'edited');
      expect(edits.length).toBeGreaterThanOrEqual(first === null ? 1 : 2);
      expect(edits.length).toBeLessThanOrEqual(2);
      const delivery = log.find(({ kind, about: of }) => {
        return kind === 'delivery' && of === input['prompt'];
      });
      expect(textOf(delivery!)).toBe('[[say edited]]');
    },
  },
  'snapshots.restore': {
    prepare: async (place) => {
      const cwd = path.join(place.cwd, newId());
      mkdirSync(cwd);
      writeFileSync(path.join(cwd, 'a.txt'), 'before');
      const { id: session } = await place.session({ cwd });
      // Of a read that is overtaken by a write of the agent nothing is told.
      const script = '[[read a.txt]] [[sleep 500]] [[write a.txt|after]] [[write b.txt|new]]';
      const { run } = await place.run(session, script);
      const follower = await Follower.open(place.socket, session);
      await follower.until('three snapshots', () => {
        return follower.entries.filter(({ kind }) => kind === 'snapshot').length === 3;
      });
      return { session, input: { session, run } };
    },
    check: async ({ place, session, first, log }) => {
      const { cwd } = (await place.http.call('sessions.get', { session })).session;
      expect(readFileSync(path.join(cwd, 'a.txt'), 'utf8')).toBe('before');
      expect(readdirSync(cwd)).toEqual(['a.txt']);
      const restores = ofKind(log, 'restore');
      if (first !== null) expect(restores[0]!.id).toBe(first.restore!.id);
      const [begun, ended] = restores;
      expect(begun).toMatchObject({ data: { state: 'begun' } });
      expect(ended).toMatchObject({ about: begun!.id, data: { state: 'ended' } });
      expect(restores.length % 2).toBe(0);
    },
  },
  'queue.move': {
    prepare: async (place) => {
      const { session, prompts } = await queued(place, 3);
      return { session, input: { session, prompt: prompts[2], to: 1 } };
    },
    check: ({ input, again, log }) => {
      expect(answerOf(again).item).toMatchObject({ prompt: input['prompt'], position: 1 });
      // Where it is already nothing is written.
      expect(about(log, input['prompt'], 'moved')).toHaveLength(1);
      const order = ofKind(log, 'delivery').map((entry) => entry.about);
      expect(order[1]).toBe(input['prompt']);
      expect(order).toHaveLength(4);
    },
  },
  'queue.withdraw': {
    prepare: async (place) => {
      const { session, prompts } = await queued(place, 2);
      return { session, input: { session, prompt: prompts[0] } };
    },
    check: ({ input, first, again, log }) => {
      expect(about(log, input['prompt'], 'withdrawn')).toHaveLength(1);
      // What is withdrawn already waits no more, and that is said.
      if (first !== null) expect(again).toMatchObject({ refused: { code: 'not_found' } });
    },
  },
  'queue.release': {
    prepare: async (place) => {
      const { session } = await queued(place, 2);
      await place.http.call('sessions.abort', { session, wait: true });
      return { session, input: { session } };
    },
    check: ({ log }) => {
      expect(log.filter(({ data }) => data['change'] === 'released')).toHaveLength(1);
      const outcomes = ofKind(log, 'run_ended').map(({ data }) => data['outcome']);
      expect(outcomes).toEqual(['cancelled', 'completed', 'completed']);
    },
  },
  'approvals.decide': {
    prepare: async (place) => {
      const { id: session } = await place.session();
      const content = '[[ask run echo x >> ran.txt]]';
      await place.http.call('sessions.send', { session, content });
      const follower = await Follower.open(place.socket, session);
      const { id: approval } = await follower.until('approval', ({ kind }) => kind === 'approval');
      return { session, input: { session, approval, verdict: 'deny', message: 'not now' } };
    },
    check: ({ input, first, again, log }) => {
      const decisions = ofKind(log, 'decision');
      expect(decisions).toMatchObject([
        { about: input['approval'], data: { outcome: 'denied', message: 'not now' } },
      ]);
      if (first !== null) expect(decisions[0]).toMatchObject(first.decision);
      // The winner is told to who asks again, be it the same caller.
      const winner =
        'answer' in again ? again.answer.decision.id : again.refused.data?.['decision'];
      if (winner !== undefined) expect(winner).toBe(decisions[0]?.id);
      if ('refused' in again) expect(again.refused.code).toBe('already_decided');
    },
  },
  'approvals.request': {
    prepare: async (place) => {
      const session = await working(place);
      return { session, input: { session, id: newId(), title: 'may it' } };
    },
    check: ({ input, first, again, log }) => {
      // The run may have been ended by then; what was asked before is known.
      const { approval, duplicate } = answerOf(again);
      if (first !== null) expect([approval, duplicate]).toEqual([first.approval, true]);
      const asked = ofKind(log, 'approval');
      expect(asked).toMatchObject([{ id: input['id'], seq: approval.seq }]);
      expect(ofKind(log, 'decision')).toMatchObject([{ data: { outcome: 'withdrawn' } }]);
    },
  },
  'policy.set': {
    prepare: async (place) => {
      const { id: session, cwd: directory } = await place.session();
      const { policies } = await place.http.call('policy.get', { session });
      const revision = policies.find((row) => row.directory === directory)?.revision ?? 0;
      const rules = [{ effect: 'allow', command: `ls ${session}` }];
      return { session, input: { directory, rules, revision } };
    },
    check: async ({ place, session, input, first, again }) => {
      const { policies } = await place.http.call('policy.get', { session });
      const row = policies.find(({ directory }) => directory === input['directory']);
      expect(row).toMatchObject({ rules: input['rules'], revision: Number(input['revision']) + 1 });
      // The revision tells that it was done.
      if ('refused' in again) expect(again.refused.code).toBe('conflict');
      else expect([first, again.answer]).toEqual([null, row]);
    },
  },
  'logins.create': {
    prepare: async (place) => ({ session: (await place.session()).id, input: {} }),
    // Codes are in no file: one of before the kill is worth nothing, and the next is a new one.
    check: async ({ place, first, again }) => {
      const { code } = answerOf(again);
      const logIn = (given: string) =>
        fetch(`${place.daemon.url}/login`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', origin: place.daemon.url },
          body: JSON.stringify({ code: given }),
        });
      if (first !== null) expect((await logIn(first.code)).status).toBe(401);
      expect((await logIn(code)).status).toBe(200);
    },
  },
  'tokens.create': {
    prepare: async (place) => {
      const { id: session } = await place.session();
      return { session, input: { name: `made-${session}`, scopes: ['view'] } };
    },
    check: async ({ place, input, first, again }) => {
      const { tokens } = await place.http.call('tokens.list');
      const named = tokens.filter(({ name }) => name === input['name']).map(({ id }) => id);
      const toldOf = [first, answerOf(again)].flatMap((answer) => answer ?? []);
      for (const { id, secret } of toldOf) {
        expect(named).toContain(id);
        const socket = await place.open(secret);
        expect(await socket.call('server.info')).toMatchObject({ pid: place.daemon.pid });
      }
      expect(named.length).toBeLessThanOrEqual(2);
    },
  },
  'budgets.set': {
    prepare: async (place) => {
      const { id: session } = await place.session();
      const budget = { limits: { tokens: 10 ** 12 }, action: 'warn', period: 'day' };
      return { session, input: { budget } };
    },
    check: async ({ place, input, again }) => {
      expect(answerOf(again).budget).toEqual(input['budget']);
      expect((await place.http.call('budgets.get')).budget).toEqual(input['budget']);
      await place.http.call('budgets.set', { budget: null });
    },
  },
  'tokens.revoke': {
    prepare: async (place) => {
      const { id: session } = await place.session();
      const { id } = await place.http.call('tokens.create', { name: 'brief', scopes: ['view'] });
      return { session, input: { id } };
    },
    check: async ({ place, input, first, again }) => {
      if (first !== null) expect(first.revoked).toBe(true);
      expect(answerOf(again)).toHaveProperty('revoked');
      const { tokens } = await place.http.call('tokens.list');
      expect(tokens.find(({ id }) => id === input['id'])?.revokedAt).not.toBeNull();
    },
  },
};
