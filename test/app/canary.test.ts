import { randomUUID } from 'node:crypto';
import { lstat, mkdir, mkdtemp, readdir, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DaemonProcess, membersOf, shownOf } from './environment-process.ts';
import { until } from './processes.ts';

let root: string;
let daemon: DaemonProcess;
beforeAll(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'turnkeep-canary-')));
});
afterAll(async () => {
  try {
    await daemon.stop();
  } finally {
    await rm(root, { recursive: true, force: true });
  }
});

/** Secrets of the daemon's own environment, by their names. */
const planted = Object.fromEntries(
  ['AWS_SECRET_ACCESS_KEY', 'GITHUB_TOKEN', 'DATABASE_URL', 'TURNKEEP_TOKEN', 'NPM_TOKEN'].map(
    (name) => [name, `canary-${randomUUID()}`],
  ),
);
/** Something that must be found, or nothing would be proven by what is not. */
const control = `control-${randomUUID()}`;

/** Texts of all files beneath a directory by their paths, but those with a secret of their own. */
async function filesIn(directory: string): Promise<Map<string, Buffer>> {
  const texts = new Map<string, Buffer>();
  for (const name of await readdir(directory, { recursive: true })) {
    const path = join(directory, name);
    if (/(?:^|\/)token$/.test(name) || !(await lstat(path)).isFile()) continue;
    texts.set(name, await readFile(path));
  }
  return texts;
}

function holders(texts: ReadonlyMap<string, Buffer | string>, secret: string): string[] {
  return [...texts].filter(([, text]) => text.includes(secret)).map(([name]) => name);
}

/** Reads everything that may be read, so that its answers are looked through, too. */
async function readAll(session: string, run: string): Promise<void> {
  for (const name of ['agents.list', 'server.info', 'sessions.list', 'runs.list', 'tokens.list']) {
    await daemon.call(name);
  }
  for (const name of ['sessions.get', 'sessions.history', 'approvals.list']) {
    await daemon.call(name, { session });
  }
  await daemon.call('runs.raw', { session, run });
  await daemon.call('sessions.list', {}, `tk_${'A'.repeat(43)}`);
}

test(
  'S1 S4: no token and no secret of the daemon is in its log, files, answers, entries or processes',
  { timeout: 60_000 },
  async () => {
    const state = join(root, 'state');
    const cwd = join(root, 'work');
    await mkdir(cwd);
    const environment = { PATH: process.env['PATH'] ?? '', HOME: root, ...planted };
    daemon = await DaemonProcess.start(state, environment);
    const { secret: made } = await daemon.call('tokens.create', { name: 'm', scopes: ['admin'] });
    daemon.answers.length = 0;
    const prompt = `[[say ${control}]] [[run env]] [[ask run cat /proc/$PPID/environ]]`;
    const { session, prompt: sent } = await daemon.call('sessions.create', { cwd, prompt });
    const run: string = sent.run;
    const open = async () =>
      (await daemon.call('approvals.list', { session: session.id })).approvals;
    await until('the question is asked', async () => (await open()).length === 1, 15_000);
    const [{ entry }] = await open();
    const decision = { session: session.id, approval: entry.id, verdict: 'allow' };
    await daemon.call('approvals.decide', decision, made);
    const ended = async () => (await daemon.call('runs.get', { session: session.id, run })).run;
    await until('the run ends', async () => (await ended()).outcome === 'completed', 15_000);

    const { host } = await daemon.call('sessions.get', { session: session.id });
    const inside = (await readFile(join(state, 'hosts', host.id, 'token'), 'utf8')).trim();
    const secrets = [daemon.secret, made, inside, ...Object.values(planted)];
    const members = await membersOf(host.id);
    expect(members.length).toBeGreaterThanOrEqual(3);
    const shown = new Map(
      members.map(({ pid, command, argv, environment: own }) => [
        `${command} ${pid}`,
        [...argv, ...own].join('\n'),
      ]),
    );
    shown.set('command line of the daemon', (await shownOf(daemon.pid)).argv.join('\n'));
    await readAll(session.id, run);
    const before = await filesIn(state);
    await daemon.stop();
    const texts = new Map<string, Buffer | string>([
      ...shown,
      ...before,
      ...[...(await filesIn(state))].map(
        ([name, text]) => [`${name} after the end`, text] as const,
      ),
      ['log', daemon.log],
      ['answers', daemon.answers.join('\n')],
    ]);
    // What a host said is read again out of its archive.
    daemon = await DaemonProcess.start(state, environment);
    await readAll(session.id, run);
    texts.set('log of the next', daemon.log);
    texts.set('answers of the next', daemon.answers.join('\n'));

    expect(holders(texts, control)).toEqual(
      expect.arrayContaining(['answers', 'answers of the next', `hosts/${host.id}/out.ndjson`]),
    );
    expect(holders(texts, control).some((name) => name.startsWith('turnkeep.db'))).toBe(true);
    for (const secret of secrets) expect([secret, holders(texts, secret)]).toEqual([secret, []]);
  },
);
