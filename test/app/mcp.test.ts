import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startDaemon } from '../../src/app/daemon.ts';
import type { Client } from '../../src/client/index.ts';
import { nodeClient } from '../../src/client/node/index.ts';
import type { Rule } from '../../src/domain/policy.ts';
import { McpClient } from '../mcp/client.ts';
import { runInside, saidBy, shell, turnkeep } from './insider.ts';
import { Talk } from './talk.ts';
import { compiled } from '../compile-cache.ts';

// What works inside a session asks its person: by `turnkeep mcp` and `turnkeep ask`, over kills of the daemon.
const cli = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

let root: string;
let state: string;
let client: Client;
let daemon: ChildProcess;
const servers: McpClient[] = [];
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'turnkeep-mcp-')));
  state = join(root, 'state');
  await start();
  client = await nodeClient({ state, env: {} });
});
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
  client.close();
  await kill();
  // Its hosts end with another one.
  if ((await readdir(join(state, 'hosts')).catch(() => [])).length > 0) {
    await (await startDaemon({ state, log: () => undefined })).shutdown('stop');
  }
  await rm(root, { recursive: true, force: true });
});

async function start(): Promise<void> {
  const words = [cli, 'up', '--state', state, '--port', '0', '--json'];
  daemon = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'ignore'] });
  await once(createInterface(daemon.stdout!), 'line');
}

async function kill(): Promise<void> {
  if (daemon.exitCode !== null || daemon.signalCode !== null) return;
  const ended = once(daemon, 'exit');
  daemon.kill('SIGKILL');
  await ended;
}

async function session(rules: Rule[] = []): Promise<Talk> {
  const cwd = await mkdtemp(join(root, 'work-'));
  await mkdir(cwd, { recursive: true });
  const made = await client.sessions.create({ cwd, policy: { rules } });
  return new Talk({ client, state, session: made.session.id, cwd });
}

/** A server with what a host's processes are given, and a run that goes on. */
async function served(talk: Talk): Promise<McpClient> {
  await talk.send('[[hang]]');
  const { data } = await talk.next('host', (entry) => entry.data.state === 'opened');
  const env = {
    ...compiled(),
    PATH: process.env['PATH'],
    TURNKEEP_SOCKET: join(state, 'turnkeep.sock'),
    TURNKEEP_SESSION: talk.session,
    TURNKEEP_TOKEN_FILE: join(state, 'hosts', data.host, 'token'),
  };
  const server = new McpClient([process.execPath, cli, 'mcp'], env, talk.cwd);
  servers.push(server);
  const { result } = await server.request('initialize', {
    protocolVersion: '2025-06-18',
    capabilities: {},
    clientInfo: { name: 'test', version: '1' },
  });
  expect(result).toMatchObject({ serverInfo: { name: 'turnkeep' } });
  return server;
}

const bash = (command: string, use = 'toolu_1') => ({
  tool_name: 'Bash',
  input: { command, description: 'As told' },
  tool_use_id: use,
});

async function decided(
  talk: Talk,
  title: string,
  decision: { verdict: 'allow' | 'deny'; message?: string; input?: object },
): Promise<void> {
  const { id } = await talk.next('approval', ({ data }) => data.title === title);
  await client.approvals.decide({ session: talk.session, approval: id, ...decision });
}

describe('tools of a session', { timeout: 120_000 }, () => {
  test('A1 S1: approve asks the person, and answers as Claude Code wants it: as it was, edited, or denied with a message', async () => {
    const talk = await session();
    const server = await served(talk);
    const asked = server.call('approve', bash('git push'));
    const { data } = await talk.next('approval');
    expect(data).toMatchObject({
      outside: true,
      title: 'git push',
      toolCall: { name: 'Bash', input: { command: 'git push' } },
      wants: { tool: 'Bash', kind: 'execute', command: 'git push', cwd: null },
      ruling: { effect: 'ask' },
    });
    await decided(talk, 'git push', { verdict: 'allow' });
    expect(JSON.parse(await asked)).toEqual({
      behavior: 'allow',
      updatedInput: bash('git push').input,
    });
    // The same use again is the same question, which is answered.
    expect(JSON.parse(await server.call('approve', bash('git push')))).toMatchObject({
      behavior: 'allow',
    });
    expect(talk.of('approval')).toHaveLength(1);

    const edited = server.call('approve', bash('git pull', 'toolu_2'));
    await decided(talk, 'git pull', { verdict: 'allow', input: { command: 'git fetch' } });
    expect(JSON.parse(await edited)).toEqual({
      behavior: 'allow',
      updatedInput: { command: 'git fetch' },
    });
    const no = server.call('approve', bash('git gc', 'toolu_3'));
    await decided(talk, 'git gc', { verdict: 'deny', message: 'not now' });
    expect(JSON.parse(await no)).toEqual({ behavior: 'deny', message: 'not now' });
  });

  test('A4: what the policy decides is answered at once, and a large input is asked about', async () => {
    const talk = await session([
      { effect: 'allow', command: 'git status' },
      { effect: 'deny', command: 'rm **' },
    ]);
    const server = await served(talk);
    const allowed = await server.call('approve', bash('git status'));
    expect(JSON.parse(allowed)).toMatchObject({ behavior: 'allow' });
    const denied = await server.call('approve', bash('rm -r /', 'toolu_2'));
    expect(JSON.parse(denied)).toMatchObject({ behavior: 'deny' });
    expect(denied).toContain('Denied by policy');
    const content = 'x'.repeat(200_000);
    const input = { file_path: join(talk.cwd, 'a'), content };
    const large = server.call('approve', { tool_name: 'Write', input, tool_use_id: 'toolu_3' });
    const { data, id } = await talk.next('approval', ({ data: { title } }) => /Write/.test(title));
    expect(JSON.stringify(data.toolCall?.input).length).toBeLessThan(2000);
    await talk.decide(id, 'allow');
    expect(JSON.parse(await large)).toEqual({ behavior: 'allow', updatedInput: input });
  });

  test('A2 R7: a question outlives the daemon, and is answered by the next one; who wants to is told that it waits', async () => {
    const talk = await session();
    const server = await served(talk);
    const meta = { progressToken: 'tk' };
    const asked = server.call('approve', bash('git push'), meta);
    const { id } = await talk.next('approval');
    const told = await server.next(({ method }) => method === 'notifications/progress');
    expect(told.params).toMatchObject({ progressToken: 'tk', message: 'Waiting for a decision.' });
    await kill();
    await start();
    await talk.decide(id, 'allow');
    expect(JSON.parse(await asked)).toMatchObject({ behavior: 'allow' });
    expect(talk.of('approval')).toHaveLength(1);
  });

  test('A3: the end of the run answers what is open, and without a run nothing is allowed', async () => {
    const talk = await session();
    const server = await served(talk);
    const approve = server.call('approve', bash('git push'));
    const ask = server.request('tools/call', { name: 'ask', arguments: { question: 'Which?' } });
    await talk.next('approval');
    await talk.next('question');
    await talk.abort();
    expect(JSON.parse(await approve)).toMatchObject({ behavior: 'deny' });
    expect((await ask).result).toMatchObject({ isError: true });
    await talk.end();
    const late = JSON.parse(await server.call('approve', bash('git gc', 'toolu_2'))) as {
      message: string;
    };
    expect(late).toMatchObject({ behavior: 'deny' });
    expect(late.message).toContain('Nobody could be asked');
  });

  test('A1: ask gives the answer as text, of choices and of free text, and says that there is none', async () => {
    const talk = await session();
    const server = await served(talk);
    const chosen = server.call('ask', { question: 'Which?', choices: ['left', 'right'] });
    const { id, data } = await talk.next('question');
    expect(data).toMatchObject({ message: 'Which?', outside: true });
    const answer = { answer: 'right' };
    await client.approvals.decide({ session: talk.session, approval: id, answer });
    expect(await chosen).toBe('right');
    const free = server.call('ask', { question: 'Why?' }, { 'claudecode/toolUseId': 'toolu_9' });
    const why = await talk.next('question', (entry) => entry.data.message === 'Why?');
    await client.approvals.decide({ session: talk.session, approval: why.id, answer: 'Because' });
    expect(await free).toBe('Because');
    const none = server.call('ask', { question: 'Really?' });
    const really = await talk.next('question', (entry) => entry.data.message === 'Really?');
    await talk.decide(really.id, 'deny');
    expect(await none).toContain('was declined');
  });

  test('S1: outside of a session it is refused, and the end of its input ends it', async () => {
    const talk = await session();
    const alone = new McpClient([process.execPath, cli, 'mcp'], { PATH: '/bin' }, root);
    expect(await alone.close()).toBe(19);
    const env = { PATH: '/bin', TURNKEEP_STATE: state };
    const nowhere = new McpClient([process.execPath, cli, 'mcp'], env, root);
    expect(await nowhere.close()).toBe(2);
    expect(nowhere.err).toContain('not inside a session');
    const server = await served(talk);
    const open = server.send('tools/call', { name: 'approve', arguments: bash('git push') });
    await talk.next('approval');
    expect(await server.close()).toBe(0);
    expect(server.told.filter(({ id }) => id === open)).toEqual([]);
    servers.pop();
  });
});

describe('turnkeep ask', { timeout: 120_000 }, () => {
  test('S1: the example of docs/inside.md works as it stands', async () => {
    const doc = await readFile(
      fileURLToPath(new URL('../../docs/inside.md', import.meta.url)),
      'utf8',
    );
    const [, example = ''] = /## Asking the person[^]*?```sh\n([^]*?)```/.exec(doc) ?? [];
    const talk = await session();
    await writeFile(join(talk.cwd, 'turnkeep'), `#!/bin/sh\nexec ${turnkeep} "$@"\n`, {
      mode: 0o755,
    });
    await writeFile(join(talk.cwd, 'example.sh'), example);
    const work = shell('PATH="$PWD:$PATH" sh -eu example.sh');
    await talk.send(work.prompt);
    const { id } = await talk.next('approval');
    await talk.decide(id, 'allow');
    const which = await talk.next('question');
    const answer = { answer: 'blue' };
    await client.approvals.decide({ session: talk.session, approval: which.id, answer });
    await talk.end(1, 60_000);
    const said = await saidBy(talk.cwd, work.names[0]!);
    expect(said).toEqual({ code: 0, out: 'allowed\ndeploying\nblue\n', err: '' });
  });

  test('A4 S1: a script inside a session learns from the exit code what the policy or its person says', async () => {
    const talk = await session([{ effect: 'allow', command: 'git status' }]);
    const [allowed, open, refused] = await runInside(
      talk,
      `${turnkeep} ask 'May I?' --command 'git status'`,
      `${turnkeep} ask 'May I push?' --command 'git push' --wait 0 --id push`,
      `${turnkeep} ask 'May I?' --command a --read b`,
    );
    expect([allowed!.code, allowed!.out]).toEqual([0, 'allowed\n']);
    expect([open!.code, open!.out]).toEqual([3, '']);
    expect(open!.err).toContain('--id push');
    expect(refused!.code).toBe(2);
  });

  test('A2 R7: it waits over a kill of the daemon, for the same question', async () => {
    const talk = await session();
    const work = shell(
      `${turnkeep} ask 'May I push?' --command 'git push'`,
      `${turnkeep} ask 'Which?' --choice left --choice right`,
      `${turnkeep} ask 'Really?' --json`,
    );
    await talk.send(work.prompt);
    const { id } = await talk.next('approval');
    await kill();
    await start();
    await talk.decide(id, 'allow');
    const which = await talk.next('question', undefined, 30_000);
    const answer = { answer: 'left' };
    await client.approvals.decide({ session: talk.session, approval: which.id, answer });
    const really = await talk.next('approval', ({ data }) => data.title === 'Really?', 30_000);
    const denial = { verdict: 'deny', message: 'no' } as const;
    await client.approvals.decide({ session: talk.session, approval: really.id, ...denial });
    expect((await talk.end(1, 60_000)).data.outcome).toBe('completed');
    const said = await Promise.all(work.names.map((name) => saidBy(talk.cwd, name)));
    expect(said.map(({ code }) => code)).toEqual([0, 0, 1]);
    expect(said.slice(0, 2).map(({ out }) => out)).toEqual(['allowed\n', 'left\n']);
    expect(JSON.parse(said[2]!.out)).toMatchObject({
      session: talk.session,
      decision: { outcome: 'denied', message: 'no' },
    });
    expect(talk.of('approval')).toHaveLength(2);
  });
});
