import { expect, test } from 'vitest';
import type { Client, InputOf } from '../../src/client/index.ts';
import { limits } from '../../src/domain/limits.ts';
import { allowed, allowing, askEach } from '../engine/asking.ts';
import { by } from '../engine/workbench.ts';
import { LogWorld } from './log-world.ts';

const refused = (code: string, field?: string) => ({
  refusal: expect.objectContaining({ code, ...(field === undefined ? {} : { field }) }) as unknown,
});
const rules = [allowing('ls')];

test('S1 A4: policy and bypass are set by who may approve, at once and by a file', async () => {
  const world = await LogWorld.open(askEach);
  const manager = await world.clientWith(['manage']);
  const both = await world.clientWith(['manage', 'approve']);
  const { session } = await manager.sessions.create({ cwd: '/work' });
  const ways = (client: Client) => [
    () => client.sessions.create({ cwd: '/work', policy: { rules } }),
    () => client.sessions.create({ cwd: '/work', policy: { bypassMs: 1000 } }),
    () => client.sessions.patch({ session: session.id, policy: { autoAcceptEdits: true } }),
    () => client.sessions.fork({ session: session.id, policy: { bypassMs: null } }),
  ];
  for (const way of ways(manager))
    await expect(way()).rejects.toMatchObject(refused('forbidden', 'policy'));
  for (const way of ways(both)) await way();
  for (const client of [manager, both]) {
    const everywhere = client.policy.set({ directory: null, rules });
    await expect(everywhere).rejects.toMatchObject(refused('forbidden'));
  }
});

test('S1 A4: a log that sets a policy is imported by who may approve, and makes no rules for a directory', async () => {
  const world = await LogWorld.open(askEach);
  const session = await world.bench.session('make');
  const watch = await world.bench.watch(session);
  const { id: approval } = await watch.entry('approval');
  const remember = { level: 'directory' as const, rules: [allowing('make')] };
  const { approvals } = world.bench.engine;
  await approvals.decide(session, { approval, choice: allowed, remember }, by);
  await watch.entry('run_ended');
  await world.client.sessions.patch({ session, policy: { rules, answerMs: 5000 } });
  world.bench.hosts.processes.values().next().value?.exit(0);
  const file = await world.export(session);

  const other = await LogWorld.open();
  const manager = await other.clientWith(['manage']);
  await expect(manager.sessions.import(file)).rejects.toMatchObject(refused('forbidden'));
  const both = await other.clientWith(['manage', 'approve']);
  const { session: row } = await both.sessions.import(file);
  const { session: policy, policies } = await both.policy.get({ session: row.id });
  expect(policy).toMatchObject({ rules, answerMs: 5000 });
  expect(policies).toEqual([]);
});

test('S5: rules and questions that are too many, too large or of no sense name what to change', async () => {
  const world = await LogWorld.open(askEach);
  const session = await world.bench.session('make');
  await (await world.bench.watch(session)).entry('approval');
  const { client } = world;
  const patch = (policy: object) => () =>
    client.sessions.patch({ session, policy } as InputOf<'sessions.patch'>);
  const ask = (more: object) => () =>
    client.approvals.request({ session, id: 'q', title: 'may it', ...more });
  const many = (count: number, note = 'x') =>
    Array.from({ length: count }, (_, at) => ({ ...allowing(`ls ${at}`), note }));
  for (const [call, code, field] of [
    [patch({ rules: many(limits.policyRules + 1) }), 'invalid', 'policy.rules'],
    [patch({ rules: many(limits.policyRules, 'x'.repeat(400)) }), 'too_large', 'policy'],
    [
      patch({ rules: [{ effect: 'allow', path: '/a', command: 'ls' }] }),
      'invalid',
      'policy.rules.0',
    ],
    [patch({ rules: [...rules, allowing('$(x)')] }), 'invalid', 'policy.rules.1'],
    [patch({ bypassMs: limits.bypassMs + 1 }), 'invalid', 'policy.bypassMs'],
    [patch({ bypassMs: 0 }), 'invalid', 'policy.bypassMs'],
    [patch({ bypassUntil: '2999-01-01T00:00:00Z' }), 'invalid', 'policy.bypassUntil'],
    [ask({ title: 'x'.repeat(5000) }), 'invalid', 'title'],
    [ask({ input: 'x'.repeat(limits.inlineBytes / 2) }), 'too_large', 'input'],
    [
      ask({ title: undefined, message: 'm', schema: { a: 'x'.repeat(40_000) } }),
      'too_large',
      'schema',
    ],
    [ask({ wants: { command: 'x'.repeat(70_000) } }), 'invalid', 'wants.command'],
    [
      ask({ wants: { locations: Array(101).fill('/a') as string[] } }),
      'invalid',
      'wants.locations',
    ],
    [ask({ id: '../../etc/passwd' }), 'invalid', 'id'],
  ] as const) {
    await expect(call()).rejects.toMatchObject(refused(code, field));
  }
  expect((await client.policy.get({ session })).session?.rules).toEqual([]);
  expect(await world.bench.of(session, 'approval')).toHaveLength(1);
  // What is long, but not too long, is judged, kept without its words, and asked about.
  const { approval } = await ask({ wants: { command: `ls ${'a'.repeat(20_000)}` } })();
  const entry = (await world.bench.of(session, 'approval')).find(({ id }) => id === approval.id);
  expect(entry?.data).toMatchObject({ ruling: { effect: 'ask' } });
  expect(entry?.data).not.toHaveProperty('wants');
  const remember = {
    session,
    approval: approval.id,
    verdict: 'allow' as const,
    remember: 'session' as const,
  };
  await expect(client.approvals.decide(remember)).rejects.toMatchObject(
    refused('unsupported', 'remember'),
  );
});
