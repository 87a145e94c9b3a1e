import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { StoredPolicies } from '../../src/app/policies.ts';
import { limits } from '../../src/domain/limits.ts';
import { noPolicy, type Rule, type SessionPolicy, type Wanted } from '../../src/domain/policy.ts';
import type { Store } from '../../src/ports/store.ts';
import { openStore } from '../../src/store/open.ts';
import { type TestClock, testClock } from '../../src/testing/index.ts';

let root: string;
let store: Store;
let clock: TestClock;
let policies: StoredPolicies;
let logged: object[];

beforeAll(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'turnkeep-policies-')));
});
afterAll(() => rm(root, { recursive: true, force: true }));
beforeEach(async ({ onTestFinished }) => {
  store = await openStore({
    dir: ':memory:',
    onFatal: (error) => {
      throw error;
    },
  });
  onTestFinished(() => store.close());
  clock = testClock();
  logged = [];
  policies = policiesWith();
});

function policiesWith(realOf?: (path: string) => Promise<string | null>): StoredPolicies {
  const stateDirectory = join(root, 'state');
  const log = (event: string, data: object): void => void logged.push({ event, ...data });
  return new StoredPolicies({
    store: store.policies,
    clock,
    stateDirectory,
    log,
    ...(realOf === undefined ? {} : { realOf }),
  });
}

const rule = (path: string, effect: Rule['effect'] = 'allow'): Rule => ({
  effect,
  kind: 'edit',
  path,
});
const edit = (...locations: string[]): Wanted => {
  return { tool: 'Edit', kind: 'edit', command: null, locations, cwd: null };
};
const run = (command: string, cwd: string): Wanted => {
  return { tool: 'Bash', kind: 'execute', command, locations: [], cwd };
};
const session = (cwd: string, policy: Partial<SessionPolicy> = {}) => {
  return { cwd, policy: { ...noPolicy, ...policy } };
};
async function made(...names: string[]): Promise<string> {
  const path = join(root, ...names);
  await mkdir(path, { recursive: true });
  return path;
}
const refusal = (code: string, field: string) => ({ refusal: { code, field } });

describe('what is on the disk', () => {
  test('A4: a path is what it leads to, be it through a link, to nothing, or not there yet', async () => {
    const cwd = await made('links', 'app');
    const outside = await made('links', 'outside');
    await mkdir(join(cwd, 'out'));
    await writeFile(join(outside, 'secret'), 'x');
    await symlink(outside, join(cwd, 'out', 'away'));
    await symlink(join(outside, 'secret'), join(cwd, 'out', 'file'));
    await symlink(join(outside, 'not-there'), join(cwd, 'out', 'dangling'));
    await symlink(join(cwd, 'out'), join(outside, 'back'));
    await symlink('loop', join(cwd, 'out', 'loop'));
    const guarded = session(cwd, { rules: [rule('./out/**')] });
    const effects: Record<string, string> = {
      [join(cwd, 'out', 'new')]: 'allow',
      [join(cwd, 'out', 'new', 'deeper', 'a')]: 'allow',
      [join(outside, 'back', 'a')]: 'allow',
      [join(cwd, 'out', 'away', 'a')]: 'ask',
      [join(cwd, 'out', 'file')]: 'ask',
      [join(cwd, 'out', 'dangling')]: 'ask',
      [join(cwd, 'out', 'dangling', 'a')]: 'ask',
      [join(cwd, 'out', 'loop')]: 'ask',
      [join(cwd, 'out', '..', 'a')]: 'ask',
      [join(cwd, 'output')]: 'ask',
    };
    for (const [path, effect] of Object.entries(effects)) {
      expect([path, (await policies.rule(guarded, edit(path))).effect]).toEqual([path, effect]);
    }
    const file = join(cwd, 'out', 'new', 'x');
    await writeFile(join(cwd, 'out', 'new'), 'a file');
    expect((await policies.rule(guarded, edit(file))).effect).toBe('ask');
  });

  test('A4: edits that are accepted are those of the directory, through no link', async () => {
    const cwd = await made('edits', 'app');
    await made('edits', 'other');
    await symlink(join(root, 'edits', 'other'), join(cwd, 'link'));
    await symlink(cwd, join(root, 'edits', 'app-link'));
    const guarded = session(cwd, { autoAcceptEdits: true });
    const said = async (path: string) => (await policies.rule(guarded, edit(path))).effect;
    expect(await said(join(cwd, 'a.ts'))).toBe('allow');
    for (const path of [
      join(cwd, 'link', 'a.ts'),
      join(root, 'edits', 'app-link', 'a.ts'),
      join(cwd, '.git', 'config'),
      join(cwd, '.claude', 'settings.json'),
      join(root, 'edits', 'other', 'a.ts'),
    ]) {
      expect([path, await said(path)]).toEqual([path, 'ask']);
    }
  });

  test('A4: the daemon’s own directory is guarded under a bypass too, by whatever way it is reached', async () => {
    const cwd = await made('guarded', 'app');
    const state = await made('state');
    await symlink(state, join(cwd, 'way'));
    const bypassUntil = new Date(clock.now() + 1000).toISOString();
    const guarded = session(cwd, { rules: [{ effect: 'allow' }], bypassUntil });
    const ruled = async (wanted: Wanted) => {
      const { effect, rule: by } = await policies.rule(guarded, wanted);
      return [effect, by];
    };
    expect(await ruled(edit(join(state, 'token')))).toEqual(['deny', 'state']);
    expect(await ruled(edit(join(cwd, 'way', 'token')))).toEqual(['deny', 'state']);
    expect(await ruled(run('cat way/token', cwd))).toEqual(['ask', 'state']);
    expect(await ruled(run(`cat ${state}/token`, cwd))).toEqual(['ask', 'state']);
    expect(await ruled(run('cat readme', cwd))).toEqual(['allow', 0]);
  });

  test('A4: of very many paths those that are not looked up are asked about, soon', async () => {
    const cwd = await made('many');
    const guarded = session(cwd, { rules: [rule('./**')] });
    const paths = (count: number) =>
      Array.from({ length: count }, (_, at) => join(cwd, `a${at}`, 'b'));
    expect((await policies.rule(guarded, edit(...paths(512)))).effect).toBe('allow');
    expect((await policies.rule(guarded, edit(...paths(10_000)))).effect).toBe('ask');
    const { parts } = await policies.explain(guarded, edit(...paths(10_000)));
    const asked = parts.filter(({ verdict }) => verdict.effect === 'ask');
    expect(asked).toHaveLength(10_000 - 512);
    const long = run(`ls ${'a '.repeat(limits.policyCommandChars)}`, cwd);
    expect((await policies.rule(guarded, long)).effect).toBe('ask');
  });

  test('A4: a file system that does not answer is asked about, and holds up nobody else', async () => {
    const cwd = await made('fuse');
    const asked: string[] = [];
    const hung = Promise.withResolvers<string>();
    policies = policiesWith((path) => {
      asked.push(path);
      return path.includes('hung') ? hung.promise : Promise.resolve(path);
    });
    const guarded = session(cwd, { rules: [rule('./**')] });
    const ask = async (path: string): Promise<string> => {
      const ruling = policies.rule(guarded, edit(join(cwd, path), join(cwd, 'second')));
      if (path === 'hung') {
        await clock.armed(2000);
        clock.advance(2000);
      }
      return (await ruling).effect;
    };
    expect(await ask('hung')).toBe('ask');
    expect(await ask('fine')).toBe('allow');
    expect(await ask('hung')).toBe('ask');
    // Two threads wait: no third one is put at risk, and all are asked about.
    const before = asked.length;
    expect(await ask('fine')).toBe('ask');
    expect(asked).toHaveLength(before);
    hung.resolve(cwd);
    await new Promise((resolve) => setImmediate(resolve));
    expect(await ask('fine')).toBe('allow');
    // What came after the deadline was not looked up.
    expect(asked.filter((path) => path.endsWith('second'))).toHaveLength(2);
  });

  test('A4: what cannot be read is asked about, and that is logged', async () => {
    const cwd = await made('closed');
    await store.close();
    const ruling = await policies.rule(
      session(cwd, { rules: [rule('./**')] }),
      edit(join(cwd, 'a')),
    );
    expect(ruling).toMatchObject({ effect: 'ask', rule: 'none' });
    expect(logged).toMatchObject([{ event: 'policy' }]);
  });
});

describe('rules of directories', () => {
  const all: Rule = { effect: 'allow' };
  const said = async (cwd: string, wanted: Wanted = run('make', cwd)) => {
    const { effect, level, directory } = await policies.rule(session(cwd), wanted);
    return { effect, level, ...(directory === undefined ? {} : { directory }) };
  };

  test('A4: are found by real paths, the nearest first, those that hold everywhere last', async () => {
    const far = await made('near', 'far');
    const near = await made('near', 'far', 'near');
    await symlink(near, join(root, 'near', 'link'));
    await policies.set({ directory: null, rules: [{ effect: 'deny' }], by: 'ada' });
    expect(await said(near)).toEqual({ effect: 'deny', level: 'global' });
    await policies.set({ directory: far, rules: [{ effect: 'ask' }], by: 'ada' });
    expect(await said(near)).toEqual({ effect: 'ask', level: 'directory', directory: far });
    const row = await policies.set({
      directory: join(root, 'near', 'link'),
      rules: [all],
      by: 'ada',
    });
    expect(row).toMatchObject({ directory: near, revision: 1, changedBy: 'ada' });
    expect(await said(near)).toEqual({ effect: 'allow', level: 'directory', directory: near });
    expect(await said(far)).toEqual({ effect: 'ask', level: 'directory', directory: far });
    expect(await said(await made('near', 'far-off'))).toEqual({ effect: 'deny', level: 'global' });
  });

  test('A4: of two who change the same ones the second is told, and those of one that is gone can go', async () => {
    const directory = await made('races');
    const set = (revision?: number, rules: Rule[] = [all]) =>
      policies.set({
        directory,
        rules,
        by: 'ada',
        ...(revision === undefined ? {} : { revision }),
      });
    const both = await Promise.allSettled([set(0), set(0), set(0)]);
    expect(both.map(({ status }) => status).toSorted()).toEqual([
      'fulfilled',
      'rejected',
      'rejected',
    ]);
    for (const one of both) {
      if (one.status === 'fulfilled') continue;
      expect(one.reason).toMatchObject({
        refusal: { code: 'conflict', field: 'revision', data: { revision: 1 } },
      });
    }
    await expect(set(0)).rejects.toMatchObject(refusal('conflict', 'revision'));
    expect(await set(1)).toMatchObject({ revision: 2 });
    expect(await set()).toMatchObject({ revision: 3 });
    await rm(directory, { recursive: true });
    await expect(set(3)).rejects.toMatchObject(refusal('invalid', 'directory'));
    expect(await set(3, [])).toMatchObject({ rules: [], revision: 4 });
  });

  test('A4: are in force for whoever asks after the answer, however many look at them', async () => {
    const cwd = await made('turns');
    const effects: Rule['effect'][] = ['allow', 'deny', 'ask'];
    for (let at = 0; at < 30; at++) {
      const effect = effects[at % 3]!;
      const looks = Array.from({ length: 5 }, () => said(cwd));
      await policies.set({ directory: cwd, rules: [{ effect }], by: 'ada' });
      expect((await said(cwd)).effect).toBe(effect);
      await Promise.all(looks);
    }
  });

  test('A4 S5: are refused by the place of the rule that nobody can follow, and where no directory is', async () => {
    for (const [bad, at] of [
      [[all, { effect: 'allow', path: 'a', command: 'ls' }], 1],
      [[{ effect: 'allow', path: 'relative' }], 0],
      [[{ effect: 'allow', path: '/a/../b' }], 0],
      [[all, all, { effect: 'deny', command: 'ls', expansions: true }], 2],
      [[{ effect: 'allow', command: '*' }], 0],
      [[{ effect: 'allow', command: 'ls; rm' }], 0],
      [[{ effect: 'allow', command: 'ls ** x' }], 0],
    ] as const) {
      const check = async () => policies.check(bad as readonly Rule[], 'policy.rules');
      await expect(check(), JSON.stringify(bad)).rejects.toMatchObject(
        refusal('invalid', `policy.rules.${at}`),
      );
    }
    const file = join(await made('files'), 'a');
    await writeFile(file, '');
    for (const directory of ['relative', '/not/there', file, '/\0', '']) {
      const set = policies.set({ directory, rules: [all], by: 'ada' });
      await expect(set).rejects.toMatchObject(refusal('invalid', 'directory'));
    }
    const many = Array.from({ length: limits.policyRules + 1 }, () => all);
    await expect(policies.set({ directory: null, rules: many, by: 'ada' })).rejects.toMatchObject(
      refusal('too_large', 'rules'),
    );
    const large = Array.from({ length: 100 }, () => ({ ...all, note: 'x'.repeat(900) }));
    await expect(policies.set({ directory: null, rules: large, by: 'ada' })).rejects.toMatchObject(
      refusal('too_large', 'rules'),
    );
    expect(await policies.list()).toEqual([]);
  });
});
