import { mkdir, symlink } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { faultsOf } from './judge.ts';
import { newId, Place } from './place.ts';
import { race, sorted } from './race.ts';
import { testRefusals } from './refusals.ts';
import { type Entry, type Fields, refusal } from './wire.ts';

let place: Place;
beforeAll(async () => {
  place = await Place.open();
});
afterAll(() => place.close());

const noSession = ['not_found', 'session'] as const;
const allow = (command: string) => ({ effect: 'allow', command });
const wants = (command: string) => ({ kind: 'execute', command });

/** A session whose run goes on. */
async function working(more: Fields = {}): Promise<string> {
  const { id: session } = await place.session(more);
  const follower = await place.follow(session);
  await place.http.call('sessions.send', { session, content: '[[say works]] [[hang]]' });
  await follower.until('delivery', ({ kind }) => kind === 'delivery');
  return session;
}

async function directory(name = newId()): Promise<string> {
  const made = path.join(place.cwd, name);
  await mkdir(made);
  return made;
}

const asked = async (session: string, more: Fields = {}) => {
  return { session, id: newId(), title: 'may it', ...more };
};
const end = (session: string) => place.http.call('sessions.abort', { session, wait: true });
const decisionsOf = (log: readonly Entry[]) => log.filter(({ kind }) => kind === 'decision');

describe('approvals.request', () => {
  test('A1 A2: is shown, waited for and decided, and the agent hears nothing of it', async () => {
    const session = await working();
    const follower = await place.follow(session);
    const input = await asked(session, { waitMs: 30_000, input: { to: 'production' } });
    const waiting = place.http.call('approvals.request', input);
    const approval = await follower.until('the question', ({ id }) => id === input.id);
    expect(approval).toMatchObject({ kind: 'approval', data: { title: 'may it', outside: true } });
    const { approvals } = await place.http.call('approvals.list', { session });
    expect(approvals).toEqual([{ session, entry: approval }]);
    const decide = { session, approval: input.id, verdict: 'deny', message: 'not on Fridays' };
    await place.socket.call('approvals.decide', decide);
    const { decision, duplicate } = await waiting;
    expect(decision).toMatchObject({ outcome: 'denied', message: 'not on Fridays' });
    expect(duplicate).toBe(false);
    const question = { session, id: newId(), message: 'Which one?', waitMs: 30_000 };
    const answer = place.http.call('approvals.request', question);
    await follower.until('another question', ({ id }) => id === question.id);
    const said = { session, approval: question.id, answer: 'the left one' };
    await place.http.call('approvals.decide', said);
    expect((await answer).decision).toMatchObject({ outcome: 'answered', content: 'the left one' });
    await end(session);
    expect(faultsOf(await place.log(session))).toEqual([]);
  });

  test('A4: is decided at once where a rule is about it', async () => {
    const session = await working({
      policy: { rules: [allow('ls'), { effect: 'deny', command: 'rm **' }] },
    });
    const ask = async (command: string) => {
      const input = await asked(session, { wants: wants(command) });
      return (await place.http.call('approvals.request', input)).decision;
    };
    expect(await ask('ls')).toMatchObject({
      outcome: 'allowed',
      ruling: { level: 'session', rule: 0 },
    });
    expect(await ask('ls && rm x')).toMatchObject({ outcome: 'denied', ruling: { rule: 1 } });
    expect(await ask('ls; curl x | sh')).toBeNull();
    await end(session);
  });

  test('A1 L3: the same one many times at once, and after its end, is one question with one decision', async () => {
    const session = await working();
    const input = await asked(session, { waitMs: 30_000 });
    const follower = await place.follow(session);
    const all = race(place, 'approvals.request', Array(9).fill(input) as Fields[], 1);
    await follower.until('the question', ({ id }) => id === input.id);
    await place.http.call('approvals.decide', { session, approval: input.id, verdict: 'allow' });
    const { answers, codes } = sorted(await all);
    expect(codes).toEqual([]);
    expect(answers.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
    for (const { decision } of answers) expect(decision).toMatchObject({ outcome: 'allowed' });
    await end(session);
    const again = await place.http.call('approvals.request', input);
    expect(again).toMatchObject({ duplicate: true, decision: { outcome: 'allowed' } });
    expect(decisionsOf(await place.log(session))).toHaveLength(1);
  });

  test('A3 R7: survives a kill, and is withdrawn with its run', async () => {
    const session = await working();
    const input = await asked(session);
    await place.http.call('approvals.request', input);
    await place.restart();
    expect(await place.http.call('approvals.request', input)).toMatchObject({
      duplicate: true,
      decision: null,
    });
    await end(session);
    const after = await place.http.call('approvals.request', input);
    expect(after.decision).toMatchObject({ outcome: 'withdrawn' });
    const late = await refusal(place.http.call('approvals.request', await asked(session)));
    expect(late.code).toBe('conflict');
  });

  testRefusals(() => place, 'approvals.request', [
    ['an unknown session', { session: 'nobody', id: 'a', title: 'a' }, ...noSession],
    [
      'a session without a run',
      async (all) => asked((await all.session()).id),
      'conflict',
      'session',
    ],
    ['neither title nor message', { session: 'a', id: 'a' }, 'invalid', 'title'],
    ['both of them', { session: 'a', id: 'a', title: 'a', message: 'b' }, 'invalid', 'title'],
    ['no id', { session: 'a', title: 'a' }, 'invalid', 'id'],
    ['no options', { session: 'a', id: 'a', title: 'a', options: [] }, 'invalid', 'options'],
    ['a long wait', { session: 'a', id: 'a', title: 'a', waitMs: 1e9 }, 'invalid', 'waitMs'],
    ['an id that is taken', takenId, 'id_reused', 'id'],
    [
      'more to show than an entry holds',
      async (all) => asked((await all.session()).id, { input: 'x'.repeat(40_000) }),
      'too_large',
      'input',
    ],
  ]);
});

async function takenId(all: Place): Promise<Fields> {
  const session = await working();
  const { entries } = await all.http.call('sessions.history', { session });
  return { session, id: entries[0]!.id, title: 'may it' };
}

describe('policy.get', () => {
  test('A4: shows what holds for a session, in the order in which it is asked, and all of it', async () => {
    const outer = await directory();
    const inner = path.join(outer, 'inner');
    await mkdir(inner);
    await symlink(inner, path.join(outer, 'link'));
    const policy = {
      rules: [allow('ls')],
      bypassMs: 60_000,
      answerMs: 5000,
      autoAcceptEdits: true,
    };
    const { id: session } = await place.session({ cwd: path.join(outer, 'link'), policy });
    for (const where of [outer, path.join(outer, 'link')]) {
      await place.http.call('policy.set', { directory: where, rules: [allow('pwd')] });
    }
    const told = await place.http.call('policy.get', { session });
    expect(told.session).toMatchObject({
      rules: [allow('ls')],
      answerMs: 5000,
      autoAcceptEdits: true,
    });
    expect(Date.parse(told.session!.bypassUntil!)).toBeGreaterThan(Date.now());
    expect(told.policies.map((row) => row.directory)).toEqual([inner, outer]);
    const all = await place.http.call('policy.get');
    expect(all.session).toBeNull();
    expect(all.policies).toEqual(expect.arrayContaining([...told.policies]));
  });

  testRefusals(() => place, 'policy.get', [
    ['an unknown session', { session: 'nobody' }, ...noSession],
    ['what it does not know', { directory: '/' }, 'invalid', 'directory'],
  ]);
});

describe('policy.set', () => {
  test('A4: holds for sessions of the directory and below, also those that work, until it is taken away', async () => {
    const where = await directory();
    const { id: session } = await place.session({ cwd: where });
    const set = (rules: readonly Fields[]) =>
      place.http.call('policy.set', { directory: where, rules });
    const outcome = async () => {
      await place.run(session, '[[ask run pwd]]');
      return decisionsOf(await place.log(session)).at(-1)?.data['ruling'];
    };
    await set([allow('pwd')]);
    expect(await outcome()).toMatchObject({
      effect: 'allow',
      level: 'directory',
      directory: where,
    });
    await set([{ effect: 'deny', command: 'pwd' }]);
    expect(await outcome()).toMatchObject({ effect: 'deny', level: 'directory' });
    expect(await set([])).toMatchObject({ rules: [], revision: 3 });
    await place.http.call('sessions.send', { session, content: '[[ask run pwd]]' });
    const follower = await place.follow(session);
    await follower.until('a question', ({ kind, data }) => {
      return kind === 'approval' && (data['ruling'] as { effect: string }).effect === 'ask';
    });
    await end(session);
  });

  test('A4: of many at once with the revision that they know one is first, the others are told', async () => {
    const where = await directory();
    const inputs = Array.from({ length: 9 }, (_, at) => {
      return { directory: where, rules: [allow(`ls ${at}`)], revision: 0 };
    });
    const { answers, codes } = sorted(await race(place, 'policy.set', inputs));
    expect(answers).toMatchObject([{ revision: 1 }]);
    expect(codes).toEqual(Array(8).fill('conflict'));
    const { policies } = await place.http.call('policy.get');
    expect(policies.find((row) => row.directory === where)).toEqual(answers[0]);
  });

  testRefusals(() => place, 'policy.set', [
    [
      'a directory that is not there',
      { directory: '/not/there', rules: [] },
      'invalid',
      'directory',
    ],
    ['a relative one', { directory: 'src', rules: [] }, 'invalid', 'directory'],
    ['no directory', { rules: [] }, 'invalid', 'directory'],
    ['no rules', { directory: null }, 'invalid', 'rules'],
    [
      'a rule that nobody can follow',
      { directory: null, rules: [allow('ls'), allow('ls; rm')] },
      'invalid',
      'rules.1',
    ],
    ['an old revision', { directory: null, rules: [], revision: 7 }, 'conflict', 'revision'],
  ]);
});

describe('policy.test', () => {
  test('A4: says what would be, why, and which rules would allow just that; nothing is asked or done', async () => {
    const { id: session } = await place.session({ policy: { rules: [allow('git status')] } });
    const ask = (command: string) =>
      place.http.call('policy.test', { session, wants: wants(command) });
    const fine = await ask('git status');
    expect(fine.verdict).toMatchObject({ effect: 'allow', level: 'session', rule: 0 });
    const both = await ask('git status; curl x | sh');
    expect(both.verdict.effect).toBe('ask');
    expect(both.parts.map(({ text, verdict }) => [text, verdict.effect])).toEqual([
      ['git status', 'allow'],
      ['curl x', 'ask'],
      ['sh', 'ask'],
    ]);
    const { rules } = await ask('make test');
    expect(rules).toEqual([allow('make test')]);
    expect((await ask('ls $x')).rules).toEqual([]);
    const elsewhere = { directory: place.cwd, wants: wants('git status') };
    expect((await place.http.call('policy.test', elsewhere)).verdict.effect).toBe('ask');
    expect((await place.log(session)).map(({ kind }) => kind)).toEqual(['settings']);
  });

  testRefusals(() => place, 'policy.test', [
    ['an unknown session', { session: 'nobody', wants: {} }, ...noSession],
    ['nothing that is wanted', { directory: '/' }, 'invalid', 'wants'],
    ['a relative directory', { directory: 'src', wants: {} }, 'invalid', 'directory'],
    [
      'a kind that there is not',
      { directory: '/', wants: { kind: 'fly' } },
      'invalid',
      'wants.kind',
    ],
  ]);
});

describe('answers that are remembered', () => {
  const question = async (session: string, command: string): Promise<Entry> => {
    const follower = await place.follow(session);
    const before = (await place.log(session)).length;
    await place.http.call('sessions.send', { session, content: `[[ask run ${command}]]` });
    return follower.until('a question', ({ kind, seq }) => kind === 'approval' && seq > before);
  };

  test('A4 A1: go on unasked from then on, in the session or in all of its directory, also after a kill', async () => {
    const where = await directory();
    const { id: session } = await place.session({ cwd: where });
    const first = await question(session, 'printf a');
    const { approvals } = await place.http.call('approvals.list', { session, rules: true });
    expect(approvals[0]?.rules).toEqual([allow('printf a')]);
    const remember = { session, approval: first.id, verdict: 'allow', remember: 'session' };
    const told = await place.http.call('approvals.decide', remember);
    expect(told.remembered).toEqual({ level: 'session', rules: [allow('printf a')] });
    await place.watcher.rest(session);
    const second = await question(session, 'printf b');
    const wider = { session, approval: second.id, verdict: 'allow', remember: 'directory' };
    await place.http.call('approvals.decide', { ...wider, rules: [allow('printf *')] });
    await place.watcher.rest(session);
    await place.restart();
    const { id: other } = await place.session({ cwd: where });
    await place.run(session, '[[ask run printf a]]');
    await place.run(other, '[[ask run printf c]]');
    const rulings = async (id: string) => decisionsOf(await place.log(id)).at(-1)?.data['ruling'];
    expect(await rulings(session)).toMatchObject({ level: 'session', rule: 0 });
    expect(await rulings(other)).toMatchObject({ level: 'directory', directory: where });
  });

  test('A4 S5: are refused with a denial, without a rule that fits, and to whom is bound to sessions', async () => {
    const { id: session } = await place.session();
    const { id: approval } = await question(session, 'printf $x');
    const decide = (more: Fields) =>
      refusal(place.http.call('approvals.decide', { session, approval, ...more }));
    const said = async (more: Fields) => {
      const { code, field } = await decide(more);
      return [code, field];
    };
    expect(await said({ verdict: 'deny', remember: 'session', rules: [allow('ls')] })).toEqual([
      'invalid',
      'remember',
    ]);
    expect(await said({ verdict: 'allow', remember: 'session' })).toEqual([
      'unsupported',
      'remember',
    ]);
    expect(await said({ verdict: 'allow', rules: [allow('ls')] })).toEqual(['invalid', 'remember']);
    expect(await said({ verdict: 'allow', message: 'yes' })).toEqual(['invalid', 'message']);
    const { secret } = await place.http.call('tokens.create', {
      name: newId(),
      scopes: ['approve'],
      sessions: [session],
    });
    const bound = await place.open(secret);
    const wide = {
      session,
      approval,
      verdict: 'allow',
      remember: 'directory',
      rules: [allow('ls')],
    };
    expect(await refusal(bound.call('approvals.decide', wide))).toMatchObject({
      code: 'forbidden',
      field: 'remember',
    });
    await end(session);
  });
});
