import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Daemon, startDaemon } from '../../src/app/daemon.ts';
import type { Client } from '../../src/client/client.ts';
import { nodeClient } from '../../src/client/node/node-client.ts';
import { exitCode } from '../../src/protocol/error.ts';
import { Talk } from '../app/talk.ts';
import { compiled } from '../compile-cache.ts';

const cli = path.join(import.meta.dirname, '../../src/cli/main.ts');

let home = '';
let state = '';
let daemon: Daemon;
let client: Client;
const talks: Talk[] = [];
beforeAll(async () => {
  home = await realpath(await mkdtemp(path.join(tmpdir(), 'turnkeep-policy-')));
  state = path.join(home, 'state');
  daemon = await startDaemon({ state, log: () => {} });
  client = await nodeClient({ state, env: {} });
});
afterAll(async () => {
  await Promise.all(talks.map((talk) => talk.quiet()));
  client.close();
  await daemon.shutdown('stop');
  await rm(home, { recursive: true, force: true });
});

interface Ended {
  code: number | null;
  out: string;
  err: string;
}

function turnkeep(
  words: readonly string[],
  { cwd = home, env = {} }: { cwd?: string; env?: { [name: string]: string } } = {},
): Promise<Ended> {
  const child = spawn(process.execPath, [cli, ...words], {
    cwd,
    env: {
      PATH: process.env['PATH'],
      HOME: home,
      TMPDIR: home,
      TURNKEEP_STATE: state,
      ...compiled(),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

async function session(): Promise<Talk> {
  const cwd = await mkdtemp(path.join(home, 'work-'));
  const made = await client.sessions.create({ cwd });
  const talk = new Talk({ client, state, session: made.session.id, cwd });
  talks.push(talk);
  return talk;
}

const rulesOf = async (directory: string | null) =>
  (await client.policy.get()).policies.find((row) => row.directory === directory)?.rules;

describe('turnkeep policy', { timeout: 60_000 }, () => {
  test('A4: rules come before those that are there, are shown with their numbers, and are taken back', async () => {
    const { cwd } = await session();
    await turnkeep(['policy', 'allow', 'git log **', 'git status', '--dir', '.'], { cwd });
    const more = ['policy', 'deny', 'git log *', '--dir', cwd, '--note', 'too long'];
    const denied = await turnkeep(more);
    expect(denied.out).toBe(
      '  1  deny   git log *  # too long\n  2  allow  git log **\n  3  allow  git status\n',
    );
    // The same rule again moves to the front.
    await turnkeep(['policy', 'allow', 'git status', '--dir', cwd]);
    const removed = await turnkeep(['policy', 'remove', '2', 'git log **', '--dir', cwd]);
    expect(removed.out).toBe('  1  allow  git status\n');
    const wrong = await turnkeep(['policy', 'remove', '2', '--dir', cwd]);
    expect([wrong.code, wrong.out]).toEqual([exitCode.not_found, '']);
    const shown = await turnkeep(['policy', 'show']);
    expect(shown.out).toContain(`Directory ${cwd}\n  1  allow  git status\n`);
    await turnkeep(['policy', 'remove', '1', '--dir', cwd]);
    expect(await rulesOf(cwd)).toEqual([]);
    expect((await turnkeep(['policy', 'show'])).out).not.toContain(cwd);
  });

  test('A4: who changes rules at the same time loses none', async () => {
    const { cwd } = await session();
    const names = ['one', 'two', 'three', 'four'];
    const all = await Promise.all(
      names.map((name) => turnkeep(['policy', 'allow', name, '--dir', cwd])),
    );
    expect(all.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    expect((await rulesOf(cwd))?.map(({ command }) => command).toSorted()).toEqual(
      names.toSorted(),
    );
  });

  test('A4: what would be said is told with its rule and by the exit code', async () => {
    const talk = await session();
    await turnkeep(['policy', 'allow', 'git log **', '--session', talk.session]);
    await turnkeep(['policy', 'deny', 'rm **', '--session', talk.session]);
    const tried = (...words: string[]) =>
      turnkeep(['policy', 'test', ...words, '--session', talk.session]);
    const allowed = await tried('git log -3');
    expect([allowed.code, allowed.out]).toEqual([
      0,
      'allow  git log -3  because a rule allows git log ** (session, rule 2)\n',
    ]);
    const denied = await tried('git log; rm x');
    expect(denied.code).toBe(1);
    expect(denied.out).toContain('deny   rm x  because a rule denies rm ** (session, rule 1)');
    const asked = await tried('git log | sh');
    expect(asked.code).toBe(3);
    expect(asked.out).toContain('ask    all in all');
    expect((await tried('git push', '--json')).out).toContain('"rules":[{"effect":"allow"');
    const file = await turnkeep(['policy', 'test', '--write', 'a', '--dir', talk.cwd]);
    expect(file.code).toBe(3);
    expect((await tried()).code).toBe(exitCode.invalid);
    expect((await tried('a', '--read', 'b')).code).toBe(exitCode.invalid);
    // Not allowed by what was suggested for something else.
    const both = await turnkeep(['policy', 'test', 'a', '--session', 'x', '--dir', '.']);
    expect(both.code).toBe(exitCode.invalid);
  });

  test('A4: an edited list is checked, refused where it was changed meanwhile, and never lost', async () => {
    const { cwd } = await session();
    const editor = path.join(home, 'editor.mjs');
    await writeFile(
      editor,
      `import { writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
if (process.env.MEANWHILE) execFileSync(process.execPath, JSON.parse(process.env.MEANWHILE));
writeFileSync(process.argv[2], process.env.TEXT);`,
    );
    const edit = (text: string, env: { [name: string]: string } = {}) => {
      const own = { EDITOR: `'${process.execPath}' '${editor}'`, TEXT: text, ...env };
      return turnkeep(['policy', 'edit', '--dir', cwd], { env: own });
    };
    const kept = async () =>
      (await readdir(home)).filter((name) => name.startsWith('turnkeep-edit-'));
    const good = await edit('[{"effect":"allow","command":"one"}]');
    expect([good.code, good.out]).toEqual([0, '  1  allow  one\n']);
    expect(await kept()).toEqual([]);

    const wrong = '[{"effect":"allow","command":"one"},{"effect":"allow","command":"** two"}]';
    const bad = await edit(wrong);
    expect([bad.code, bad.out]).toEqual([exitCode.invalid, '']);
    expect(bad.err).toContain('Rule 2: ');
    const [folder] = await kept();
    expect(await readFile(path.join(home, folder!, 'rules.json'), 'utf8')).toBe(wrong);
    await rm(path.join(home, folder!), { recursive: true });

    const other = [cli, 'policy', 'allow', 'other', '--dir', cwd];
    const late = await edit('[]', { MEANWHILE: JSON.stringify(other) });
    expect(late.code).toBe(exitCode.conflict);
    expect((await rulesOf(cwd))?.map(({ command }) => command)).toEqual(['other', 'one']);
    for (const name of await kept()) await rm(path.join(home, name), { recursive: true });
    expect((await edit('no json')).err).toContain('is no JSON');
    for (const name of await kept()) await rm(path.join(home, name), { recursive: true });
    const none = await turnkeep(['policy', 'edit', '--dir', cwd]);
    expect(none.err).toContain('set EDITOR');
    const failed = await turnkeep(['policy', 'edit', '--dir', cwd], { env: { EDITOR: 'false' } });
    expect(failed.code).toBe(exitCode.invalid);
    expect(await kept()).toEqual([]);
  });

  test('A5: a bypass, accepted edits and a time for answers are set, shown and taken back', async () => {
    const talk = await session();
    const { session: name } = talk;
    const policy = (...words: string[]) => turnkeep(['policy', ...words]);
    expect((await policy('bypass', name, '10m')).out).toMatch(
      /^nothing is asked until .* (10|9) min/,
    );
    await policy('accept-edits', name, 'on');
    await policy('answer-within', name, '1h');
    const shown = (await policy('show', name)).out;
    expect(shown).toMatch(/nothing is asked until/);
    expect(shown).toContain('edits in its directory are accepted');
    expect(shown).toContain('what nobody answers for 1 h 0 min is denied');
    expect((await turnkeep(['ls'])).out).toMatch(/bypass (10m|9:\d\d) · edits/);
    await policy('bypass', name, '--end');
    await policy('accept-edits', name, 'off');
    await policy('answer-within', name, '0');
    expect((await policy('show', name)).out).not.toMatch(/asked until|accepted|nobody/);
    expect((await policy('bypass', name)).code).toBe(exitCode.invalid);
    expect((await policy('bypass', name, '25h')).code).toBe(exitCode.invalid);
    expect((await policy('allow', 'x')).err).toContain('--everywhere');
  });
});

describe('decisions', { timeout: 60_000 }, () => {
  test('A1 A4: the inbox has all that would be done, and a decision carries input, rules or a message', async () => {
    const talk = await session();
    const long = `echo ${'x'.repeat(300)} end`;
    await talk.send(
      `[[ask run ${long}]] [[ask write one|1]] [[ask run echo b]] [[ask run echo c]]`,
    );
    const next = (title: string) => talk.next('approval', ({ data }) => data.title.includes(title));
    await next('xxx');
    const inbox = await turnkeep(['approvals']);
    expect(inbox.out).toContain(`${'x'.repeat(300)} end\n`);
    expect(inbox.out).toContain('asked because no rule is about it');
    expect(inbox.out).toContain('--for-session or --for-directory allows echo xxx');
    const asJson = await turnkeep(['approvals', talk.session, '--json']);
    expect(JSON.parse(asJson.out)).toMatchObject({
      session: talk.session,
      rules: [{ command: long }],
    });
    const { session: name } = talk;
    const session1 = await turnkeep(['approve', name, '--for-session', '--rule', 'echo *']);
    expect(session1.out).toBe('allowed\nfrom now on, in this session: allow echo *\n');
    await next('one');
    const input = JSON.stringify({ path: 'two', content: '2' });
    expect((await turnkeep(['approve', name, '--input', input])).out).toBe('allowed\n');
    expect((await talk.end(1, 30_000)).data.outcome).toBe('completed');
    expect(await readFile(path.join(talk.cwd, 'two'), 'utf8')).toBe('2');
    // Both others were allowed by the rule.
    const rulings = talk.of('decision').map(({ data }) => data.ruling?.rule);
    expect(rulings).toEqual([undefined, undefined, 0, 0]);

    await talk.send('[[ask run ls]]');
    await next('ls');
    const both = await turnkeep(['approve', name, '--for-session', '--for-directory']);
    expect(both.code).toBe(exitCode.invalid);
    const denied = await turnkeep(['deny', name, '--message', 'not now']);
    expect(denied.out).toBe('denied\n');
    await talk.end(2);
    expect(talk.of('decision').at(-1)?.data.message).toBe('not now');
  });
});
