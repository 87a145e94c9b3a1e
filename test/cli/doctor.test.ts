import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { agentFinding } from '../../src/cli/doctor/daemon.ts';
import type { Finding } from '../../src/cli/doctor/finding.ts';
import { checkClock, checkNode, checkTools } from '../../src/cli/doctor/machine.ts';
import { checkSocketPath, fileSystemFinding, spaceFinding } from '../../src/cli/doctor/state.ts';
import { leftOf, until } from '../app/processes.ts';
import { compiled } from '../compile-cache.ts';

const script = path.join(import.meta.dirname, '../../src/cli/main.ts');

let home = '';
let state = '';
beforeAll(async () => {
  home = await realpath(await mkdtemp(path.join(tmpdir(), 'turnkeep-doctor-')));
});
let count = 0;
beforeEach(() => {
  count += 1;
  state = path.join(home, `state-${count}`);
});
afterAll(() => rm(home, { recursive: true, force: true }));

interface Ended {
  code: number | null;
  out: string;
  err: string;
}

async function turnkeep(...words: string[]): Promise<Ended> {
  const child = spawn(process.execPath, [script, ...words], {
    cwd: home,
    // No agent of this machine is found.
    env: { PATH: '/usr/bin:/bin', HOME: home, TURNKEEP_STATE: state, ...compiled() },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out, err };
}

async function doctor(): Promise<{ code: number | null; of: Map<string, Finding> }> {
  const { code, out, err } = await turnkeep('doctor', '--json');
  expect(err).toBe('');
  const { ok, findings } = JSON.parse(out) as { ok: boolean; findings: Finding[] };
  expect(ok).toBe(findings.every((finding) => finding.state !== 'fail'));
  expect(code).toBe(ok ? 0 : 1);
  return { code, of: new Map(findings.map((finding) => [finding.check, finding])) };
}

const states = (of: Map<string, Finding>): Record<string, string> =>
  Object.fromEntries([...of].map(([check, finding]) => [check, finding.state]));

describe('the doctor', { timeout: 60_000 }, () => {
  test('S1: a state directory that cannot be made is found before the first start', async () => {
    const file = path.join(home, 'a-file');
    await writeFile(file, '');
    state = path.join(file, 'state');
    const { of, code } = await doctor();
    expect(of.get('state')).toMatchObject({
      state: 'fail',
      message: expect.stringContaining(state),
    });
    expect(code).not.toBe(0);
  });

  test('before the first start finds nothing wrong, makes nothing, and says what is next', async () => {
    const { of } = await doctor();
    expect(states(of)).toEqual({
      node: 'ok',
      tools: 'ok',
      state: 'ok',
      clock: 'ok',
      daemon: 'warn',
      'agent scripted': 'ok',
      'agent claude': 'warn',
      'agent codex': 'warn',
      'agent gemini': 'warn',
      'agent opencode': 'warn',
      'agent pi': 'warn',
    });
    expect(of.get('daemon')?.todo).toContain('turnkeep up');
    expect(of.get('agent claude')?.todo).toBe('npm install -g @anthropic-ai/claude-code');
    expect(await readdir(home)).not.toContain(path.basename(state));
  });

  test('tries each agent that is here with a prompt, says why one does not answer, and leaves nothing of it', async () => {
    await mkdir(state, { mode: 0o700 });
    // It answers everything but prompts.
    const dumb = `
      const { createInterface } = require('node:readline');
      createInterface({ input: process.stdin }).on('line', (line) => {
        const { id, method } = JSON.parse(line);
        const answer = { result: { protocolVersion: 1, agentCapabilities: {}, sessionId: 's' } };
        const refusal = { error: { code: -32000, message: 'Log in first.' } };
        if (id === undefined) return;
        const told = method === 'session/prompt' ? refusal : answer;
        console.log(JSON.stringify({ jsonrpc: '2.0', id, ...told }));
      });`;
    const agents = [{ name: 'dumb', command: process.execPath, args: ['-e', dumb] }];
    await writeFile(path.join(state, 'agents.json'), JSON.stringify({ agents }), { mode: 0o600 });
    expect((await turnkeep('up', '--detach')).code).toBe(0);
    const { code, of } = await doctor();
    expect(of.get('try scripted')?.message).toMatch(/^Scripted agent answered after \d+\.\d s$/);
    expect(of.get('try dumb')).toEqual({
      check: 'try dumb',
      state: 'warn',
      message: 'dumb does not answer (auth): Log in first.',
      todo: expect.stringContaining('Log in with its own program'),
    });
    // Only the agent of sessions that name none has to work.
    expect(code).toBe(0);
    expect((await turnkeep('list', '--json')).out).not.toContain('Trial of');
    const quick = (await turnkeep('doctor', '--quick')).out;
    expect(quick).not.toContain('try ');
    expect((await turnkeep('stop')).code).toBe(0);
  });

  test('an agent of the operator that is not there or does not start is told like any other, and not tried', async () => {
    await mkdir(state, { mode: 0o700 });
    const ends = 'console.error("no such model"); process.exit(3);';
    const agents = [
      { name: 'ends', title: 'Ending', command: process.execPath, args: ['-e', ends] },
      { name: 'gone', command: 'not-there', install: 'npm install -g not-there' },
      { name: 'mute', command: process.execPath, args: ['-e', 'console.log("hello")'] },
    ];
    const file = path.join(state, 'agents.json');
    await writeFile(file, JSON.stringify({ agents }), { mode: 0o600 });
    const expected = {
      'agent ends': { state: 'warn', message: expect.stringMatching(/^Ending: .*no such model/) },
      'agent gone': {
        state: 'warn',
        message: 'gone is not installed.',
        todo: 'npm install -g not-there',
      },
      'agent mute': { state: 'warn', message: 'mute: It ended with status 0, without an answer.' },
    };
    const without = (await doctor()).of;
    for (const [check, found] of Object.entries(expected)) {
      expect(without.get(check)).toMatchObject(found);
    }
    // The agent of sessions that name none has to work.
    expect((await turnkeep('up', '--detach', '--agent', 'ends')).code).toBe(0);
    const { code, of } = await doctor();
    expect(of.get('agent ends')).toMatchObject({ ...expected['agent ends'], state: 'fail' });
    expect(of.get('agent gone')).toEqual(without.get('agent gone'));
    expect(of.get('agent mute')).toEqual(without.get('agent mute'));
    expect([...of.keys()].filter((check) => check.startsWith('try '))).toEqual(['try scripted']);
    expect(code).toBe(1);

    const { out } = await turnkeep('agents');
    const rows = out.split('\n').map((line) => line.trim().split(/\s{2,}/));
    expect(rows).toContainEqual(['*', 'ends', 'Ending', 'failing']);
    expect(rows).toContainEqual(['gone', 'gone', 'missing']);
    expect(out).toContain('gone: gone is not installed: npm install -g not-there');
    expect(out).toMatch(/^ +ends: .*no such model/m);
    const run = await turnkeep('run', '--agent', 'ends', 'hello');
    expect(run.code).not.toBe(0);
    expect(run.out + run.err).toContain('no such model');
    expect((await turnkeep('stop')).code).toBe(0);
  });

  test('a file of agents that is wrong is named, with what is wrong in it', async () => {
    await mkdir(state, { mode: 0o700 });
    const file = path.join(state, 'agents.json');
    const agents = [{ name: 'claude', command: 'mine' }];
    await writeFile(file, JSON.stringify({ agents }), { mode: 0o600 });
    const { code, of } = await doctor();
    expect(code).toBe(1);
    expect(of.get('agents')?.message).toContain(`${file}: claude is an agent already`);
  });

  test('H4: says when nobody is notified because the file of the hooks is wrong', async () => {
    await mkdir(state, { mode: 0o700 });
    const hooks = { notify: [{ name: 'desk', events: ['run'], command: ['tell-me'] }] };
    await writeFile(path.join(state, 'hooks.json'), JSON.stringify(hooks), { mode: 0o600 });
    expect((await turnkeep('up', '--detach')).code).toBe(0);
    const { of } = await doctor();
    expect(of.get('hooks')).toMatchObject({ state: 'warn' });
    expect(of.get('hooks')?.message).toContain('notify[0].command: begins with the absolute path');
    const { out, err } = await turnkeep('hooks');
    expect(out).toBe('');
    expect(err).toContain('Nobody is notified: ');
    expect((await turnkeep('stop')).code).toBe(0);
  });

  test('R8 L9: looks at a daemon, at what it leaves working, and at a damaged database', async () => {
    expect((await turnkeep('up', '--detach')).code).toBe(0);
    const run = await turnkeep('run', '--detach-after', '[[say x]] [[hang]]');
    expect(run.code).toBe(0);
    await expect
      .poll(async () => (await turnkeep('show', 'last')).out, { timeout: 20_000 })
      .toContain('> ');
    const [host] = await readdir(path.join(state, 'hosts'));
    const running = await doctor();
    expect(Object.values(states(running.of)).filter((one) => one === 'fail')).toEqual([]);
    expect(running.of.get('daemon')).toMatchObject({ state: 'ok' });
    expect(running.of.get('database')?.message).toBe('sound, with every digest');
    expect(running.of.get('hosts')?.message).toBe('1 host alive');

    const lines = (await turnkeep('doctor', '--quick')).out.split('\n');
    expect(lines[0]).toMatch(/^✓ node {13}\d/);
    expect(lines.some((line) => line.includes('database'))).toBe(false);

    expect((await turnkeep('stop', '--detach')).code).toBe(0);
    const left = await doctor();
    expect(left.of.get('daemon')).toMatchObject({ state: 'warn', message: 'none runs.' });
    expect(left.of.get('hosts')).toMatchObject({ state: 'warn' });
    expect(left.of.get('hosts')?.message).toContain('1 host of an earlier daemon');
    expect(left.of.get('database')).toMatchObject({ state: 'ok' });

    expect((await turnkeep('up', '--detach')).code).toBe(0);
    expect((await turnkeep('stop')).code).toBe(0);
    await until(
      'the host is gone',
      async () => (await leftOf(new Map([[host!, null]]))).length === 0,
    );
    expect((await doctor()).of.get('hosts')).toMatchObject({ state: 'ok' });

    const database = new DatabaseSync(path.join(state, 'turnkeep.db'));
    // The database itself lets nobody do that.
    const guards = database
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'entries'")
      .all() as { name: string }[];
    for (const { name } of guards) database.exec(`DROP TRIGGER "${name}"`);
    database.exec("UPDATE entries SET data = x'7b7d' WHERE seq = 1");
    database.close();
    const damaged = await doctor();
    expect(damaged.of.get('database')).toMatchObject({ state: 'fail' });
    expect(damaged.of.get('database')?.message).toContain('the digest of entry');
  });

  test('S1: a state directory or token that others can read fails', async () => {
    await mkdir(state, { mode: 0o700 });
    await writeFile(path.join(state, 'token'), 'x\n', { mode: 0o644 });
    const readable = await doctor();
    expect(readable.of.get('token')).toMatchObject({ state: 'fail' });
    expect(readable.of.get('token')?.todo).toContain('chmod 600');
    await chmod(state, 0o755);
    expect((await doctor()).of.get('state')).toMatchObject({ state: 'fail' });
  });

  test('a daemon that is alive and does not answer fails, one that is gone does not', async () => {
    await mkdir(state, { mode: 0o700 });
    const record = { url: 'http://127.0.0.1:1', pid: process.pid, startedAt: '', version: '' };
    await writeFile(path.join(state, 'daemon.json'), JSON.stringify(record));
    await writeFile(path.join(state, 'token'), 'x\n', { mode: 0o600 });
    expect((await doctor()).of.get('daemon')).toMatchObject({ state: 'fail' });
    const child = spawn('/bin/true');
    await once(child, 'exit');
    await writeFile(path.join(state, 'daemon.json'), JSON.stringify({ ...record, pid: child.pid }));
    const gone = (await doctor()).of.get('daemon');
    expect(gone).toMatchObject({ state: 'warn' });
    expect(gone?.message).toContain('did not end in order');
    expect(JSON.parse(await readFile(path.join(state, 'daemon.json'), 'utf8'))).toMatchObject({
      pid: child.pid,
    });
  });
});

describe('a finding about', () => {
  test('Node, the clock and tools', async () => {
    expect(checkNode('22.1.0').state).toBe('fail');
    expect(checkNode('24.0.0').state).toBe('ok');
    expect(checkClock(0, null).state).toBe('fail');
    const now = Date.UTC(2026, 5, 1);
    expect(checkClock(now, now + 3_600_000).state).toBe('warn');
    expect(checkClock(now, now - 1).state).toBe('ok');
    expect(await checkTools({ PATH: '' })).toMatchObject({ state: 'ok' });
  });

  test('S5: space goes by the limits of the daemon', () => {
    const gibibyte = 1024 ** 3;
    expect(spaceFinding(100 * 1024 * 1024)).toMatchObject({
      state: 'fail',
      message: '100 MiB free: agents are paused.',
    });
    expect(spaceFinding(gibibyte - 1).message).toContain('no prompt is taken');
    expect(spaceFinding(2 * gibibyte).state).toBe('warn');
    expect(spaceFinding(40 * gibibyte)).toMatchObject({ state: 'ok', message: '40 GiB free' });
  });

  test('file systems of other machines and long paths', () => {
    expect(fileSystemFinding(0xef53).state).toBe('ok');
    expect(fileSystemFinding(0x6969).message).toContain('NFS');
    expect(fileSystemFinding(-11_317_950).message).toContain('CIFS');
    expect(checkSocketPath(`/${'a'.repeat(88)}`).state).toBe('ok');
    expect(checkSocketPath(`/${'a'.repeat(89)}`).state).toBe('fail');
  });

  test('an agent fails only where it is the usual one', () => {
    const problem = { kind: 'ended', message: 'It ended.' } as const;
    const found = {
      state: 'failing',
      path: '/a',
      version: '1.0.0',
      models: null,
      modes: null,
      efforts: null,
      problem,
      at: '',
      ageMs: 0,
    } as const;
    const agent = { name: 'a', title: 'A', install: 'get it', found };
    expect(agentFinding(agent, 'a')).toMatchObject({
      state: 'fail',
      message: 'A 1.0.0: It ended.',
    });
    expect(agentFinding(agent, 'b').state).toBe('warn');
  });
});
