import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import {
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  writeFile,
} from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { hookProgram } from '../hooks/programs.ts';
import { DaemonProcess } from './environment-process.ts';
import { until } from './processes.ts';

const timeout = 120_000;
let root: string;
let state: string;
let cwd: string;
let canary: string;

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'turnkeep-hooked-')));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  [state, cwd] = [join(root, 'state'), join(root, 'work')];
  canary = `canary-${randomUUID()}`;
  await mkdir(state, { mode: 0o700 });
  await mkdir(cwd);
  await writeFile(join(cwd, 'secret.txt'), `${canary}\n`);
});

const rule = (how: string, more: object = {}) => ({
  directory: cwd,
  command: hookProgram('hook.mjs', how, canary),
  deadlineMs: 20_000,
  ...more,
});
const configure = (hooks: object): Promise<void> =>
  writeFile(join(state, 'hooks.json'), JSON.stringify(hooks), { mode: 0o600 });

async function start(): Promise<DaemonProcess> {
  const environment = { PATH: process.env['PATH'] ?? '', HOME: root };
  const daemon = await DaemonProcess.start(state, environment);
  onTestFinished(() => daemon.stop().catch(() => undefined));
  return daemon;
}

/** Files of the state directory in which the canary is; what an agent keeps for itself is its own affair. */
async function holders(): Promise<string[]> {
  const found: string[] = [];
  for (const name of await readdir(state, { recursive: true })) {
    const path = join(state, name);
    if (name.startsWith('agents/') || !(await lstat(path)).isFile()) continue;
    // What the operator wrote names it, in these tests.
    if (name !== 'hooks.json' && (await readFile(path)).includes(canary)) found.push(name);
  }
  return found;
}

interface Run {
  session: string;
  run: string;
}

async function begin(daemon: DaemonProcess, prompt: string): Promise<Run> {
  const { session, prompt: sent } = await daemon.call('sessions.create', { cwd, prompt });
  return { session: session.id, run: sent.run };
}

async function entriesOf(daemon: DaemonProcess, session: string): Promise<readonly Entry[]> {
  return (await daemon.call('sessions.history', { session, limit: 500 })).entries;
}
interface Entry {
  id: string;
  kind: string;
  about?: string;
  data: { status?: string; code?: string; outcome?: string };
}

const ended = async (daemon: DaemonProcess, { session, run }: Run): Promise<boolean> =>
  (await daemon.call('runs.get', { session, run })).run.outcome !== null;

test(
  'H1 H2: a canary that the hook takes out is only in the directory of the host, and then nowhere',
  { timeout },
  async () => {
    await configure({ beforeCommit: [rule('redact')] });
    const daemon = await start();
    const script = `say ${canary} [[say ${canary}]] [[think ${canary}]] [[run cat secret.txt]] [[read secret.txt]] [[write big.txt|${canary}]]`;
    const run = await begin(daemon, `${script} ${'x'.repeat(70_000)} ${canary} [[sleep 400]]`);
    await until('the run ends', () => ended(daemon, run), 60_000);
    const entries = await entriesOf(daemon, run.session);
    const codes = entries.flatMap(({ kind, data }) => (kind === 'notice' ? [data.code] : []));
    expect(codes).toContain('redacted');
    expect(entries.filter(({ kind }) => kind === 'snapshot')).toEqual([]);
    const { host } = await daemon.call('sessions.get', { session: run.session });
    const during = await holders();
    expect(during.length).toBeGreaterThan(0);
    expect(during.filter((name) => !name.startsWith(`hosts/${host.id}/`))).toEqual([]);
    expect(await daemon.call('runs.raw', run)).toMatchObject({ lines: [], source: 'withheld' });
    expect(
      await daemon.call('sessions.append', { session: run.session, entries: [{ raw: canary }] }),
    ).toMatchObject({ entries: [{ duplicate: false }] });
    await daemon.stop();
    expect(await holders()).toEqual([]);
    expect(daemon.log).not.toContain(canary);
    expect(daemon.answers.join('\n')).not.toContain(canary);
    expect(await readdir(join(state, 'archive'))).toEqual([]);
    const again = await start();
    expect(await again.call('runs.raw', run)).toMatchObject({ lines: [], source: 'withheld' });
    expect(await again.call('server.check')).toMatchObject({ faults: [] });
    await again.stop();
  },
);

test.each([
  ['is killed with its first entries', 'exit', 'the hook does not run'],
  ['talks nonsense', 'garble', 'the answer of the hook makes no sense'],
  ['hangs', 'hang', 'the hook did not answer in time'],
])(
  'H1: a hook that %s withholds what it is asked about, and the run ends as ever',
  { timeout },
  async (_, how, reason) => {
    await configure({ beforeCommit: [rule(how, { deadlineMs: 300 })] });
    const daemon = await start();
    const run = await begin(daemon, `[[say ${canary}]] [[run cat secret.txt]]`);
    await until('the run ends', () => ended(daemon, run), 60_000);
    expect(JSON.stringify(await entriesOf(daemon, run.session))).not.toContain(canary);
    expect(await daemon.call('runs.get', run)).toMatchObject({ run: { outcome: 'completed' } });
    const { beforeCommit } = await daemon.call('hooks.list');
    expect(beforeCommit).toMatchObject([{ directory: cwd, kept: 0, redacted: 0 }]);
    expect(beforeCommit[0].failed).toBe(beforeCommit[0].withheld);
    expect(daemon.log).toContain(reason);
    await daemon.stop();
    expect(await holders()).toEqual([]);
  },
);

test(
  'H1 H3 R7: over a kill of the daemon nothing passes unseen, and what has happened is told at least once',
  { timeout },
  async () => {
    const told: { id: string; event: string }[] = [];
    let call = Promise.withResolvers<void>();
    const server = createServer((request, response) => {
      let text = '';
      request.on('data', (chunk) => (text += String(chunk)));
      request.on('end', () => {
        told.push(JSON.parse(text) as { id: string; event: string });
        response.writeHead(204).end();
        call.resolve();
        call = Promise.withResolvers<void>();
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    });
    await writeFile(join(state, 'secret'), 'a secret of some length', { mode: 0o600 });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/x`;
    const notify = [{ name: 'web', events: ['session', 'run'], url, secretFile: 'secret' }];
    await configure({ notify, beforeCommit: [rule('redact')] });
    const daemon = await start();
    const run = await begin(daemon, '[[run cat secret.txt]] [[sleep 1500]] [[run cat secret.txt]]');
    const done = async (): Promise<boolean> =>
      (await entriesOf(daemon, run.session)).some(
        ({ kind, data }) => kind === 'tool_call' && data.status === 'completed',
      );
    await until('the first call has ended', done, 30_000);
    process.kill(daemon.pid, 'SIGKILL');
    const again = await start();
    await until('the run ends', () => ended(again, run), 60_000);
    while (!told.some(({ event }) => event === 'run.ended')) await call.promise;
    expect([...new Set(told.map(({ event }) => event))]).toEqual(['session.created', 'run.ended']);
    expect(JSON.stringify(told)).not.toContain('secret');
    const entries = await entriesOf(again, run.session);
    expect(JSON.stringify(entries)).not.toContain(canary);
    const completed = entries.filter(
      ({ kind, data }) => kind === 'tool_call' && data.status === 'completed',
    );
    expect(new Set(completed.map(({ about }) => about)).size).toBe(2);
    expect(completed).toHaveLength(2);
    expect(await again.call('hooks.test', { name: 'web' })).toEqual({
      delivered: true,
      message: null,
    });
    const { notify: views, changed } = await again.call('hooks.list');
    expect(views).toMatchObject([{ name: 'web', target: new URL(url).origin, givenUp: 0 }]);
    expect(changed).toBe(false);
    await configure({ notify });
    expect(await again.call('hooks.list')).toMatchObject({ changed: true });
    await again.stop();
    expect(await holders()).toEqual([]);
  },
);

test(
  'H4: with a file that does not say clearly what is withheld nothing starts',
  { timeout },
  async () => {
    await configure({ beforeCommit: [{ directory: cwd, command: ['redact'], deadlineMs: 100 }] });
    await expect(start()).rejects.toThrow('hooks.json: beforeCommit[0].command');
    await configure({ notify: [{ name: 'web' }], beforeCommit: [] });
    const daemon = await start();
    const { hooks } = await daemon.call('server.info');
    expect(hooks).toMatchObject({ notify: 0, beforeCommit: 0 });
    expect(hooks.problem).toContain('notify[0]');
    expect(daemon.log).toContain('hooks.off');
    await daemon.stop();
  },
);
